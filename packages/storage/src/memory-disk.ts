import type { Random } from "@meridian/consensus";
import { invariant } from "./invariant.ts";
import type { Crash, CrashOutcome, DiskPart } from "./memory-damage.ts";
import { partOfFile, partOfRecord } from "./memory-damage.ts";
import type { MemoryFile } from "./memory-file.ts";
import type { DiskOperation, Use } from "./memory-medium.ts";
import { MemoryFiles, MemoryTable } from "./memory-medium.ts";
import { MemoryRecords } from "./memory-records.ts";
import type { Medium } from "./medium.ts";
import { StorageError } from "./storage.ts";

/**
 * Decides when an operation is complete: calls `complete` once, now or later. With an error the
 * operation fails, and whether its data survives a crash is open, as with a real disk.
 */
export type DiskSchedule = (
  operation: DiskOperation,
  complete: (error?: StorageError) => void,
) => void;

/** Something on the disk that can be damaged. */
interface Place {
  readonly part: DiskPart;
  readonly name: string;
  readonly length: number;
  flip(bit: number): void;
  truncate(length: number): void;
  revert(): boolean;
}

/**
 * A disk in memory that outlives the storages opened on it, one at a time. What was written and not
 * synced is seen by reads and may be lost in a crash; of the table's batches a beginning survives,
 * as of a journal.
 */
export class MemoryDisk {
  /** True: only what frees space may be written. */
  full = false;
  /**
   * What a read of a file, or of the "table", fails with, if it does; a bad sector gives IO.
   * Default none.
   */
  readFault: ((name: string) => StorageError | undefined) | undefined;
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
  crash(crash: Crash): CrashOutcome {
    this.#session = undefined;
    const { lost: batchesLost, torn } = this.#table.crash(crash);
    const filesLost: string[] = [];
    const filesTorn: string[] = [];
    for (const [name, file] of this.#files) {
      const fate = file.crash(crash);
      if (fate !== "kept") filesLost.push(name);
      if (fate === "torn") filesTorn.push(name);
      if (file.isGone()) this.#files.delete(name);
    }
    return { batchesLost, torn, filesLost, filesTorn };
  }

  /**
   * Flips one bit somewhere in what lies on it, or only in `parts`, as a bad disk would, and says
   * where.
   */
  flipBit(random: Random, parts?: readonly DiskPart[]): string {
    const place = this.#draw(random, parts);
    if (place === undefined) return "nothing is there";
    const bit = Math.floor(random() * place.length * 8);
    place.flip(bit);
    return `bit ${bit} of ${JSON.stringify(place.name)}`;
  }

  /** Cuts a record or file short, and says where. */
  truncate(random: Random, parts?: readonly DiskPart[]): string {
    const place = this.#draw(random, parts);
    if (place === undefined) return "nothing is there";
    const length = Math.floor(random() * place.length);
    place.truncate(length);
    return `${JSON.stringify(place.name)} cut to ${length} of ${place.length} bytes`;
  }

  /**
   * An older version of a record or file comes back, as after a write that was reported durable and
   * went nowhere. Says which, if an older version of any is remembered.
   */
  revert(random: Random, parts?: readonly DiskPart[]): string | undefined {
    const places = this.#places(parts);
    for (let left = places.length; left > 0; left--) {
      const [place] = places.splice(Math.floor(random() * left), 1);
      if (place?.revert() === true) return `an older ${JSON.stringify(place.name)}`;
    }
    return undefined;
  }

  /**
   * The newest durable batches of the table vanish, as a disk would have it that never wrote them:
   * at most 16, and never more than there are. Nobody may have it open. Gives how many.
   */
  loseBatches(count: number): number {
    invariant(this.#session === undefined, "a disk in use loses no batches by hand");
    return this.#table.lose(count);
  }

  /** Removes one of the files beside the table. Nobody may have it open. */
  lose(file: string): void {
    invariant(this.#session === undefined, "a disk in use loses nothing by hand");
    invariant(this.#files.delete(file), `${file} is on the disk`);
  }

  /** Names of the files beside the table. */
  files(): readonly string[] {
    return [...this.#files].filter(([, file]) => file.isThere()).map(([name]) => name);
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
      read: (name) => {
        const fault = this.readFault?.(name);
        if (fault !== undefined) throw fault;
      },
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
      hasRoom: () => !this.full,
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

  #draw(random: Random, parts: readonly DiskPart[] | undefined): Place | undefined {
    const places = this.#places(parts);
    return places[Math.floor(random() * places.length)];
  }

  /** What holds anything. */
  #places(parts: readonly DiskPart[] | undefined): Place[] {
    const table = this.#table;
    const places = [...table.values()].map(([name, { length }]): Place => {
      return {
        part: partOfRecord(name),
        name,
        length,
        flip: (bit) => table.flipBit(name, bit),
        truncate: (kept) => table.truncate(name, kept),
        revert: () => table.revert(name),
      };
    });
    for (const [name, file] of this.#files) {
      if (!file.isThere()) continue;
      places.push({
        part: partOfFile(name),
        name,
        length: file.content().length,
        flip: (bit) => file.flipBit(bit),
        truncate: (kept) => file.truncate(kept),
        revert: () => file.revert(),
      });
    }
    return places.filter(({ part, length }) => length > 0 && (parts?.includes(part) ?? true));
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
