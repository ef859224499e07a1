import type {
  Configuration,
  Entry,
  HardState,
  Log,
  Persist,
  SnapshotMark,
} from "../../src/index.ts";
import { invariant } from "../../src/invariant.ts";

/** A disk in memory. What `write` was called with is durable; nothing else is. */
export class MemoryDisk implements Log {
  hardState: HardState = { term: 0, vote: undefined, commitIndex: 0 };
  /** The log was lost, and is not known to be whole again. */
  recovering = false;
  /** Put in force by hand, and not known to be in the log for good. */
  forced: { readonly configuration: Configuration; readonly incarnation: number } | undefined;
  #mark: SnapshotMark | undefined;
  /** Index and term of the entry before the first. */
  #base = { index: 0, term: 0 };
  #entries: Entry[] = [];

  firstIndex(): number {
    return this.#base.index + 1;
  }

  lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  term(index: number): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.firstIndex()]?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    invariant(from >= this.firstIndex(), "reads nothing that was compacted");
    invariant(from < to, "reads something");
    invariant(to <= this.lastIndex() + 1, "reads nothing that is not there");
    const found: Entry[] = [];
    let size = 0;
    for (let index = from; index < to; index++) {
      const entry = this.#entries[index - this.firstIndex()]!;
      size += entry.data.byteLength;
      if (found.length > 0 && size > bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  snapshot(): SnapshotMark | undefined {
    return this.#mark;
  }

  write({ hardState, reset, entries }: Pick<Persist, "hardState" | "reset" | "entries">): void {
    if (hardState !== undefined) this.hardState = hardState;
    if (reset !== undefined) {
      this.#mark = reset;
      this.#base = { index: reset.index, term: reset.term };
      this.#entries = [];
    }
    const [first] = entries;
    if (first === undefined) return;
    invariant(first.index >= this.firstIndex(), "writes nothing before the log");
    invariant(first.index <= this.lastIndex() + 1, "leaves no gap");
    this.#entries.length = first.index - this.firstIndex();
    this.#entries.push(...entries);
  }

  /** The disk was rebuilt: of all there was, term and vote are left. */
  loseLog(): void {
    this.hardState = { ...this.hardState, commitIndex: 0 };
    this.recovering = true;
    this.#mark = undefined;
    this.#base = { index: 0, term: 0 };
    this.#entries = [];
  }

  /** Makes a snapshot the newest one, and forgets entries up to `compactTo`. */
  saveSnapshot(mark: SnapshotMark, compactTo: number): void {
    this.#mark = mark;
    this.compact(compactTo);
  }

  /** Forgets entries up to the index. */
  compact(index: number): void {
    if (index <= this.#base.index) return;
    const term = this.term(index);
    invariant(term !== undefined, "compacts what is there");
    this.#entries.splice(0, index - this.#base.index);
    this.#base = { index, term };
  }
}
