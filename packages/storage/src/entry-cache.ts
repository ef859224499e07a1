import type { Entry } from "@meridian/consensus";

/** Newest entries of the log, bounded by bytes; the oldest leave first. */
export class EntryCache {
  readonly #bytesMax: number;
  /** Those before `#head` have left. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Undefined if the entry has left or never came. */
  get(index: number): Entry | undefined {
    const first = this.#entries[this.#head];
    if (first === undefined || index < first.index) return undefined;
    return this.#entries[this.#head + index - first.index];
  }

  /**
   * Entries in `[from, to)`, at least one, up to `bytesMax`; undefined if one of the range has left
   * or never came.
   */
  slice(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    const first = this.#entries[this.#head];
    if (first === undefined || from < first.index) return undefined;
    const start = this.#head + from - first.index;
    const limit = start + to - from;
    if (limit > this.#entries.length) return undefined;
    let end = start;
    let bytes = 0;
    for (; end < limit; end++) {
      bytes += (this.#entries[end] as Entry).data.byteLength;
      if (end > start && bytes > bytesMax) break;
    }
    return this.#entries.slice(start, end) as Entry[];
  }

  /** The entry must follow the newest one. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
    while (this.#bytes > this.#bytesMax) this.#dropOldest();
    this.#shrink();
  }

  /** Forgets the entries from `index` on. */
  truncate(index: number): void {
    while (this.#entries.length > this.#head) {
      const last = this.#entries.at(-1) as Entry;
      if (last.index < index) return;
      this.#bytes -= entryBytes(last);
      this.#entries.pop();
    }
  }

  /** Forgets the entries before `index`. */
  dropBefore(index: number): void {
    for (let first = this.#entries[this.#head]; first !== undefined && first.index < index;) {
      this.#dropOldest();
      first = this.#entries[this.#head];
    }
    this.#shrink();
  }

  #dropOldest(): void {
    this.#bytes -= entryBytes(this.#entries[this.#head] as Entry);
    this.#entries[this.#head] = undefined;
    this.#head += 1;
  }

  /**
   * Moves the list together when half of it is gone, so that what left is freed and moving stays
   * rare.
   */
  #shrink(): void {
    if (this.#head < 1024 && this.#head < this.#entries.length) return;
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

/** What an entry object weighs beside its data, roughly. */
const entryOverheadBytes = 96;

function entryBytes(entry: Entry): number {
  return entry.data.byteLength + entryOverheadBytes;
}
