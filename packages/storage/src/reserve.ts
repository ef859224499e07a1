import { randomBytes } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/**
 * A file that holds some space. Writes are refused while less than as much is left beside it, so
 * that level, which writes tables when it opens and whenever it compacts, still can. If others fill
 * the disk, the file is deleted, and the store can be opened, read and compacted all the same.
 */
export class Reserve {
  readonly #directory: string;
  readonly #path: string;
  readonly #bytes: number;
  readonly #onFreed: () => void;
  #hasRoom = false;
  /** What has been written since the last look, at most. */
  #written = 0;

  constructor(directory: string, bytes: number, onFreed: () => void) {
    this.#directory = directory;
    this.#path = join(directory, "reserve");
    this.#bytes = bytes;
    this.#onFreed = onFreed;
  }

  /** Called before level is opened: frees the file if little space is left beside it. */
  async makeRoom(): Promise<void> {
    if (this.#bytes === 0) return;
    const available = await this.#available().catch(() => Infinity);
    if (available < this.#bytes) await this.free();
  }

  /** Makes the file if there is space for it. */
  async renew(): Promise<void> {
    if (this.#bytes > 0) await this.#look();
  }

  /**
   * Whether so many bytes may be written. Looks at the disk now and then; always when it was full.
   */
  async hasRoom(bytes: number): Promise<boolean> {
    if (this.#bytes === 0) return true;
    this.#written += bytes;
    if (!this.#hasRoom || this.#written > this.#bytes / looksPerReserve) await this.#look();
    return this.#hasRoom;
  }

  /** True if there was something to free. */
  async free(): Promise<boolean> {
    this.#hasRoom = false;
    const isThere = (await this.#size()) > 0;
    await rm(this.#path, { force: true });
    if (isThere) this.#onFreed();
    return isThere;
  }

  async #look(): Promise<void> {
    this.#written = 0;
    try {
      const isThere = (await this.#size()) >= this.#bytes;
      const available = await this.#available();
      this.#hasRoom = available >= (isThere ? this.#bytes : 2 * this.#bytes);
      if (this.#hasRoom && !isThere) await this.#fill();
    } catch {
      this.#hasRoom = false;
    }
  }

  async #available(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#directory);
    return bavail * bsize;
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

const looksPerReserve = 8;
