import type { PackedRecords } from "@meridian/storage";
import type { TreeRestorer } from "@meridian/tree";
import { PlainNodeReader } from "@meridian/wire";
import { decodeRecord } from "./snapshot-codec.ts";

/** A piece of a snapshot on its way into a tree, record by record. */
export class SnapshotDecoder {
  readonly #restorer: TreeRestorer;
  readonly #records: PackedRecords;
  readonly #node: PlainNodeReader;
  #from: number | undefined;

  constructor(restorer: TreeRestorer, records: PackedRecords) {
    this.#restorer = restorer;
    this.#records = records;
    this.#node = new PlainNodeReader(records.bytes);
    this.#from = records.next(0);
  }

  /**
   * Puts up to so many records in: how many, which is fewer only when that was all.
   * @throws {Error} when a newer version wrote something unknown.
   */
  decode(recordsMax: number): number {
    const records = this.#records;
    for (let count = 0; count < recordsMax; count += 1) {
      if (this.#from === undefined) return count;
      const to = records.end(this.#from);
      if (this.#node.read(this.#from, to)) this.#restorer.addPlain(this.#node);
      // What shows a part of these bytes, such as the secret of a session, would keep all of them.
      else this.#restorer.add(decodeRecord(Buffer.from(records.bytes.subarray(this.#from, to))));
      this.#from = records.next(to);
    }
    return recordsMax;
  }
}
