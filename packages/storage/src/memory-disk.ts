import type { Random } from "@meridian/consensus";
import { invariant } from "./invariant.ts";
import { MemoryFile } from "./memory-file.ts";
import { MemoryRecords } from "./memory-records.ts";
import type { Files, Medium, OpenFile, Table, TableOperation, TableRecord } from "./medium.ts";
import { StorageError } from "./storage.ts";

/** Something that takes the disk time and is durable once it is complete. */
export interface DiskOperation {
  readonly kind: "batch" | "replace" | "sync" | "move";
  /** Of the file; "table" for a batch. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * Decides when an operation is complete: calls `complete` once, now or later. With an error the
 * operation fails, and whether its data survives a crash is open, as with a real disk.
 */
export type DiskSchedule = (
  operation: DiskOperation,
  complete: (error?: StorageError) => void,
) => void;

/** What a crash leaves. */
export interface Crash {
  /** Chance that a write which was not synced is there afterwards; 1 when only the process dies. */
  readonly keepUnsynced: number;
  readonly random: Random;
}

/**
 * A disk in memory that outlives the storages opened on it, one at a time. What was written and not
 * synced is seen by reads and may be lost in a crash; of the table's batches a beginning survives,
 * as of a journal.
 */
export class MemoryDisk {
  /** True: only what frees space may be written. */
  full = false;
  readonly #schedule: DiskSchedule;
  readonly #files = new Map<string, MemoryFile>();
  readonly #table = new MemoryRecords();
  /** Who has it open. A crashed storage keeps its own object and can no longer do anything. */
  #session: object | undefined;

  /** By default everything is durable at once. */
  constructor(schedule: DiskSchedule = (_, complete) => complete()) {
    this.#schedule = schedule;
  }

  /**
   * The process that has the disk open is gone: what it waits for never comes, and the disk can be
   * opened again.
   */
  crash({ keepUnsynced, random }: Crash): void {
    this.#session = undefined;
    const keep = (): boolean => random() < keepUnsynced;
    this.#table.crash(keep);
    for (const [name, file] of this.#files) {
      file.crash(keep);
      if (file.isGone()) this.#files.delete(name);
    }
  }

  /** Flips one bit somewhere in what lies on it, as a bad disk would, and says where. */
  flipBit(random: Random): string {
    const places = [...this.#table.values()].map(([name, { length }]) => {
      return { name, length, flip: (bit: number) => this.#table.flipBit(name, bit) };
    });
    for (const [name, file] of this.#files) {
      const { length } = file.content();
      if (file.isThere()) places.push({ name, length, flip: (bit) => file.flipBit(bit) });
    }
    const filled = places.filter(({ length }) => length > 0);
    const place = filled[Math.floor(random() * filled.length)];
    if (place === undefined) return "nothing is there";
    const bit = Math.floor(random() * place.length * 8);
    place.flip(bit);
    return `bit ${bit} of ${JSON.stringify(place.name)}`;
  }

