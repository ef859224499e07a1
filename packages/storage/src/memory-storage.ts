import { MemoryDisk } from "./memory-disk.ts";
import { openStorage } from "./open-storage.ts";
import type { StorageOptions } from "./options.ts";
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
  const disk = options.disk ?? new MemoryDisk();
  return await openStorage(disk.medium(), options);
}
