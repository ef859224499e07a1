import { createHash, type Hash } from "node:crypto";

/**
 * Digest of the records of a snapshot on its way: SHA-256 over the length (4 bytes, big endian) and
 * the bytes of each. The lengths make records that are cut differently have different digests.
 */
export class SnapshotDigest {
  readonly #hash: Hash = createHash("sha256");
  readonly #length: Buffer = Buffer.alloc(4);

  add(records: readonly Uint8Array[]): void {
    for (const record of records) {
      this.#length.writeUInt32BE(record.byteLength);
      this.#hash.update(this.#length).update(record);
    }
  }

  /** Called once, at the end. */
  value(): Buffer {
    return this.#hash.digest();
  }
}
