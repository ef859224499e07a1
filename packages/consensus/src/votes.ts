import type { NodeId } from "./entry.ts";
import type { Quorum, VoteResult } from "./quorum.ts";

/** Votes of one campaign: each voter counts once, its first word. */
export class Votes {
  readonly #votes = new Map<NodeId, boolean>();

  record(voter: NodeId, granted: boolean): void {
    if (!this.#votes.has(voter)) this.#votes.set(voter, granted);
  }

  /** Whether the voter has said yes or no. */
  has(voter: NodeId): boolean {
    return this.#votes.has(voter);
  }

  result(quorum: Quorum): VoteResult {
    return quorum.result(this.#votes);
  }
}
