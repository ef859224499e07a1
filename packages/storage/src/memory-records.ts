import type { TableOperation } from "./medium.ts";

/**
 * Records of the memory disk: what readers see, what a crash leaves, and the batches in between.
 */
export class MemoryRecords {
  /** Keys as Latin-1 strings, which sort as their bytes do. */
  #visible = new Map<string, Buffer>();
  #durable = new Map<string, Buffer>();
  #unsynced: (readonly TableOperation[])[] = [];

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
    for (const batch of this.#unsynced.splice(0, count)) apply(this.#durable, batch);
  }

  /** Some of the batches that were not synced survive: the first ones, as in a journal. */
  crash(keep: () => boolean): void {
    for (const batch of this.#unsynced) {
      if (!keep()) break;
      apply(this.#durable, batch);
    }
    this.#unsynced = [];
    this.#visible = new Map(this.#durable);
  }

  wipe(): void {
    this.#visible.clear();
    this.#durable.clear();
    this.#unsynced = [];
  }

  /** Names and values of what is seen. */
  values(): IterableIterator<[string, Buffer]> {
    return this.#visible.entries();
  }

  /** The value is replaced, not changed: whoever read it before keeps what was right. */
  flipBit(name: string, bit: number): void {
    const damaged = Buffer.from(this.#visible.get(name) ?? []);
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    this.#visible.set(name, damaged);
    if (this.#durable.has(name)) this.#durable.set(name, damaged);
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
