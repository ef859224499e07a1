import { PackedRecords } from "./packed-records.ts";
import type { SnapshotRecords } from "./storage.ts";

type Batch = readonly Uint8Array[] | PackedRecords;

/** Records as they come, as long as there is room; tells whether it was they that failed. */
export class SnapshotSource {
  readonly #records: SnapshotRecords;
  readonly #checkRoom: (bytes: number) => Promise<void>;
  /** They did. */
  failed = false;

  constructor(records: SnapshotRecords, checkRoom: (bytes: number) => Promise<void>) {
    this.#records = records;
    this.#checkRoom = checkRoom;
  }

  /** Each batch once there is room for it. */
  async *read(): AsyncGenerator<Batch> {
    await this.#checkRoom(0);
    const records = this.#records[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#next(records);
        if (next.done === true) return;
        await this.#checkRoom(recordBytes(next.value));
        yield next.value;
      }
    } finally {
      await records.return?.();
    }
  }

  async #next(records: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> {
    try {
      return await records.next();
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }
}

function recordBytes(records: Batch): number {
  if (records instanceof PackedRecords) return records.bytes.length;
  return records.reduce((bytes, record) => bytes + record.byteLength, 0);
}
