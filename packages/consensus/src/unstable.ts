import type { Entry } from "./entry.ts";
import { entryOverheadBytes } from "./options.ts";

/** What a durable write claims once it is done: entries up to here are on disk. */
interface Claim {
  readonly sequence: number;
  index: number;
}

/**
 * The tail of the log that is not known to be durable. Entries wait until a `Persist` takes them
 * along, then until that write is reported. A claim shrinks when entries it covers are replaced, so
 * that a late report never passes for the durability of what took their place, not even when the
 * same entries came back meanwhile (A, B, A).
 */
export class Unstable {
  #entries: Entry[] = [];
  /**
   * Entries before this position of `#entries` are gone; dropped in bulk, so that a report costs
   * little.
   */
  #head = 0;
  #offset: number;
  #written: number;
  #claims: Claim[] = [];
  #bytes = 0;

  constructor(offset: number) {
    this.#offset = offset;
    this.#written = offset;
  }

  /** Index of the first entry that is not durable. */
  get offset(): number {
    return this.#offset;
  }

  get lastIndex(): number {
    return this.#offset + this.#entries.length - this.#head - 1;
  }

  /** What waits for the disk, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether entries wait that no `Persist` has taken along. */
  get hasUnwritten(): boolean {
    return this.#written <= this.lastIndex;
  }

  term(index: number): number | undefined {
    return this.#entries[index - this.#offset + this.#head]?.term;
  }

  /** Entries in `[from, to)`, at least one, up to `bytesMax`. */
  slice(from: number, to: number, bytesMax: number): readonly Entry[] {
    const start = from - this.#offset + this.#head;
    const limit = to - this.#offset + this.#head;
    let end = start + 1;
    let bytes = this.#entries[start]!.data.byteLength;
    for (; end < limit; end++) {
      bytes += this.#entries[end]!.data.byteLength;
      if (bytes > bytesMax) break;
    }
    return this.#entries.slice(start, end);
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
  }

  /** Forgets entries at or after the index, durable ones too: others will take their place. */
  truncate(from: number): void {
    const keep = Math.max(from - this.#offset, 0) + this.#head;
    for (let at = keep; at < this.#entries.length; at++) {
      this.#bytes -= entryBytes(this.#entries[at]!);
    }
    this.#entries.length = keep;
    this.#offset = Math.min(this.#offset, from);
    this.#written = Math.min(this.#written, from);
    for (const claim of this.#claims) claim.index = Math.min(claim.index, from - 1);
  }

  /** Begins anew after a snapshot that ends at the index. */
  reset(index: number): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#offset = index + 1;
    this.#written = index + 1;
    this.#claims = [];
  }

  /** Entries that no `Persist` has taken along yet; this one does. */
  takeUnwritten(sequence: number): readonly Entry[] {
    const entries = this.#entries.slice(this.#written - this.#offset + this.#head);
    this.#written = this.lastIndex + 1;
    if (entries.length > 0) this.#claims.push({ sequence, index: this.lastIndex });
    return entries;
  }

  /** The writes up to this sequence number are durable. */
  persisted(sequence: number): void {
    let count = 0;
    let index = 0;
    for (; count < this.#claims.length; count++) {
      const claim = this.#claims[count]!;
      if (claim.sequence > sequence) break;
      index = claim.index;
    }
    if (count > 0) this.#claims.splice(0, count);
    if (index >= this.#offset) this.#dropTo(index);
  }

  #dropTo(index: number): void {
    const end = this.#head + index + 1 - this.#offset;
    for (let at = this.#head; at < end; at++) this.#bytes -= entryBytes(this.#entries[at]!);
    this.#head = end;
    this.#offset = index + 1;
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }
}

function entryBytes(entry: Entry): number {
  return entry.data.byteLength + entryOverheadBytes;
}
