import type { Crash } from "./memory-damage.ts";

/** What happened to a file since it was last durable, in order. */
type Change =
  /** The name is there, with this content; whole or not at all. */
  | { readonly kind: "replace"; readonly data: Buffer }
  /** The name is there, with nothing in it. */
  | { readonly kind: "create" }
  | { readonly kind: "write"; readonly at: number; readonly data: Buffer }
  | { readonly kind: "remove" };

/** What a crash did to a file. */
export type FileFate = "kept" | "lost" | "torn";

const nothing: Buffer = Buffer.alloc(0);

/** A file of the memory disk: what readers see, and what a crash leaves of it. */
export class MemoryFile {
  #visible: Buffer = nothing;
  #length = 0;
  #there = false;
  #durable: Buffer | undefined;
  /** What was durable before, for the day when it comes back. */
  #older: Buffer | undefined;
  #changes: Change[] = [];

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
    this.#put(at, data);
    this.#changes.push({ kind: "write", at, data: Buffer.from(data) });
  }

  create(): void {
    this.#show(nothing);
    this.#changes.push({ kind: "create" });
  }

  replace(data: Buffer): void {
    this.#show(Buffer.from(data));
    this.#changes.push({ kind: "replace", data: Buffer.from(data) });
  }

  remove(): void {
    this.#there = false;
    this.#changes.push({ kind: "remove" });
  }

  /** Gives what makes durable what was done up to now, not what is done while the disk is at it. */
  sync(): () => void {
    const count = this.#changes.length;
    return () => {
      const done = this.#changes.splice(0, count);
      if (done.length > 0) this.#settle(outcome(this.#durable, done));
    };
  }

  /**
   * Each change that was not synced survives or not; of a write also a beginning may. Pages reach
   * the disk in any order, so a later write may be there without an earlier one. A name that was
   * not synced takes everything in it along.
   */
  crash({ keepUnsynced, random }: Crash): FileFate {
    let fate: FileFate = "kept";
    const survivors: Change[] = [];
    for (const change of this.#changes) {
      if (random() < keepUnsynced) {
        survivors.push(change);
        continue;
      }
      fate = "lost";
      if (change.kind === "create") break;
      if (change.kind !== "write" || keepUnsynced === 0 || random() < 0.5) continue;
      const data = change.data.subarray(0, Math.floor(random() * change.data.length));
      survivors.push({ ...change, data });
      fate = "torn";
    }
    if (this.#changes.length > 0) this.#settle(outcome(this.#durable, survivors));
    this.#changes = [];
    this.#there = this.#durable !== undefined;
    this.#visible = Buffer.from(this.#durable ?? nothing);
    this.#length = this.#visible.length;
    return fate;
  }

  flipBit(bit: number): void {
    for (const data of [this.content(), this.#durable]) {
      const byte = data?.[bit >>> 3];
      if (data !== undefined && byte !== undefined) data[bit >>> 3] = byte ^ (1 << (bit & 7));
    }
  }

  truncate(length: number): void {
    this.#visible = Buffer.from(this.content().subarray(0, length));
    this.#length = this.#visible.length;
    this.#durable &&= Buffer.from(this.#durable.subarray(0, length));
  }

  /** An older content comes back, in the sight of readers too. False if there was none. */
  revert(): boolean {
    if (this.#older === undefined || !this.#there) return false;
    this.#show(Buffer.from(this.#older));
    this.#durable = Buffer.from(this.#older);
    return true;
  }

  #show(data: Buffer): void {
    this.#visible = data;
    this.#length = data.length;
    this.#there = true;
  }

  #put(at: number, data: Buffer): void {
    const end = at + data.length;
    if (end > this.#visible.length) {
      const larger = Buffer.alloc(Math.max(end, this.#visible.length * 2));
      this.content().copy(larger);
      this.#visible = larger;
    }
    data.copy(this.#visible, at);
    this.#length = Math.max(this.#length, end);
  }

  #settle(durable: Buffer | undefined): void {
    this.#older = this.#durable;
    this.#durable = durable;
  }
}

/** What is durable once changes were made to what was. */
function outcome(before: Buffer | undefined, changes: readonly Change[]): Buffer | undefined {
  const content = Buffer.alloc(Math.max(before?.length ?? 0, ...changes.map(endOf)));
  let length: number | undefined = before?.copy(content);
  for (const change of changes) {
    switch (change.kind) {
      case "create":
        content.fill(0);
        length = 0;
        break;
      case "replace":
        length = change.data.copy(content);
        break;
      case "write":
        if (length === undefined) break;
        change.data.copy(content, change.at);
        length = Math.max(length, endOf(change));
        break;
      case "remove":
        length = undefined;
    }
  }
  return length === undefined ? undefined : content.subarray(0, length);
}

function endOf(change: Change): number {
  if (change.kind === "write") return change.at + change.data.length;
  return change.kind === "replace" ? change.data.length : 0;
}
