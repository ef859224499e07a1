import type { Entry, SnapshotMark } from "./entry.ts";
import { invariant } from "./invariant.ts";
import type { Log } from "./ready.ts";
import { Unstable } from "./unstable.ts";

/** Entries of one slice, so that empty ones are bounded too. */
const sliceCountMax = 8192;

/**
 * The whole log as the core sees it: what is durable, what is not yet, and how far it is committed.
 */
export class ReplicatedLog {
  readonly #stable: Log;
  readonly #unstable: Unstable;
  /**
   * A snapshot took the place of the log, and that is not durable yet: what `#stable` holds is
   * void.
   */
  #reset: { readonly mark: SnapshotMark; sequence: number | undefined } | undefined;
  #commitIndex: number;

  constructor(stable: Log, commitIndex: number) {
    this.#stable = stable;
    this.#unstable = new Unstable(stable.lastIndex() + 1);
    this.#commitIndex = commitIndex;
    invariant(commitIndex <= stable.lastIndex(), "the log holds everything that is committed");
    invariant(commitIndex >= stable.firstIndex() - 1, "what the log dropped is committed");
  }

  get firstIndex(): number {
    return this.#reset === undefined ? this.#stable.firstIndex() : this.#reset.mark.index + 1;
  }

  get lastIndex(): number {
    return this.#unstable.lastIndex;
  }

  get lastTerm(): number {
    return this.term(this.lastIndex)!;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  /** Everything up to here is durable on this member. */
  get durableIndex(): number {
    return this.#reset === undefined ? this.#unstable.offset - 1 : 0;
  }

  /** What waits for the disk, in bytes, overhead included. */
  get unstableBytes(): number {
    return this.#unstable.bytes;
  }

  /** Whether there is something that no `Persist` has taken along. */
  get hasUnwritten(): boolean {
    return this.#unstable.hasUnwritten || this.#resetUnwritten;
  }

  /** A snapshot waits to be durable; nothing may be applied meanwhile. */
  get resetting(): boolean {
    return this.#reset !== undefined;
  }

  get #resetUnwritten(): boolean {
    return this.#reset !== undefined && this.#reset.sequence === undefined;
  }

  /** Term of an entry, also at `firstIndex - 1`; undefined outside. */
  term(index: number): number | undefined {
    if (index >= this.#unstable.offset) return this.#unstable.term(index);
    if (this.#reset === undefined) return this.#stable.term(index);
    return index === this.#reset.mark.index ? this.#reset.mark.term : undefined;
  }

  /**
   * Entries in `[from, to)`, at least one, up to `bytesMax`; may be fewer where disk and memory
   * meet.
   */
  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    const end = Math.min(to, from + sliceCountMax);
    const offset = this.#unstable.offset;
    return from >= offset
      ? this.#unstable.slice(from, end, bytesMax)
      : this.#stable.entries(from, Math.min(end, offset), bytesMax);
  }

  /** Whether the data of the entries in `[from, to)` is no more than so many bytes. */
  fits(from: number, to: number, bytesMax: number): boolean {
    let room = bytesMax;
    for (let at = from; at < to && room >= 0;) {
      const entries = this.entries(at, to, room);
      for (const entry of entries) room -= entry.data.byteLength;
      at += entries.length;
    }
    return room >= 0;
  }

  /** The newest durable snapshot that the log goes on from. */
  snapshot(): SnapshotMark | undefined {
    if (this.#reset !== undefined) return undefined;
    const mark = this.#stable.snapshot();
    return mark !== undefined && mark.index + 1 >= this.firstIndex ? mark : undefined;
  }

  /** Raft paper, section 5.4.1: by last term, then by last index. */
  isUpToDate(index: number, term: number): boolean {
    const lastTerm = this.lastTerm;
    return term > lastTerm || (term === lastTerm && index >= this.lastIndex);
  }

  /** Appends one entry of the leader itself. */
  push(entry: Entry): void {
    invariant(entry.index === this.lastIndex + 1, "the log has no gaps");
    this.#unstable.push(entry);
  }

  /**
   * Takes over entries of a leader that follow one which matches. What is there already stays, and
   * so does what comes after it: only a real conflict cuts the log. Returns the first index that is
   * new, or undefined.
   */
  merge(entries: readonly Entry[]): number | undefined {
    const from = entries.findIndex((entry) => this.term(entry.index) !== entry.term);
    if (from < 0) return undefined;
    const { index } = entries[from]!;
    invariant(index > this.#commitIndex, "no leader contradicts what is committed");
    if (index <= this.lastIndex) this.#unstable.truncate(index);
    for (let at = from; at < entries.length; at++) this.#unstable.push(entries[at]!);
    return index;
  }

  /** True if the commit index moved. It never goes back. */
  commitTo(index: number): boolean {
    if (index <= this.#commitIndex) return false;
    invariant(index <= this.lastIndex, "what the leader knows to be here has been lost");
    this.#commitIndex = index;
    return true;
  }

  /** Empties the log: it begins after the mark. */
  reset(mark: SnapshotMark): void {
    invariant(mark.index > this.#commitIndex, "a snapshot never takes the log back");
    this.#unstable.reset(mark.index);
    this.#commitIndex = mark.index;
    this.#reset = { mark, sequence: undefined };
  }

  /** What a durable write with this sequence number has to contain. */
  takeUnwritten(sequence: number): {
    readonly reset: SnapshotMark | undefined;
    readonly entries: readonly Entry[];
  } {
    let reset: SnapshotMark | undefined;
    if (this.#reset !== undefined && this.#reset.sequence === undefined) {
      this.#reset.sequence = sequence;
      reset = this.#reset.mark;
    }
    return { reset, entries: this.#unstable.takeUnwritten(sequence) };
  }

  /** The writes up to this sequence number are durable. */
  persisted(sequence: number): void {
    this.#unstable.persisted(sequence);
    const written = this.#reset?.sequence;
    if (written !== undefined && written <= sequence) this.#reset = undefined;
  }

  /**
   * Highest index in `[from, to]` whose term is at most this one; `from - 1` if there is none.
   * Terms never fall along a log, so a few looks are enough. What the fast backing up over
   * conflicts rests on (etcd's `findConflictByTerm`).
   */
  lastIndexWithTermAtMost(term: number, from: number, to: number): number {
    let low = from - 1;
    let high = to;
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      const found = this.term(middle);
      if (found !== undefined && found <= term) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
