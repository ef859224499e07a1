import type { Message, NodeId } from "@meridian/consensus";
import type { PeerFrame, PeerTransport } from "@meridian/transport";
import { standIn } from "./stand-in.ts";
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

/** What flaky peers are made of. */
export interface FlakyOptions {
  readonly flakiness: Readonly<Flakiness>;
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly noted: (mishap: Mishap) => void;
}

/**
 * Loses, doubles and delays messages of the consensus between a member and its peers, each by
 * itself. What else is in their frames comes as sent: it is promised an order.
 */
export function flakyPeers(peers: PeerTransport, options: FlakyOptions): PeerTransport {
  const sender = new FlakySender(peers, options);
  return standIn(peers, {
    send: (to, frame) => sender.send(to, frame),
    close: () => sender.close(),
  });
}

class FlakySender {
  readonly #peers: PeerTransport;
  readonly #options: FlakyOptions;
  #closed = false;

  constructor(peers: PeerTransport, options: FlakyOptions) {
    this.#peers = peers;
    this.#options = options;
  }

  send(to: NodeId, frame: PeerFrame): void {
    const { lost, doubled, late } = this.#options.flakiness;
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

  close(): void {
    this.#closed = true;
    this.#peers.close();
  }

  /** What is sent of a message now. */
  #meet(to: NodeId, message: Message): readonly Message[] {
    const { flakiness, random, clock, noted } = this.#options;
    const { lost, doubled, late, lateMsMax } = flakiness;
    const dice = random();
    if (dice < lost) {
      noted("lost");
      return [];
    }
    if (dice < lost + doubled) {
      noted("doubled");
      return [message, message];
    }
    if (dice >= lost + doubled + late) return [message];
    noted("late");
    clock.after(1 + Math.floor(random() * lateMsMax), () => this.#sendLate(to, message));
    return [];
  }

  #sendLate(to: NodeId, message: Message): void {
    if (this.#closed) return;
    const nothing = { forwards: [], forwardAnswers: [], liveness: undefined };
    this.#peers.send(to, { messages: [message], ...nothing, livenessAnswer: undefined });
  }
}
