import { randomBytes } from "node:crypto";
import { statfsSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * A file that holds some space. Writes are refused while less than as much is left beside it, so
 * that level, which writes tables when it opens and whenever it compacts, still can. If others fill
 * the disk, the file is deleted, and the store can be opened, read and compacted all the same, and
 * votes.
 */
export class Reserve {
  readonly #directory: string;
  readonly #path: string;
  readonly #bytes: number;
  readonly #onFreed: () => void;
  #isThere = false;

  constructor(directory: string, bytes: number, onFreed: () => void) {
    this.#directory = directory;
    this.#path = join(directory, "reserve");
    this.#bytes = bytes;
    this.#onFreed = onFreed;
  }

  /** Called before level is opened: frees the file if little space is left beside it. */
  async makeRoom(): Promise<void> {
    if (this.#bytes === 0) return;
    if (availableBytes(this.#directory, Infinity) < this.#bytes) await this.free();
  }

  /** Makes the file if there is space for it. */
  async renew(): Promise<void> {
    if (this.#bytes > 0) await this.#look();
  }

  /**
   * Whether so many bytes may be written. Looks at the disk each time, which takes microseconds:
   * others may fill it at any moment, and level does not survive a write that finds no space.
   */
  hasRoom(bytes: number): boolean | Promise<boolean> {
    if (this.#bytes === 0) return true;
    if (!this.#isThere) return this.#lookAgain(bytes);
    const available = availableBytes(this.#directory, 0);
    // Others have filled the disk: what is left to do, votes and compaction, needs some space.
    if (available < this.#bytes / 2) return this.free().then(() => false);
    return available - bytes >= this.#bytes;
  }

  /** True if there was something to free. */
  async free(): Promise<boolean> {
    this.#isThere = false;
    const wasThere = (await this.#size()) > 0;
    await rm(this.#path, { force: true });
    if (wasThere) this.#onFreed();
    return wasThere;
  }

  async #lookAgain(bytes: number): Promise<boolean> {
    await this.#look();
    return this.#isThere && (await this.hasRoom(bytes));
  }

  /** Makes the file if as much would be left beside it. */
  async #look(): Promise<void> {
    try {
      this.#isThere = (await this.#size()) >= this.#bytes;
      if (this.#isThere || availableBytes(this.#directory, 0) < 2 * this.#bytes) return;
      await this.#fill();
      this.#isThere = true;
    } catch {
      this.#isThere = false;
    }
  }

  async #size(): Promise<number> {
    return await stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    );
  }

  /** With chance bytes: a hole, or zeros on a file system that packs, would reserve nothing. */
  async #fill(): Promise<void> {
    const file = await open(this.#path, "w");
    try {
      const block = randomBytes(Math.min(this.#bytes, 1024 * 1024));
      for (let at = 0; at < this.#bytes; at += block.length) {
        await file.write(block, 0, Math.min(block.length, this.#bytes - at), at);
      }
      await file.sync();
    } catch (error) {
      await rm(this.#path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }
}

/** From the counters of the file system: it does not wait for the disk. */
function availableBytes(directory: string, unknown: number): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return unknown;
  }
}
