import { randomBytes } from "node:crypto";
import { open, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";

/**
 * A file that holds some space. On a full disk it is deleted, so that the store can be opened, read and compacted;
 * until it fits again, with as much to spare, nothing else may be written.
 */
export class Reserve {
  readonly #directory: string;
  readonly #path: string;
  readonly #bytes: number;
  readonly #onFreed: () => void;
  #held = false;

  constructor(directory: string, bytes: number, onFreed: () => void) {
    this.#directory = directory;
    this.#path = join(directory, "reserve");
    this.#bytes = bytes;
    this.#onFreed = onFreed;
  }

  /** Frees the reserve if less space than that is left: what follows on opening takes some. */
  async makeRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#directory);
    if (bavail * bsize < this.#bytes) await this.free();
  }

  /** Whether there is room for more than freeing space. */
  async hasRoom(): Promise<boolean> {
    if (!this.#held) await this.renew();
    return this.#held;
  }

  /** Makes the file again if there is space for it; a failure to do so only shows in `hasRoom`. */
  async renew(): Promise<void> {
    this.#held = await this.#make().catch(() => false);
  }

  /** True if there was something to free. */
  async free(): Promise<boolean> {
    this.#held = false;
    const there = await stat(this.#path).then(
      () => true,
      () => false,
    );
    await rm(this.#path, { force: true });
    if (there) this.#onFreed();
    return there;
  }

  async #make(): Promise<boolean> {
    if (this.#bytes === 0) return true;
    const held = await stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    );
    if (held >= this.#bytes) return true;
    const { bavail, bsize } = await statfs(this.#directory);
    if (bavail * bsize < 2 * this.#bytes) return false;
    await this.#fill();
    return true;
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
