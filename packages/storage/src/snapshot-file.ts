import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Files, OpenFile } from "./medium.ts";
import type { SnapshotRecords } from "./storage.ts";
import { StorageError } from "./storage.ts";

/** What a snapshot file must be; kept in the table, so that a file alone is never believed. */
export interface SnapshotFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the whole file, as hexadecimal digits. */
  readonly digest: string;
}

/** Beginning of the name of every snapshot file. */
export const snapshotFilePrefix = "snapshot-";

/**
 * Writes records into a file of chunks, each with a checksum that goes on from the chunk before,
 * the first from the name; durable when it resolves. If it fails, or the records do, nothing stays
 * behind.
 */
export async function writeSnapshotFile(
  files: Files,
  name: string,
  records: SnapshotRecords,
): Promise<SnapshotFile> {
  const file = await files.create(name);
  try {
    const writer = new SnapshotWriter(file, name);
    await writer.writeHeader();
    for await (const batch of records) {
      for (const record of batch) await writer.write(record);
    }
    const written = await writer.finish();
    await file.close();
    return { name, ...written };
  } catch (error) {
    // What these two fail with says less than the first failure; leftovers go on the next opening.
    await file.close().catch(() => undefined);
    await files.remove(name).catch(() => undefined);
    throw error;
  }
}

/**
 * Records as they were written, in batches of about 256 KiB. Each batch is checked before it is
 * given out, and the digest of the whole before the end is reached: a reader that got to the end
 * got exactly what was written.
 * @throws {StorageError} CORRUPT; NO_SNAPSHOT if a newer snapshot took its place before reading
 * began.
 */
export async function* readSnapshotFile(
  files: Files,
  snapshot: SnapshotFile,
): AsyncGenerator<readonly Uint8Array[]> {
  const file = await files.open(snapshot.name);
  if (file === undefined) throw new StorageError("NO_SNAPSHOT", `${snapshot.name} is gone`);
  try {
    const hash = createHash("sha256");
    const header = await file.read(0, magic.length);
    hash.update(header);
    let chain = firstChain(header, snapshot.name);
    for (let at = magic.length; at < snapshot.bytes;) {
      const chunk = await readChunk(file, at, snapshot, chain);
      hash.update(chunk);
      chain = chunk.readUInt32BE(0);
      yield unpackChunk(chunk);
      at += chunk.length;
    }
    if (hash.digest("hex") !== snapshot.digest) {
      throw new StorageError("CORRUPT", `${snapshot.name} does not match its digest`);
    }
  } finally {
    await file.close();
  }
}

const magic = Buffer.from("MERIDIAN SNAPSHOT 2\n");
/** Of the first format, in which every snapshot began with the same chain. */
const oldMagic = Buffer.from("MERIDIAN SNAPSHOT 1\n");
const chunkHeaderBytes = 8;
const chunkBytes = 256 * 1024;

class SnapshotWriter {
  readonly #file: OpenFile;
  readonly #hash = createHash("sha256");
  #at = 0;
  #chain: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(file: OpenFile, name: string) {
    this.#file = file;
    this.#chain = firstChain(magic, name);
  }

  async writeHeader(): Promise<void> {
    await this.#put(magic);
  }

  /**
   * The record is copied into a chunk; chunks of at least one record are written when they are
   * full.
   */
  async write(record: Uint8Array): Promise<void> {
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(record.byteLength);
    this.#parts.push(length, Buffer.from(record.buffer, record.byteOffset, record.byteLength));
    this.#bytes += 4 + record.byteLength;
    if (this.#bytes >= chunkBytes) await this.#flush();
  }

  async finish(): Promise<{ readonly bytes: number; readonly digest: string }> {
    await this.#flush();
    await this.#file.sync();
    return { bytes: this.#at, digest: this.#hash.digest("hex") };
  }

  async #flush(): Promise<void> {
    if (this.#bytes === 0) return;
    const chunk = Buffer.concat([Buffer.alloc(chunkHeaderBytes), ...this.#parts]);
    chunk.writeUInt32BE(this.#bytes, 4);
    this.#chain = crc32(chunk.subarray(4), this.#chain);
    chunk.writeUInt32BE(this.#chain, 0);
    this.#parts = [];
    this.#bytes = 0;
    await this.#put(chunk);
  }

  async #put(data: Buffer): Promise<void> {
    this.#hash.update(data);
    await this.#file.write(this.#at, data);
    this.#at += data.length;
  }
}

/** What the first chunk goes on from: chunks of another snapshot never fit. */
function firstChain(header: Buffer, name: string): number {
  if (header.equals(magic)) return crc32(name);
  if (header.equals(oldMagic)) return 0;
  throw new StorageError("CORRUPT", `${name} does not begin as a snapshot does`);
}

async function readChunk(
  file: OpenFile,
  at: number,
  snapshot: SnapshotFile,
  chain: number,
): Promise<Buffer> {
  const header = await file.read(at, chunkHeaderBytes);
  const bytes = header.length < chunkHeaderBytes ? 0 : header.readUInt32BE(4);
  const fits = bytes > 0 && at + chunkHeaderBytes + bytes <= snapshot.bytes;
  const chunk = fits ? await file.read(at, chunkHeaderBytes + bytes) : header;
  if (!fits || chunk.length < chunkHeaderBytes + bytes) {
    throw new StorageError("CORRUPT", `${snapshot.name} ends early or is damaged at byte ${at}`);
  }
  if (crc32(chunk.subarray(4), chain) !== chunk.readUInt32BE(0)) {
    const where = `at byte ${at}`;
    throw new StorageError("CORRUPT", `${snapshot.name} does not match its checksum ${where}`);
  }
  return chunk;
}

function unpackChunk(chunk: Buffer): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = chunkHeaderBytes; at < chunk.length;) {
    const length = chunk.readUInt32BE(at);
    records.push(chunk.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}
