import { MemoryDisk } from "./memory-disk.ts";
import type { Medium } from "./medium.ts";
import { openStorage } from "./open-storage.ts";
import type { StorageOptions } from "./options.ts";
import { rebuildStorage } from "./rebuilding.ts";
import type { Refounding } from "./refounding.ts";
import { refoundStorage } from "./refounding.ts";
import { retireStorage } from "./retirement.ts";
import type { Storage } from "./storage.ts";

/** Storage on a disk in memory. */
export interface MemoryStorageOptions extends StorageOptions {
  /** Outlives the storage; one of its own by default. */
  readonly disk?: MemoryDisk;
}

/**
 * The twin of `openLevelStorage` for tests and the simulator: the same code and layout on a disk in
 * memory.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export async function openMemoryStorage(options: MemoryStorageOptions): Promise<Storage> {
  return await openStorage(mediumOf(options), options);
}

/** The twin of `rebuildLevelStorage`. @throws {StorageError} As it does. */
export async function rebuildMemoryStorage(options: MemoryStorageOptions): Promise<Storage> {
  return await rebuildStorage(mediumOf(options), options);
}

/** The twin of `refoundLevelStorage`. @throws {StorageError} As it does. */
export async function refoundMemoryStorage(
  options: MemoryStorageOptions & Refounding,
): Promise<Storage> {
  return await refoundStorage(mediumOf(options), options);
}

/** The twin of `retireLevelStorage`. @throws {StorageError} As it does. */
export async function retireMemoryStorage(options: MemoryStorageOptions): Promise<void> {
  await retireStorage(mediumOf(options), options);
}

function mediumOf({ disk = new MemoryDisk() }: MemoryStorageOptions): Medium {
  return disk.medium();
}
