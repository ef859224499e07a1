import type { Message, NodeId } from "@meridian/consensus";
import type { OutgoingSnapshot, PeerFrame, PeerTransport } from "@meridian/transport";
import type { VirtualClock } from "./virtual-clock.ts";

/** What becomes of messages, as chances in [0, 1). May change at any time. */
export interface Flakiness {
  lost: number;
  doubled: number;
  /** Comes later than what was sent after it. */
  late: number;
  /** How much later at most. */
  lateMsMax: number;
}

/** What a message met. */
export type Mishap = "lost" | "doubled" | "late";

/**
 * Loses, doubles and delays messages of the consensus between a member and its peers, each by
 * itself. What else is in their frames comes as sent: it is promised an order.
 */
export class FlakyPeers implements PeerTransport {
  readonly #peers: PeerTransport;
  readonly #flakiness: Readonly<Flakiness>;
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  readonly #noted: (mishap: Mishap) => void;
  #closed = false;

  constructor(
    peers: PeerTransport,
    flakiness: Readonly<Flakiness>,
    options: {
      readonly clock: VirtualClock;
      readonly random: () => number;
      readonly noted: (mishap: Mishap) => void;
    },
  ) {
    this.#peers = peers;
    this.#flakiness = flakiness;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#noted = options.noted;
  }

  send(to: NodeId, frame: PeerFrame): void {
    const { lost, doubled, late } = this.#flakiness;
    if (lost + doubled + late === 0 || frame.messages.length === 0) {
      return this.#peers.send(to, frame);
    }
    const messages = frame.messages.flatMap((message) => this.#meet(to, message));
    const { forwards, forwardAnswers, liveness, livenessAnswer } = frame;
    const others = forwards.length + forwardAnswers.length;
    const silent = liveness === undefined && livenessAnswer === undefined;
    if (messages.length + others === 0 && silent) return;
    this.#peers.send(to, { ...frame, messages });
  }

  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<boolean> {
    return this.#peers.sendSnapshot(to, snapshot);
  }

  meet(to: NodeId, birth: string): ReturnType<PeerTransport["meet"]> {
    return this.#peers.meet(to, birth);
  }

  close(): void {
    this.#closed = true;
    this.#peers.close();
  }

  /** What is sent of a message now. */
  #meet(to: NodeId, message: Message): readonly Message[] {
    const { lost, doubled, late, lateMsMax } = this.#flakiness;
    const dice = this.#random();
    if (dice < lost) {
      this.#noted("lost");
      return [];
    }
    if (dice < lost + doubled) {
      this.#noted("doubled");
      return [message, message];
    }
    if (dice >= lost + doubled + late) return [message];
    this.#noted("late");
    this.#clock.after(1 + Math.floor(this.#random() * lateMsMax), () =>
      this.#sendLate(to, message),
    );
    return [];
  }

  #sendLate(to: NodeId, message: Message): void {
    if (this.#closed) return;
    const nothing = { forwards: [], forwardAnswers: [], liveness: undefined };
    this.#peers.send(to, { messages: [message], ...nothing, livenessAnswer: undefined });
  }
}
