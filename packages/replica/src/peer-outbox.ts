import type { Message, NodeId, SoftState } from "@meridian/consensus";
import type {
  Forward,
  ForwardAnswer,
  LivenessAnswer,
  LivenessReport,
  PeerFrame,
  PeerMessage,
  PeerTransport,
} from "@meridian/transport";
import type { Relays } from "./relays.ts";

interface Draft {
  messages: PeerMessage[];
  forwards: Forward[];
  forwardAnswers: ForwardAnswer[];
  liveness: LivenessReport | undefined;
  livenessAnswer: LivenessAnswer | undefined;
  isFar: boolean;
}

/**
 * Collects what a turn of the loop has to say to each peer, so that it leaves as one frame. What
 * is for several peers of another region goes to one of them, and what one got for its neighbours
 * goes on to these.
 */
export class PeerOutbox {
  readonly #drafts = new Map<NodeId, Draft>();
  readonly #relays: Relays;
  #isPressing = false;

  constructor(relays: Relays) {
    this.#relays = relays;
  }

  /** Something was collected that a write waits for, and not only news of what is committed. */
  get isPressing(): boolean {
    return this.#isPressing;
  }

  message(message: Message): void {
    if (message.type !== "append" || message.quiet !== true) this.#isPressing = true;
    this.#draft(message.to).messages.push(message);
  }

  forward(to: NodeId, forward: Forward): void {
    this.#isPressing = true;
    this.#draft(to).forwards.push(forward);
  }

  forwardAnswer(to: NodeId, answer: ForwardAnswer): void {
    this.#draft(to).forwardAnswers.push(answer);
  }

  liveness(to: NodeId, report: LivenessReport): void {
    this.#draft(to).liveness = report;
  }

  livenessAnswer(to: NodeId, answer: LivenessAnswer): void {
    this.#draft(to).livenessAnswer = answer;
  }

  /** Messages that came, each to be handled before the next: those that are what they say. */
  *receive(from: NodeId, messages: readonly PeerMessage[]): Generator<Message, undefined> {
    for (const message of messages) {
      if (!this.#relays.isGenuine(from, message)) continue;
      this.#handOn(message);
      this.#relays.hear(message);
      yield message;
    }
    return undefined;
  }

  /** Frames to a peer were lost. Gives it, and the others whose messages were in them. */
  lose(peer: NodeId): readonly NodeId[] {
    return [peer, ...this.#relays.onPeerDown(peer)];
  }

  /** Role, term or leader changed. */
  restart({ term }: SoftState): void {
    this.#relays.restart(term);
  }

  tick(): void {
    this.#relays.tick();
  }

  /** Sends everything that was collected. */
  flush(peers: PeerTransport): void {
    this.#relays.arrange(this.#drafts, (to) => this.#draft(to));
    for (const [to, draft] of this.#drafts) {
      if (!isEmpty(draft)) peers.send(to, draft satisfies PeerFrame);
    }
    this.#drafts.clear();
    this.#isPressing = false;
  }

  #handOn(message: PeerMessage): void {
    if (message.handTo === undefined) return;
    const { handTo: _, ...handed } = message;
    for (const to of this.#relays.neighboursOf(message)) this.message({ ...handed, to });
  }

  #draft(to: NodeId): Draft {
    const known = this.#drafts.get(to);
    if (known !== undefined) return known;
    const draft: Draft = {
      messages: [],
      forwards: [],
      forwardAnswers: [],
      liveness: undefined,
      livenessAnswer: undefined,
      isFar: false,
    };
    this.#drafts.set(to, draft);
    return draft;
  }
}

/** Everything for this peer goes by way of another. */
function isEmpty({ messages, forwards, forwardAnswers, ...rest }: Draft): boolean {
  const items = messages.length + forwards.length + forwardAnswers.length;
  return items === 0 && rest.liveness === undefined && rest.livenessAnswer === undefined;
}
