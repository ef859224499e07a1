import type { Configuration, NodeId } from "@meridian/consensus";
import { type Encodable, type IMeetResponse, MeetOutcome } from "@meridian/wire";
import { configurationCodec } from "./configuration-codec.ts";
import { forkOf } from "./fork.ts";

/** Why a life of a member ends and another begins on the same data. */
export type Succession =
  /** An operator put the member's voter group in force: the same log goes on. */
  | {
      readonly kind: "refounded";
      readonly incarnation: number;
      readonly configuration: Configuration;
    }
  /** The member's incarnation was abandoned: what it holds is retired, and it begins anew. */
  | {
      readonly kind: "abandoned";
      readonly incarnation: number;
      readonly configuration: Configuration;
    };

/** A peer that says so is asked again after this long at the earliest. */
const askMs = 1_000;

/** Learns from peers of a later incarnation what has become of the cluster. */
export class Successor {
  readonly #meet: (to: NodeId) => Promise<IMeetResponse>;
  readonly #nowMs: () => number;
  readonly #found: (succession: Succession) => void;
  #askedAtMs = -Infinity;
  #over = false;

  constructor(options: {
    readonly meet: (to: NodeId) => Promise<IMeetResponse>;
    readonly nowMs: () => number;
    /** Called once. */
    readonly found: (succession: Succession) => void;
  }) {
    this.#meet = options.meet;
    this.#nowMs = options.nowMs;
    this.#found = options.found;
  }

  /** A peer said that there is a later incarnation: asks it which. */
  ask(peer: NodeId): void {
    const nowMs = this.#nowMs();
    if (this.#over || nowMs - this.#askedAtMs < askMs) return;
    this.#askedAtMs = nowMs;
    this.#meet(peer).then(
      (answer) => this.hear(answer),
      // Gone again: whoever refuses this member next is asked.
      () => {},
    );
  }

  /** Takes an answer that may say so. */
  hear({ outcome, incarnation, configuration }: IMeetResponse): void {
    if (this.#over || outcome !== MeetOutcome.SUPERSEDED || configuration.length === 0) return;
    this.#over = true;
    const decoded = configurationCodec.decode(configuration);
    this.#found({ kind: "abandoned", incarnation, configuration: decoded });
  }

  stop(): void {
    this.#over = true;
  }
}

/** What to tell one of an abandoned incarnation. */
export function supersededBy(
  incarnation: number,
  configuration: Configuration,
): Encodable<IMeetResponse> {
  // Before its leader has said where it begins it might not come to anything.
  const isCertain = forkOf(configuration)?.last !== undefined;
  const encoded = isCertain ? configurationCodec.encode(configuration) : new Uint8Array(0);
  return { outcome: MeetOutcome.SUPERSEDED, incarnation, configuration: encoded };
}
