import { MemoryFile } from "./memory-file.ts";
import type { MemoryRecords } from "./memory-records.ts";
import type { Files, OpenFile, Table, TableOperation, TableRecord } from "./medium.ts";
import { StorageError } from "./storage.ts";

/** Something that takes the disk time and is durable once it is complete. */
export interface DiskOperation {
  readonly kind: "batch" | "replace" | "sync" | "move";
  /** Of the file; "table" for the table. */
  readonly name: string;
  readonly bytes: number;
}

/** What a storage may do with the disk as long as it has it. */
export interface Use {
  alive(): boolean;
  run(operation: DiskOperation, effect: () => void): Promise<void>;
  /** Called with the name of what is read; throws what the disk says. */
  read(name: string): void;
}

/** The table of a memory disk. */
export class MemoryTable implements Table {
  readonly #records: MemoryRecords;
  readonly #use: Use;

  constructor(records: MemoryRecords, use: Use) {
    this.#records = records;
    this.#use = use;
  }

  get(key: Buffer): Buffer | undefined {
    if (!this.#use.alive()) throw new StorageError("IO", "the disk is no longer open");
    this.#use.read("table");
    return this.#records.get(key);
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
    this.#use.read("table");
    const batch = this.#records.keys(from, to).map((key): TableRecord => {
      return [key, this.#records.get(key) as Buffer];
    });
    if (batch.length > 0) yield batch;
  }

  async last(from: Buffer, to: Buffer): Promise<TableRecord | undefined> {
    this.#use.read("table");
    const key = this.#records.keys(from, to).at(-1);
    return key && [key, this.#records.get(key) as Buffer];
  }

  async close(): Promise<void> {
    // There is nothing to give back.
  }
}

/** The files of a memory disk. */
export class MemoryFiles implements Files {
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
    if (file !== undefined) this.#use.read(name);
    return file && Buffer.from(file.content());
  }

  async replace(name: string, data: Buffer): Promise<void> {
    if (!this.#use.alive()) return never();
    const file = this.#file(name);
    file.replace(data);
    const operation: DiskOperation = { kind: "replace", name, bytes: data.length };
    return this.#use.run(operation, file.sync());
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
    file.create();
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
    return {
      size: async () => file.content().length,
      read: async (at, length) => {
        this.#use.read(name);
        return Buffer.from(file.content().subarray(at, at + length));
      },
      write: async (at, data) => {
        if (this.#use.alive()) file.write(at, data);
      },
      put: (at, data) => {
        if (this.#use.alive()) file.write(at, data);
        return undefined;
      },
      sync: async () => {
        if (!this.#use.alive()) return never();
        const operation: DiskOperation = { kind: "sync", name, bytes: 0 };
        return this.#use.run(operation, file.sync());
      },
      close: async () => undefined,
    };
  }
}

/**
 * What a process that is gone waits for; a new one each time, or all who wait would be kept for
 * ever.
 */
function never(): Promise<never> {
  return new Promise(() => undefined);
}
