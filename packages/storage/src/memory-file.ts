/** A file of the memory disk: what readers see, and what a crash leaves of it. */
export class MemoryFile {
  #visible: Buffer = Buffer.alloc(0);
  #length = 0;
  #there = false;
  #durable: Buffer | undefined;
  /** Seen and durable differ. */
  #unsynced = false;

  isThere(): boolean {
    return this.#there;
  }

  /** Neither seen nor durable. */
  isGone(): boolean {
    return !this.#there && this.#durable === undefined;
  }

  /** Not a copy. Stays for those who opened the file before it was removed. */
  content(): Buffer {
    return this.#visible.subarray(0, this.#length);
  }

  write(at: number, data: Buffer): void {
    const end = at + data.length;
    if (end > this.#visible.length) {
      const larger = Buffer.alloc(Math.max(end, this.#visible.length * 2));
      this.content().copy(larger);
      this.#visible = larger;
    }
    data.copy(this.#visible, at);
    this.#length = Math.max(this.#length, end);
    this.#unsynced = true;
  }

  replace(data: Buffer): void {
    this.#visible = Buffer.from(data);
    this.#length = data.length;
    this.#there = true;
    this.#unsynced = true;
  }

  remove(): void {
    this.#there = false;
    this.#unsynced = true;
  }

  sync(): void {
    this.#durable = this.#there ? Buffer.from(this.content()) : undefined;
    this.#unsynced = false;
  }

  crash(keep: () => boolean): void {
    if (!this.#unsynced) return;
    if (keep()) this.sync();
    this.#there = this.#durable !== undefined;
    this.#visible = Buffer.from(this.#durable ?? []);
    this.#length = this.#visible.length;
    this.#unsynced = false;
  }

  flipBit(bit: number): void {
    for (const data of [this.content(), this.#durable]) {
      const byte = data?.[bit >>> 3];
      if (data !== undefined && byte !== undefined) data[bit >>> 3] = byte ^ (1 << (bit & 7));
    }
  }
}
