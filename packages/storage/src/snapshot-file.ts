import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Files, OpenFile } from "./medium.ts";
import { PackedRecords } from "./packed-records.ts";
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
    for await (const batch of records) await writer.write(batch);
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
): AsyncGenerator<PackedRecords> {
  const file = await files.open(snapshot.name);
  if (file === undefined) throw new StorageError("NO_SNAPSHOT", `${snapshot.name} is gone`);
  let ahead: Promise<Buffer> | undefined;
  try {
    const hash = createHash("sha256");
    const header = await file.read(0, magic.length);
    hash.update(header);
    let chain = firstChain(header, snapshot.name);
    let at = magic.length;
    ahead = readAhead(file, at, snapshot);
    while (ahead !== undefined) {
      const chunk = await ahead;
      const from = at;
      at += chunk.length;
      // The disk reads the next one while this one is worked on.
      ahead = readAhead(file, at, snapshot);
      if (crc32(chunk.subarray(4), chain) !== chunk.readUInt32BE(0)) {
        const what = `does not match its checksum at byte ${from}`;
        throw new StorageError("CORRUPT", `${snapshot.name} ${what}`);
      }
      hash.update(chunk);
      chain = chunk.readUInt32BE(0);
      yield new PackedRecords(chunk.subarray(chunkHeaderBytes));
    }
    if (hash.digest("hex") !== snapshot.digest) {
      throw new StorageError("CORRUPT", `${snapshot.name} does not match its digest`);
    }
  } finally {
    await ahead?.catch(() => undefined);
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
  /** The chunk that is being filled; the same for all, but for larger records. */
  #chunk = Buffer.allocUnsafe(chunkHeaderBytes + 2 * chunkBytes);
  #filled = chunkHeaderBytes;

  constructor(file: OpenFile, name: string) {
    this.#file = file;
    this.#chain = firstChain(magic, name);
  }

  async writeHeader(): Promise<void> {
    await this.#put(magic);
  }

  /**
   * The records are copied into a chunk; chunks of at least one record are written when they are
   * full.
   */
  async write(records: PackedRecords | readonly Uint8Array[]): Promise<void> {
    if (records instanceof PackedRecords) {
      this.#makeRoom(records.bytes.length);
      this.#add(records.bytes);
      if (this.#isFull) await this.#flush();
      return;
    }
    for (const record of records) {
      this.#makeRoom(4 + record.byteLength);
      this.#filled = this.#chunk.writeUInt32BE(record.byteLength, this.#filled);
      this.#add(record);
      if (this.#isFull) await this.#flush();
    }
  }

  async finish(): Promise<{ readonly bytes: number; readonly digest: string }> {
    await this.#flush();
    await this.#file.sync();
    return { bytes: this.#at, digest: this.#hash.digest("hex") };
  }

  get #isFull(): boolean {
    return this.#filled >= chunkHeaderBytes + chunkBytes;
  }

  #add(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#filled);
    this.#filled += bytes.byteLength;
  }

  #makeRoom(bytes: number): void {
    const end = this.#filled + bytes;
    if (end <= this.#chunk.length) return;
    const larger = Buffer.allocUnsafe(end);
    larger.set(this.#chunk.subarray(0, this.#filled));
    this.#chunk = larger;
  }

  async #flush(): Promise<void> {
    const bytes = this.#filled - chunkHeaderBytes;
    if (bytes === 0) return;
    const chunk = this.#chunk.subarray(0, this.#filled);
    chunk.writeUInt32BE(bytes, 4);
    this.#chain = crc32(chunk.subarray(4), this.#chain);
    chunk.writeUInt32BE(this.#chain, 0);
    this.#filled = chunkHeaderBytes;
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

/** The chunk at a place, if there is one: read, and not checked. Waiting for it may be late. */
function readAhead(
  file: OpenFile,
  at: number,
  snapshot: SnapshotFile,
): Promise<Buffer> | undefined {
  if (at >= snapshot.bytes) return undefined;
  const chunk = readChunk(file, at, snapshot);
  // Whoever waits for it hears of it.
  chunk.catch(() => undefined);
  return chunk;
}

async function readChunk(file: OpenFile, at: number, snapshot: SnapshotFile): Promise<Buffer> {
  const header = await file.read(at, chunkHeaderBytes);
  const bytes = header.length < chunkHeaderBytes ? 0 : header.readUInt32BE(4);
  const fits = bytes > 0 && at + chunkHeaderBytes + bytes <= snapshot.bytes;
  const chunk = fits ? await file.read(at, chunkHeaderBytes + bytes) : header;
  if (fits && chunk.length === chunkHeaderBytes + bytes) return chunk;
  throw new StorageError("CORRUPT", `${snapshot.name} ends early or is damaged at byte ${at}`);
}
