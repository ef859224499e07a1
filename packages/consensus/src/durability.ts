import type { HardState, NodeId } from "./entry.ts";
import type { PersistMark } from "./ready.ts";

/** What of term, vote and commit index is on its way to the disk, and what is known to be there. */
export class Durability {
  #written: HardState;
  /** Sequence number of the write that took the newest term and vote along. */
  #writtenIn = 0;
  #lastSequence = 0;
  #durableSequence = 0;
  #durableTerm: number;

  constructor(hardState: HardState) {
    this.#written = hardState;
    this.#durableTerm = hardState.term;
  }

  /** Highest term that survives a crash for sure. */
  get durableTerm(): number {
    return this.#durableTerm;
  }

  /** No write is under way. */
  get idle(): boolean {
    return this.#durableSequence === this.#lastSequence;
  }

  /** Whether term or vote have to be written. */
  changed(term: number, vote: NodeId | undefined): boolean {
    return this.#written.term !== term || this.#written.vote !== vote;
  }

  /** Whether this term and vote survive a crash. */
  settled(term: number, vote: NodeId | undefined): boolean {
    return !this.changed(term, vote) && this.#writtenIn <= this.#durableSequence;
  }

  /** Number of the next write. */
  nextSequence(): number {
    this.#lastSequence += 1;
    return this.#lastSequence;
  }

  /** The state to put into the write of this number; undefined if it has not changed. */
  take(hardState: HardState, sequence: number, noteCommit: boolean): HardState | undefined {
    if (this.changed(hardState.term, hardState.vote)) this.#writtenIn = sequence;
    else if (!noteCommit || hardState.commitIndex === this.#written.commitIndex) return undefined;
    this.#written = hardState;
    return hardState;
  }

  /** A write came back. False if it was not the last word on anything: an old or unknown one. */
  persisted(mark: PersistMark): boolean {
    if (mark.sequence <= this.#durableSequence || mark.sequence > this.#lastSequence) return false;
    this.#durableSequence = mark.sequence;
    this.#durableTerm = Math.max(this.#durableTerm, mark.term);
    return true;
  }
}
