import type { FileHandle } from "node:fs/promises";
import { fstatSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { Level } from "level";
import { toReadError, toStorageError } from "./level-error.ts";
import type { Table, TableOperation, TableRecord } from "./medium.ts";
import { StorageError } from "./storage.ts";

/**
 * A table in a level database. Level's own defaults are not safe for a log: it creates what is
 * missing, does not sync, and believes what it reads. So nothing is created unless asked for, and
 * callers add checksums.
 */
export class LevelTable implements Table {
  readonly #level: Level<Buffer, Buffer>;
  readonly #folder: FileHandle;
  /** Time of the folder's change that was synced last. */
  #syncedMs: number | undefined;

  private constructor(level: Level<Buffer, Buffer>, folder: FileHandle) {
    this.#level = level;
    this.#folder = folder;
  }

  /** @throws {StorageError} IN_USE, MISSING, CORRUPT, FULL, IO. */
  static async open(directory: string, mayCreate: boolean): Promise<LevelTable> {
    const createIfMissing = await isNew(directory, mayCreate);
    const level = new Level<Buffer, Buffer>(directory, {
      keyEncoding: "buffer",
      valueEncoding: "buffer",
      createIfMissing,
      // Entries are short-lived and often already compact; compressing them costs more than it
      // saves.
      compression: false,
      writeBufferSize: writeBufferBytes,
    });
    try {
      await level.open();
      return new LevelTable(level, await open(directory, "r"));
    } catch (error) {
      await level.close();
      throw toStorageError(error, `opening ${directory}`);
    }
  }

  /**
   * Whether somebody has it open. Level is asked for something that it refuses as soon as it has
   * the lock, before it reads anything.
   */
  static async isOpen(directory: string): Promise<boolean> {
    const level = new Level(directory, { createIfMissing: false, errorIfExists: true });
    const refused = await level.open().catch((error: unknown) => error);
    await level.close();
    return toStorageError(refused, `locking ${directory}`).code === "IN_USE";
  }

  get(key: Buffer): Buffer | undefined {
    try {
      return this.#level.getSync(key);
    } catch (error) {
      throw toReadError(error, "reading");
    }
  }

  /**
   * Level begins a new journal whenever it likes and syncs what is in it, but never its name: so
   * that is done here.
   */
  async batch(operations: readonly TableOperation[]): Promise<void> {
    try {
      await this.#level.batch(operations as TableOperation[], { sync: true });
      if (this.#hasNewNames()) await this.#syncNames();
    } catch (error) {
      throw toStorageError(error, "writing");
    }
  }

  /**
   * The time of the folder's last change lies in memory, so that looking costs no wait. It is
   * coarse: a change that is a moment old may be followed by another of the same time.
   */
  #hasNewNames(): boolean {
    const { mtimeMs } = fstatSync(this.#folder.fd);
    return mtimeMs !== this.#syncedMs || Date.now() - mtimeMs <= coarseMs;
  }

  async #syncNames(): Promise<void> {
    const { mtimeMs } = fstatSync(this.#folder.fd);
    await this.#folder.sync();
    this.#syncedMs = mtimeMs;
  }

  async clear(from: Buffer, to: Buffer): Promise<void> {
    try {
      await this.#level.clear({ gte: from, lt: to });
      // A log that grows at one end and shrinks at the other is never compacted where it shrank:
      // without this, what was deleted would stay on the disk.
      await (this.#level as unknown as Compacting).compactRange(from, to);
    } catch (error) {
      throw toStorageError(error, "deleting");
    }
  }

  /**
   * An iterator keeps the files that it began with, so that compaction meanwhile frees nothing; a
   * long scan therefore takes a new one now and then. Nobody writes during it.
   */
  async *scan(from: Buffer, to: Buffer): AsyncGenerator<readonly TableRecord[]> {
    let range: { gte: Buffer } | { gt: Buffer } = { gte: from };
    for (;;) {
      const batch = await this.#read({ ...range, lt: to });
      const last = batch.at(-1);
      if (last === undefined) return;
      yield batch;
      range = { gt: last[0] };
    }
  }

  async last(from: Buffer, to: Buffer): Promise<TableRecord | undefined> {
    const [last] = await this.#read({ gte: from, lt: to, reverse: true, limit: 1 });
    return last;
  }

  async #read(range: Range): Promise<readonly TableRecord[]> {
    const iterator = this.#level.iterator({ ...range, highWaterMarkBytes: scanBytes });
    try {
      return await iterator.nextv(scanRecords);
    } catch (error) {
      throw toReadError(error, "reading");
    } finally {
      await iterator.close();
    }
  }

  async close(): Promise<void> {
    await this.#folder.close();
    await this.#level.close();
  }
}

interface Range {
  readonly gte?: Buffer;
  readonly gt?: Buffer;
  readonly lt: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** What level's types leave out, as browsers do not have it. */
interface Compacting {
  compactRange(from: Buffer, to: Buffer): Promise<void>;
}

/** Two of them may be in memory, and are written as tables on opening: see the reserve. */
const writeBufferBytes = 4 * 1024 * 1024;
/** More than a file system's clock is coarse. */
const coarseMs = 100;
const scanBytes = 4 * 1024 * 1024;
const scanRecords = 1024;

/**
 * Whether the database is to be created. One that lost its root file would otherwise begin again,
 * empty.
 */
async function isNew(directory: string, mayCreate: boolean): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw toStorageError(error, `reading ${directory}`);
  });
  if (names.includes("CURRENT")) return false;
  const data = names.filter((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name));
  if (data.length > 0) {
    const what = `${directory} has lost its CURRENT file, though there is data`;
    throw new StorageError("MISSING", `${what} (${data.join(", ")})`);
  }
  if (!mayCreate) throw new StorageError("MISSING", `there is no data in ${directory}`);
  return true;
}