  /** Removes one of the files beside the table. Nobody may have it open. */
  lose(file: string): void {
    invariant(this.#session === undefined, "a disk in use loses nothing by hand");
    invariant(this.#files.delete(file), `${file} is on the disk`);
  }

  /** Removes everything, as if the disk had been replaced. Nobody may have it open. */
  wipe(): void {
    invariant(this.#session === undefined, "a disk in use is not wiped");
    this.#files.clear();
    this.#table.wipe();
  }

  /** What a storage is opened on; see `openMemoryStorage`. */
  medium(): Medium {
    const session = {};
    const use: Use = {
      alive: () => this.#session === session,
      run: (operation, effect) => this.#run(session, operation, effect),
    };
    return {
      files: new MemoryFiles(this.#files, use),
      claim: async () => this.#claim(session),
      moveTable: () => use.run({ kind: "move", name: "table", bytes: 0 }, () => this.#table.wipe()),
      openTable: async (mayCreate) => {
        this.#claim(session);
        if (!mayCreate && this.#table.isEmpty()) {
          this.#session = undefined;
          throw new StorageError("MISSING", "there is no data on the disk");
        }
        return new MemoryTable(this.#table, use);
      },
      hasRoom: async () => !this.full,
      release: async () => {
        if (this.#session === session) this.#session = undefined;
      },
    };
  }

  #claim(session: object): void {
    if (this.#session !== undefined && this.#session !== session) {
      throw new StorageError("IN_USE", "the disk is in use by another storage");
    }
    this.#session = session;
  }

  #run(session: object, operation: DiskOperation, effect: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      let completed = false;
      this.#schedule(operation, (error) => {
        invariant(!completed, "an operation is completed once");
        completed = true;
        if (this.#session !== session) return;
        if (error !== undefined) {
          reject(error);
          return;
        }
        effect();
        resolve();
      });
    });
  }
}

/** What a storage may do with the disk as long as it has it. */
interface Use {
  alive(): boolean;
  run(operation: DiskOperation, effect: () => void): Promise<void>;
}

/**
 * What a process that is gone waits for; a new one each time, or all who wait would be kept for
 * ever.
 */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

class MemoryTable implements Table {
  readonly #records: MemoryRecords;
  readonly #use: Use;

  constructor(records: MemoryRecords, use: Use) {
    this.#records = records;
    this.#use = use;
  }

  get(key: Buffer): Buffer | undefined {
    if (this.#use.alive()) return this.#records.get(key);
    throw new StorageError("IO", "the disk is no longer open");
  }

  async batch(operations: readonly TableOperation[]): Promise<void> {
    if (!this.#use.alive()) return never();
    this.#records.write(operations);
    let bytes = 0;
    for (const operation of operations) {
      bytes += operation.key.length + (operation.type === "put" ? operation.value.length : 0);
    }
    const operation: DiskOperation = { kind: "batch", name: "table", bytes };
    return this.#use.run(operation, () => this.#records.sync(operations));
  }

  async clear(from: Buffer, to: Buffer): Promise<void> {
    if (!this.#use.alive()) return never();
    const keys = this.#records.keys(from, to);
    this.#records.write(keys.map((key) => ({ type: "del", key })));
    return undefined;
  }

  async *scan(from: Buffer, to: Buffer): AsyncGenerator<readonly TableRecord[]> {
    const batch = this.#records.keys(from, to).map((key): TableRecord => {
      return [key, this.#records.get(key) as Buffer];
    });
    if (batch.length > 0) yield batch;
  }

  async last(from: Buffer, to: Buffer): Promise<TableRecord | undefined> {
    const key = this.#records.keys(from, to).at(-1);
    return key && [key, this.#records.get(key) as Buffer];
  }

  async close(): Promise<void> {
    // There is nothing to give back.
  }
}

class MemoryFiles implements Files {
  readonly #files: Map<string, MemoryFile>;
  readonly #use: Use;

  constructor(files: Map<string, MemoryFile>, use: Use) {
    this.#files = files;
    this.#use = use;
  }

  async list(): Promise<readonly string[]> {
    return [...this.#files].filter(([, file]) => file.isThere()).map(([name]) => name);
  }

  async read(name: string): Promise<Buffer | undefined> {
    const file = this.#there(name);
    return file && Buffer.from(file.content());
  }

  async replace(name: string, data: Buffer): Promise<void> {
    if (!this.#use.alive()) return never();
    const file = this.#file(name);
    file.replace(data);
    const operation: DiskOperation = { kind: "replace", name, bytes: data.length };
    return this.#use.run(operation, () => file.sync());
  }

  async remove(name: string): Promise<void> {
    if (this.#use.alive()) this.#there(name)?.remove();
  }

  async move(name: string): Promise<void> {
    if (!this.#use.alive()) return never();
    if (this.#there(name) === undefined) return undefined;
    const operation: DiskOperation = { kind: "move", name, bytes: 0 };
    return this.#use.run(operation, () => this.#files.delete(name));
  }

  async discard(): Promise<void> {
    // What is moved aside is not kept.
  }

  async create(name: string): Promise<OpenFile> {
    if (!this.#use.alive()) return never();
    const file = this.#file(name);
    file.replace(Buffer.alloc(0));
    return this.#handle(name, file);
  }

  async open(name: string): Promise<OpenFile | undefined> {
    const file = this.#there(name);
    return file && this.#handle(name, file);
  }

  #file(name: string): MemoryFile {
    const file = this.#files.get(name) ?? new MemoryFile();
    this.#files.set(name, file);
    return file;
  }

  #there(name: string): MemoryFile | undefined {
    const file = this.#files.get(name);
    return file?.isThere() === true ? file : undefined;
  }

  #handle(name: string, file: MemoryFile): OpenFile {
    const write = (at: number, data: Buffer): void => {
      if (this.#use.alive()) file.write(at, data);
    };
    return {
      size: async () => file.content().length,
      read: async (at, length) => Buffer.from(file.content().subarray(at, at + length)),
      write: async (at, data) => write(at, data),
      overwrite: write,
      sync: async () => {
        if (!this.#use.alive()) return never();
        const operation: DiskOperation = { kind: "sync", name, bytes: 0 };
        return this.#use.run(operation, () => file.sync());
      },
      close: async () => undefined,
    };
  }
}
