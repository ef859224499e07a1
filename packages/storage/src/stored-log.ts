import type { Entry, Log, SnapshotMark } from "@meridian/consensus";
import { EntryCache } from "./entry-cache.ts";
import { invariant } from "./invariant.ts";
import { recordKey } from "./keys.ts";
import type { Table, TableOperation } from "./medium.ts";
import type { PackedRecord } from "./record.ts";
import { packEntries, unpackRecord } from "./record.ts";
import { RecordIndex } from "./record-index.ts";
import type { LogExtent } from "./state.ts";
import { emptyExtent } from "./state.ts";
import { StorageError } from "./storage.ts";
import { TermRuns } from "./term-runs.ts";

/** A change of the log that is prepared, and applied in memory once the disk has it. */
export interface LogChange {
  readonly operations: readonly TableOperation[];
  /** As it is afterwards. */
  readonly extent: LogExtent;
  readonly reset: boolean;
  /** Entries from here on are replaced. */
  readonly truncateFrom: number | undefined;
  readonly records: readonly PackedRecord[];
  readonly entries: readonly Entry[];
}

interface LogEnd {
  readonly kept: readonly Entry[];
  readonly previous: number;
  readonly deletions: readonly TableOperation[];
}

/**
 * The durable log: newest entries, all terms and the place of every record in memory, the rest in
 * the table. It changes only through `apply`, so readers never see what is not durable.
 */
export class StoredLog implements Log {
  readonly #table: Table;
  readonly #records = new RecordIndex();
  readonly #terms = new TermRuns();
  readonly #cache: EntryCache;
  #extent: LogExtent;
  #snapshot: SnapshotMark | undefined;
  /** The record read last: followers that catch up ask for a record in several steps. */
  #opened: { readonly chain: number; readonly entries: readonly Entry[] } | undefined;

