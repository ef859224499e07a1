import type { FileHandle } from "node:fs/promises";
import { mkdir, open, readdir, readFile, rename, rm, unlink } from "node:fs/promises";
import { existsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { toReadError, toStorageError } from "./level-error.ts";
import type { Files, OpenFile } from "./medium.ts";

/**
 * The files of a directory. Content and names are synced: a name that is not may vanish in a power
 * failure.
 */
export class DirectoryFiles implements Files {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async list(): Promise<readonly string[]> {
    const names = attempt(() => ifThere(readdir(this.#directory)), `reading ${this.#directory}`);
    return (await names) ?? [];
  }

  async read(name: string): Promise<Buffer | undefined> {
    return attempt(() => ifThere(readFile(this.#path(name))), `reading ${name}`, toReadError);
  }

  async replace(name: string, data: Buffer): Promise<void> {
    await attempt(async () => {
      const path = this.#path(name);
      const file = await open(`${path}.new`, "w");
      try {
        await file.writeFile(data);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      await syncDirectory(this.#directory);
    }, `writing ${name}`);
  }

  async remove(name: string): Promise<void> {
    await attempt(() => ifThere(unlink(this.#path(name))), `deleting ${name}`);
  }

  async move(name: string, place: string): Promise<void> {
    await moveInto(this.#directory, name, place);
  }

  async discard(place: string): Promise<void> {
    const what = `deleting ${place}`;
    await attempt(() => rm(this.#path(place), { recursive: true, force: true }), what);
  }

  async create(name: string): Promise<OpenFile> {
    return attempt(async () => {
      const file = await open(this.#path(name), "w+");
      return new DirectoryFile(name, file, this.#directory);
    }, `making ${name}`);
  }

  async open(name: string): Promise<OpenFile | undefined> {
    return attempt(async () => {
      const file = await ifThere(open(this.#path(name), "r+"));
      return file && new DirectoryFile(name, file, undefined);
    }, `opening ${name}`);
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

/** Moves a file or folder, if it is there, into another folder beside it, durably. */
export async function moveInto(directory: string, name: string, place: string): Promise<void> {
  await attempt(async () => {
    const [from, folder] = [join(directory, name), join(directory, place)];
    if (!existsSync(from)) return;
    await mkdir(folder, { recursive: true });
    await rm(join(folder, name), { recursive: true, force: true });
    await rename(from, join(folder, name));
    await syncDirectory(folder);
    await syncDirectory(directory);
  }, `moving ${name} into ${place}`);
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

class DirectoryFile implements OpenFile {
  readonly #name: string;
  readonly #file: FileHandle;
  /** Directory whose entry for a new file is not durable yet. */
  #unsynced: string | undefined;
  /** Small writes that do not keep others waiting, since one did. */
  #putsAside = 0;

  constructor(name: string, file: FileHandle, unsyncedDirectory: string | undefined) {
    this.#name = name;
    this.#file = file;
    this.#unsynced = unsyncedDirectory;
  }

  async size(): Promise<number> {
    return attempt(async () => (await this.#file.stat()).size, `reading ${this.#name}`);
  }

  async read(at: number, length: number): Promise<Buffer> {
    return attempt(
      async () => {
        const data = Buffer.allocUnsafe(length);
        const { bytesRead } = await this.#file.read(data, 0, length, at);
        return data.subarray(0, bytesRead);
      },
      `reading ${this.#name}`,
      toReadError,
    );
  }

  async write(at: number, data: Buffer): Promise<void> {
    await attempt(async () => {
      for (let done = 0; done < data.length;) {
        const { bytesWritten } = await this.#file.write(data, done, data.length - done, at + done);
        done += bytesWritten;
      }
    }, `writing ${this.#name}`);
  }

  /**
   * To the page cache, which takes microseconds; by a thread it would take ten times that. Where a
   * file system makes it wait, for a disk that is slow, the next ones go by a thread all the same.
   */
  put(at: number, data: Buffer): Promise<void> | undefined {
    if (this.#putsAside > 0) {
      this.#putsAside -= 1;
      return this.write(at, data);
    }
    const begunMs = performance.now();
    try {
      for (let done = 0; done < data.length;) {
        done += writeSync(this.#file.fd, data, done, data.length - done, at + done);
      }
    } catch (error) {
      throw toStorageError(error, `writing ${this.#name}`);
    }
    if (performance.now() - begunMs > slowPutMs) this.#putsAside = putsAside;
    return undefined;
  }

  async sync(): Promise<void> {
    await attempt(async () => {
      await this.#file.sync();
      if (this.#unsynced === undefined) return;
      await syncDirectory(this.#unsynced);
      this.#unsynced = undefined;
    }, `syncing ${this.#name}`);
  }

  async close(): Promise<void> {
    await attempt(() => this.#file.close(), `closing ${this.#name}`);
  }
}

/** A small write that took longer waited for something. */
const slowPutMs = 5;
/** So many do not keep others waiting then. */
const putsAside = 1_000;

async function attempt<T>(
  task: () => Promise<T>,
  doing: string,
  named: typeof toStorageError = toStorageError,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw named(error, doing);
  }
}

async function ifThere<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
