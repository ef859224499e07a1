import { StorageError } from "./storage.ts";

/** The tables that level's manifest names as its data: number and size of each. */
export type LiveTables = ReadonlyMap<number, number>;

/**
 * Follows the edits of a manifest to the tables that are live at its end. Others may lie in the
 * directory, not finished or not deleted when a process died; they mean nothing.
 * @throws {StorageError} CORRUPT.
 */
export function liveTables(edits: readonly Buffer[]): LiveTables {
  const live = new Map<number, number>();
  for (const edit of edits) {
    for (const reader = new VarintReader(edit); reader.hasMore();) applyField(reader, live);
  }
  return live;
}

/**
 * Reads the numbers and strings that level's files are made of. @throws {StorageError} CORRUPT at
 * the end.
 */
export class VarintReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  hasMore(): boolean {
    return this.#at < this.#data.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#data[this.#at];
      if (byte === undefined || scale > Number.MAX_SAFE_INTEGER) throw unreadable();
      this.#at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#data.length) throw unreadable();
    const bytes = this.#data.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

const tags = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

function applyField(reader: VarintReader, live: Map<number, number>): void {
  switch (reader.number()) {
    case tags.comparator:
      skipString(reader);
      return;
    case tags.logNumber:
    case tags.nextFile:
    case tags.lastSequence:
    case tags.previousLogNumber:
      reader.number();
      return;
    case tags.compactPointer:
      reader.number();
      skipString(reader);
      return;
    case tags.deletedFile:
      reader.number();
      live.delete(reader.number());
      return;
    case tags.newFile:
      reader.number();
      live.set(reader.number(), reader.number());
      skipString(reader);
      skipString(reader);
      return;
    default:
      throw unreadable();
  }
}

function skipString(reader: VarintReader): void {
  reader.bytes(reader.number());
}

function unreadable(): StorageError {
  return new StorageError("CORRUPT", "level's manifest or a table's index cannot be read");
}
