import type { Message, NodeId } from "@meridian/consensus";
import type {
  Forward,
  ForwardAnswer,
  LivenessAnswer,
  LivenessReport,
  PeerFrame,
  PeerTransport,
} from "@meridian/transport";

interface Draft {
  messages: Message[];
  forwards: Forward[];
  forwardAnswers: ForwardAnswer[];
  liveness: LivenessReport | undefined;
  livenessAnswer: LivenessAnswer | undefined;
}

/** Collects what a turn of the loop has to say to each peer, so that it leaves as one frame. */
export class PeerOutbox {
  readonly #drafts = new Map<NodeId, Draft>();

  message(message: Message): void {
    this.#draft(message.to).messages.push(message);
  }

  forward(to: NodeId, forward: Forward): void {
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

  /** Sends everything that was collected. */
  flush(peers: PeerTransport): void {
    for (const [to, draft] of this.#drafts) peers.send(to, draft satisfies PeerFrame);
    this.#drafts.clear();
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
    };
    this.#drafts.set(to, draft);
    return draft;
  }
}
