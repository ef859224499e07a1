import type { TableOperation } from "./medium.ts";
import type { Crash } from "./memory-damage.ts";

/** What a batch replaced: values by key, undefined where nothing was. */
type Undo = ReadonlyMap<string, Buffer | undefined>;

/** Batches that can be lost although they were durable. */
const undoMax = 16;

/**
 * Records of the memory disk: what readers see, what a crash leaves, and the batches in between.
 */
export class MemoryRecords {
  /** Keys as Latin-1 strings, which sort as their bytes do. */
  #visible = new Map<string, Buffer>();
  #durable = new Map<string, Buffer>();
  #unsynced: (readonly TableOperation[])[] = [];
  /** Of the newest durable batches, the newest last. */
  #undo: Undo[] = [];

  isEmpty(): boolean {
    return this.#visible.size === 0;
  }

  get(key: Buffer): Buffer | undefined {
    return this.#visible.get(key.toString("latin1"));
  }

  /** Keys in `[from, to)`, ascending. */
  keys(from: Buffer, to: Buffer): Buffer[] {
    const [first, end] = [from.toString("latin1"), to.toString("latin1")];
    const keys = [...this.#visible.keys()].filter((key) => key >= first && key < end);
    return keys.toSorted(byCodeUnit).map((key) => Buffer.from(key, "latin1"));
  }

  /** Seen at once. Values are kept, not copied. */
  write(operations: readonly TableOperation[]): void {
    apply(this.#visible, operations);
    this.#unsynced.push(operations);
  }

  /** Makes durable what was written up to this batch. */
  sync(operations: readonly TableOperation[]): void {
    const count = this.#unsynced.indexOf(operations) + 1;
    for (const batch of this.#unsynced.splice(0, count)) this.#settle(batch);
  }

  /**
   * Some of the batches that were not synced survive: the first ones, as in a journal. It may end
   * in the middle of a batch; such a batch is gone whole, as level drops it.
   */
  crash({ keepUnsynced, random }: Crash): { readonly lost: number; readonly torn: boolean } {
    let kept = 0;
    while (kept < this.#unsynced.length && random() < keepUnsynced) kept += 1;
    for (const batch of this.#unsynced.slice(0, kept)) this.#settle(batch);
    const lost = this.#unsynced.length - kept;
    this.#unsynced = [];
    this.#visible = new Map(this.#durable);
    return { lost, torn: lost > 0 && keepUnsynced > 0 && random() < 0.5 };
  }

  wipe(): void {
    this.#visible.clear();
    this.#durable.clear();
    this.#unsynced = [];
    this.#undo = [];
  }

  /** Names and values of what is seen. */
  values(): IterableIterator<[string, Buffer]> {
    return this.#visible.entries();
  }

  /** The value is replaced, not changed: whoever read it before keeps what was right. */
  flipBit(name: string, bit: number): void {
    const damaged = Buffer.from(this.#visible.get(name) ?? []);
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    this.#damage(name, damaged);
  }

  truncate(name: string, length: number): void {
    this.#damage(
      name,
      Buffer.from((this.#visible.get(name) ?? Buffer.alloc(0)).subarray(0, length)),
    );
  }

  /** The value before the last one comes back. False if none is remembered. */
  revert(name: string): boolean {
    const undo = this.#undo.findLast((batch) => batch.has(name));
    const older = undo?.get(name);
    if (older === undefined || !this.#visible.has(name)) return false;
    this.#damage(name, older);
    return true;
  }

  /** The newest durable batches are gone, at most those that are remembered; gives how many. */
  lose(count: number): number {
    const lost = this.#undo.splice(Math.max(0, this.#undo.length - count));
    for (const undo of lost.toReversed()) {
      for (const [key, value] of undo) {
        if (value === undefined) this.#durable.delete(key);
        else this.#durable.set(key, value);
      }
    }
    this.#visible = new Map(this.#durable);
    return lost.length;
  }

  #damage(name: string, value: Buffer): void {
    this.#visible.set(name, value);
    if (this.#durable.has(name)) this.#durable.set(name, value);
  }

  #settle(batch: readonly TableOperation[]): void {
    const undo = new Map<string, Buffer | undefined>();
    for (const { key } of batch) {
      const name = key.toString("latin1");
      undo.set(name, this.#durable.get(name));
    }
    this.#undo.push(undo);
    if (this.#undo.length > undoMax) this.#undo.shift();
    apply(this.#durable, batch);
  }
}

function apply(records: Map<string, Buffer>, operations: readonly TableOperation[]): void {
  for (const operation of operations) {
    const key = operation.key.toString("latin1");
    if (operation.type === "put") records.set(key, operation.value);
    else records.delete(key);
  }
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
