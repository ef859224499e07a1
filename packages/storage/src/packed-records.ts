/** Bytes of the length that stands before each record. */
const lengthBytes = 4;

/**
 * Consecutive records in one piece, each behind its length, a u32: as they lie in a snapshot file.
 * A reader of millions goes from one to the next without an object for each of them.
 */
export class PackedRecords implements Iterable<Uint8Array> {
  readonly bytes: Buffer;

  /** `bytes` is taken over. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Where the record that follows `at` begins; undefined behind the last. Begin with 0. */
  next(at: number): number | undefined {
    return at < this.bytes.length ? at + lengthBytes : undefined;
  }

  /** Where the record that begins at `from` ends, and the next one follows. */
  end(from: number): number {
    return from + this.bytes.readUInt32BE(from - lengthBytes);
  }

  /** Views of all of them. */
  *[Symbol.iterator](): Generator<Uint8Array, undefined> {
    for (let from = this.next(0); from !== undefined;) {
      const to = this.end(from);
      yield this.bytes.subarray(from, to);
      from = this.next(to);
    }
    return undefined;
  }
}
