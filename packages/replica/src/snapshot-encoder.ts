import { PackedRecords } from "@meridian/storage";
import type { HeldNode, SnapshotRecord, SnapshotSink } from "@meridian/tree";
import { plainNodeBytesMax, PlainNodeWriter } from "@meridian/wire";
import { encodeRecord } from "./snapshot-codec.ts";

/** Bytes of the length before each record: see `PackedRecords`. */
const lengthBytes = 4;
/** Most slices are smaller. */
const usualBytes = 256 * 1024;

/** Puts the records of a tree's snapshot into bytes. */
export class SnapshotEncoder implements SnapshotSink {
  #bytes: Buffer = Buffer.allocUnsafe(usualBytes);
  #writer = new PlainNodeWriter(this.#bytes);
  #end = 0;

  add(record: SnapshotRecord): void {
    const encoded = encodeRecord(record);
    this.#makeRoom(encoded.byteLength);
    this.#bytes.set(encoded, this.#end + lengthBytes);
    this.#close(this.#end + lengthBytes + encoded.byteLength);
  }

  addPlain(node: HeldNode): boolean {
    this.#makeRoom(node.path.length + node.dataLength + plainNodeBytesMax);
    const end = this.#writer.write(node, this.#end + lengthBytes);
    if (end !== undefined) this.#close(end);
    return end !== undefined;
  }

  /** What came since the last call; its bytes are used again when the next record comes. */
  take(): PackedRecords {
    const records = new PackedRecords(this.#bytes.subarray(0, this.#end));
    this.#end = 0;
    return records;
  }

  /** The record ends here. */
  #close(end: number): void {
    this.#bytes.writeUInt32BE(end - this.#end - lengthBytes, this.#end);
    this.#end = end;
  }

  #makeRoom(recordBytes: number): void {
    const needed = this.#end + lengthBytes + recordBytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
    this.#writer = new PlainNodeWriter(larger);
  }
}
