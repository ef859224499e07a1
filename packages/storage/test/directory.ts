import { access, constants, cp, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { onTestFinished } from "vitest";
import type { LevelStorageOptions, Storage } from "../src/index.ts";
import { openLevelStorage } from "../src/index.ts";
import { codec, identity } from "./samples.ts";

/**
 * A directory that is gone when the test is over. In memory if possible: these tests damage what
 * was synced, over and over, and need no disk that is slow at it.
 */
export async function temporaryDirectory(): Promise<string> {
  const root = await access("/dev/shm", constants.W_OK).then(
    () => "/dev/shm",
    () => tmpdir(),
  );
  const directory = await mkdtemp(join(root, "meridian-storage-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export function openAt(
  directory: string,
  options: Partial<LevelStorageOptions> = {},
): Promise<Storage> {
  return openLevelStorage({ identity, codec, directory, reserveBytes: 0, ...options });
}

/** Opens the storage, uses it and closes it, whatever happens. */
export async function using<T>(
  directory: string,
  use: (storage: Storage) => Promise<T>,
  options: Partial<LevelStorageOptions> = {},
): Promise<T> {
  const storage = await openAt(directory, options);
  try {
    return await use(storage);
  } finally {
    await storage.close();
  }
}

/** A copy as a killed process leaves it. */
export async function copyOf(directory: string): Promise<string> {
  const copy = join(await temporaryDirectory(), "copy");
  await cp(directory, copy, { recursive: true });
  await rm(join(copy, "owner.json"), { force: true }); // It names this process, which is alive.
  return copy;
}

/** Paths of all files that are not empty, relative to the directory, in a fixed order. */
export async function filesOf(directory: string): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await stat(path)).size > 0) paths.push(relative(directory, path));
  }
  return paths.toSorted();
}
