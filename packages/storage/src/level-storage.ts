import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { toStorageError } from "./level-error.ts";
import { DirectoryFiles, moveInto, syncDirectory } from "./level-files.ts";
import { inspectLevel } from "./level-inspection.ts";
import { LevelTable } from "./level-table.ts";
import type { Files, Medium, Table } from "./medium.ts";
import { openStorage } from "./open-storage.ts";
import type { StorageNotice, StorageOptions } from "./options.ts";
import { OwnerNote } from "./owner-note.ts";
import { rebuildStorage } from "./rebuilding.ts";
import type { Refounding } from "./refounding.ts";
import { refoundStorage } from "./refounding.ts";
import { Reserve } from "./reserve.ts";
import { retireStorage } from "./retirement.ts";
import type { Storage } from "./storage.ts";
import { StorageError } from "./storage.ts";

/** Storage in a directory of its own. */
export interface LevelStorageOptions extends StorageOptions {
  /** Made if `create` is given. */
  readonly directory: string;
  /**
   * Kept in reserve for opening and compacting when the disk is full, in bytes, and writes stop
   * while less than as much is left beside it; default 48 MiB. On opening and in one compaction
   * level writes up to about 40 MiB. 0: nothing is kept, and nothing watched.
   */
  readonly reserveBytes?: number;
}

/**
 * Opens a member's storage in a directory, for this process alone.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export function openLevelStorage(options: LevelStorageOptions): Promise<Storage> {
  return onDirectory("opening", options, (medium) => openStorage(medium, options));
}

/**
 * Makes a member whose data is damaged usable again: with its promises, birth and acquaintances,
 * otherwise empty and `recovering`. What was there is set aside in the folder `damaged`.
 * @throws {StorageError} MISSING, CORRUPT if the member file itself is gone, damaged or an old one;
 * IN_USE, WRONG_IDENTITY, FULL, IO.
 */
export function rebuildLevelStorage(options: LevelStorageOptions): Promise<Storage> {
  return onDirectory("rebuilding", options, (medium) => rebuildStorage(medium, options));
}

/**
 * Opens a member as its next incarnation: the same log, promises and birth, and a configuration
 * that is in force by hand from the log's last index on.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export function refoundLevelStorage(options: LevelStorageOptions & Refounding): Promise<Storage> {
  return onDirectory("refounding", options, (medium) => refoundStorage(medium, options));
}

/**
 * Moves the data of the member `identity` into the folder `abandoned-<incarnation>`, so that a new
 * member can be made in its place.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export function retireLevelStorage(options: LevelStorageOptions): Promise<void> {
  return onDirectory("retiring", options, (medium) => retireStorage(medium, options));
}

async function onDirectory<T>(
  doing: string,
  options: LevelStorageOptions,
  task: (medium: Medium) => Promise<T>,
): Promise<T> {
  const directory = resolve(options.directory);
  try {
    if (options.create === true) await makeDirectory(directory);
    return await task(new LevelMedium(directory, options));
  } catch (error) {
    throw toStorageError(error, `${doing} ${directory}`);
  }
}

/** A level database in `log/`, and the files beside it. */
class LevelMedium implements Medium {
  readonly files: Files;
  readonly #directory: string;
  readonly #owner: OwnerNote;
  readonly #reserve: Reserve;
  readonly #onNotice: LevelStorageOptions["onNotice"];
  /** The note of an owner is this one's. */
  #claimed = false;

  constructor(directory: string, options: Pick<LevelStorageOptions, "reserveBytes" | "onNotice">) {
    this.files = new DirectoryFiles(directory);
    this.#directory = directory;
    this.#owner = new OwnerNote(directory);
    this.#onNotice = options.onNotice;
    const bytes = options.reserveBytes ?? reserveBytesDefault;
    this.#reserve = new Reserve(directory, bytes, () => options.onNotice?.(reserveFreed));
  }

  async openTable(mayCreate: boolean): Promise<Table> {
    const location = join(this.#directory, tableFolder);
    const notices = await this.#inspect(location);
    // Level compacts as soon as it is open, and never recovers if there is no space for it.
    if (!(await this.#isHeld())) await this.#reserve.makeRoom();
    const table = await this.#openLevel(location, mayCreate);
    try {
      for (const notice of notices) this.#onNotice?.(notice);
      await this.#reserve.renew();
      await this.#owner.write();
      await syncDirectory(this.#directory);
      return table;
    } catch (error) {
      await table.close();
      throw error;
    }
  }

  async claim(): Promise<void> {
    if (await this.#isHeld()) throw await this.#inUse(undefined);
    if (await LevelTable.isOpen(join(this.#directory, tableFolder)))
      throw await this.#inUse(undefined);
    this.#claimed = true;
    await this.#owner.write();
  }

  async moveTable(place: string): Promise<void> {
    await moveInto(this.#directory, tableFolder, place);
  }

  hasRoom(bytes: number): boolean | Promise<boolean> {
    return this.#reserve.hasRoom(bytes);
  }

  async release(): Promise<void> {
    this.#claimed = false;
    await this.#owner.remove();
  }

  /**
   * Level writes a table when it opens, so it cannot on a full disk; then the reserve makes room.
   */
  async #openLevel(location: string, mayCreate: boolean): Promise<LevelTable> {
    try {
      return await LevelTable.open(location, mayCreate);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === "IN_USE") throw await this.#inUse(error);
      if (error.code !== "FULL" || !(await this.#reserve.free())) throw error;
      return await LevelTable.open(location, mayCreate);
    }
  }

  /** Before level has the lock: a process that is using the files changes them meanwhile. */
  async #inspect(location: string): Promise<readonly StorageNotice[]> {
    if (!existsSync(join(location, "CURRENT"))) return [];
    try {
      return await inspectLevel(location);
    } catch (error) {
      throw (await this.#isHeld()) ? await this.#inUse(error) : error;
    }
  }

  /** By another one, as far as its note says. */
  async #isHeld(): Promise<boolean> {
    return !this.#claimed && (await this.#owner.isAlive());
  }

  async #inUse(cause: unknown): Promise<StorageError> {
    const message = `${this.#directory} is in use by ${await this.#owner.describe()}`;
    return new StorageError("IN_USE", message, { cause });
  }
}

/** Where level's files lie. */
const tableFolder = "log";
const reserveBytesDefault = 48 * 1024 * 1024;
const reserveFreed: StorageNotice = { kind: "reserve-freed" };

/** A directory whose own name is durable too. */
async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await syncDirectory(dirname(directory));
}