  /** Begins where `extent` begins, empty: the entries there are come through `load`. */
  constructor(table: Table, extent: LogExtent, cacheBytesMax: number) {
    this.#table = table;
    this.#cache = new EntryCache(cacheBytesMax);
    this.#extent = {
      ...extent,
      lastIndex: extent.recordsFrom - 1,
      lastChain: extent.chainBefore,
    };
  }

  get extent(): LogExtent {
    return this.#extent;
  }

  firstIndex(): number {
    return this.#extent.firstIndex;
  }

  lastIndex(): number {
    return this.#extent.lastIndex;
  }

  term(index: number): number | undefined {
    if (index === this.#extent.firstIndex - 1) return this.#extent.termBefore;
    if (index < this.#extent.firstIndex || index > this.#extent.lastIndex) return undefined;
    return this.#terms.at(index);
  }

  /** @throws {StorageError} CORRUPT, IO: older entries are read from the disk and checked. */
  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    invariant(from >= this.firstIndex() && from < to, "entries are in the log from the first on");
    invariant(to <= this.lastIndex() + 1, "entries are in the log up to the last");
    const cached = this.#cache.slice(from, to, bytesMax);
    if (cached !== undefined) return cached;
    const entries: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < to; index++) {
      const entry = this.#entry(index);
      bytes += entry.data.byteLength;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push(entry);
    }
    return entries;
  }

  snapshot(): SnapshotMark | undefined {
    return this.#snapshot;
  }

  setSnapshot(mark: SnapshotMark | undefined): void {
    this.#snapshot = mark;
  }

  /** Takes in the next record while the store is opened. @throws {StorageError} CORRUPT. */
  load(firstIndex: number, value: Buffer): void {
    const { lastIndex, lastChain } = this.#extent;
    if (firstIndex !== lastIndex + 1) {
      const found = `the next record begins at index ${firstIndex}`;
      throw new StorageError("CORRUPT", `log record at index ${lastIndex + 1} is gone; ${found}`);
    }
    const { chain, entries } = unpackRecord(firstIndex, value, lastChain);
    this.#append([{ firstIndex, value, chain }], entries);
    this.#extent = { ...this.#extent, lastIndex: lastIndex + entries.length, lastChain: chain };
  }

  /**
   * What has to be written so that the log begins after `reset`, if given, and then ends with
   * `entries`. `encode` gives the state that their last record carries, for an extent that lacks
   * only the checksum of that record.
   */
  prepare(
    reset: SnapshotMark | undefined,
    entries: readonly Entry[],
    encode: (extent: LogExtent) => Buffer,
  ): LogChange {
    const before =
      reset === undefined
        ? this.#extent
        : emptyExtent(this.#extent.generation + 1, reset.index, reset.term);
    const isReset = reset !== undefined;
    const first = entries[0];
    if (first === undefined) {
      const nothing = { operations: [], truncateFrom: undefined, records: [], entries };
      return { ...nothing, extent: before, reset: isReset };
    }
    checkEntries(before, entries);
    const truncateFrom = first.index <= before.lastIndex ? first.index : undefined;
    const { kept, previous, deletions } = this.#end(before, truncateFrom);
    const { index: lastIndex } = entries.at(-1) as Entry;
    const state = encode({ ...before, lastIndex, lastChain: 0 });
    const records = packEntries([...kept, ...entries], previous, state);
    const puts = records.map(({ firstIndex, value }): TableOperation => {
      return { type: "put", key: recordKey(before.generation, firstIndex), value };
    });
    const { chain: lastChain } = records.at(-1) as PackedRecord;
    return {
      operations: [...deletions, ...puts],
      extent: { ...before, lastIndex, lastChain },
      reset: isReset,
      truncateFrom,
      records,
      entries,
    };
  }

  /**
   * What the extent is without the entries up to and including `index`; their records are deleted
   * later.
   */
  prepareCompaction(index: number): LogChange {
    const { firstIndex, lastIndex } = this.#extent;
    invariant(index >= firstIndex && index <= lastIndex, `compaction to ${index} is in the log`);
    const all = index === lastIndex;
    const position = all ? this.#records.length : this.#records.find(index + 1);
    const extent: LogExtent = {
      ...this.#extent,
      firstIndex: index + 1,
      termBefore: this.term(index) as number,
      recordsFrom: all ? index + 1 : this.#records.firstIndex(position),
      chainBefore: this.#chainBefore(position),
    };
    const nothing = { operations: [], truncateFrom: undefined, records: [], entries: [] };
    return { ...nothing, extent, reset: false };
  }

  /** The change is durable. */
  apply(change: LogChange): void {
    const { extent, reset, truncateFrom } = change;
    if (reset || truncateFrom !== undefined) this.#opened = undefined;
    if (reset) {
      this.#records.truncate(0);
      this.#terms.truncate(0);
      this.#cache.truncate(0);
    } else if (truncateFrom !== undefined) {
      this.#records.truncate(this.#records.find(truncateFrom));
      this.#terms.truncate(truncateFrom);
      this.#cache.truncate(truncateFrom);
    }
    this.#append(change.records, change.entries);
    if (extent.firstIndex !== this.#extent.firstIndex) this.#dropBefore(extent);
    this.#extent = extent;
  }

  /**
   * What new entries go on from. If they replace others, the record that the first of these lies in
   * is written anew up to there, and those after it go.
   */
  #end(extent: LogExtent, truncateFrom: number | undefined): LogEnd {
    if (truncateFrom === undefined) return { kept: [], previous: extent.lastChain, deletions: [] };
    const position = this.#records.find(truncateFrom);
    const firstIndex = this.#records.firstIndex(position);
    const kept =
      firstIndex < truncateFrom ? this.#open(position).slice(0, truncateFrom - firstIndex) : [];
    const deletions: TableOperation[] = [];
    for (let i = position; i < this.#records.length; i++) {
      const key = recordKey(extent.generation, this.#records.firstIndex(i));
      deletions.push({ type: "del", key });
    }
    return { kept, previous: this.#chainBefore(position), deletions };
  }

  #append(records: readonly PackedRecord[], entries: readonly Entry[]): void {
    for (const { firstIndex, chain } of records) this.#records.push(firstIndex, chain);
    for (const entry of entries) {
      this.#terms.push(entry.index, entry.term);
      this.#cache.push(entry);
    }
  }

  #dropBefore(extent: LogExtent): void {
    const gone = extent.firstIndex > extent.lastIndex;
    this.#records.dropBefore(gone ? this.#records.length : this.#records.find(extent.recordsFrom));
    this.#terms.dropBefore(extent.firstIndex);
    this.#cache.dropBefore(extent.firstIndex);
  }

  #entry(index: number): Entry {
    const cached = this.#cache.get(index);
    if (cached !== undefined) return cached;
    const position = this.#records.find(index);
    const entry = this.#open(position)[index - this.#records.firstIndex(position)];
    invariant(entry !== undefined, `the record of entry ${index} holds it`);
    return entry;
  }

  /** Entries of a record, read from the disk and checked. */
  #open(position: number): readonly Entry[] {
    const chain = this.#records.chain(position);
    const firstIndex = this.#records.firstIndex(position);
    if (this.#opened?.chain === chain && this.#opened.entries[0]?.index === firstIndex) {
      return this.#opened.entries;
    }
    const value = this.#table.get(recordKey(this.#extent.generation, firstIndex));
    if (value === undefined) {
      throw new StorageError("CORRUPT", `log record at index ${firstIndex} is gone`);
    }
    const record = unpackRecord(firstIndex, value, this.#chainBefore(position));
    if (record.chain !== chain) {
      throw new StorageError("CORRUPT", `log record at index ${firstIndex} is an older one`);
    }
    this.#opened = record;
    return record.entries;
  }

  #chainBefore(position: number): number {
    return position === 0 ? this.#extent.chainBefore : this.#records.chain(position - 1);
  }
}

function checkEntries(extent: LogExtent, entries: readonly Entry[]): void {
  const first = entries[0] as Entry;
  invariant(
    first.index >= extent.firstIndex && first.index <= extent.lastIndex + 1,
    `entries from ${first.index} on leave no gap in [${extent.firstIndex}, ${extent.lastIndex}]`,
  );
  let before: Entry | undefined;
  for (const entry of entries) {
    // The texts are not made for every entry: that would take longer than looking.
    if (before !== undefined && (entry.index !== before.index + 1 || entry.term < before.term)) {
      const [found, expected] = [
        `${entry.index} of ${entry.term}`,
        `${before.index} of ${before.term}`,
      ];
      invariant(false, `entry ${found} follows ${expected}`);
    }
    before = entry;
  }
}
