/**
 * Appends on their way to one follower: a ring of last index and size, bounded by count and bytes.
 * Etcd's `tracker.Inflights` is the model.
 */
export class Inflight {
  readonly #countMax: number;
  readonly #bytesMax: number;
  readonly #indexes: number[] = [];
  readonly #sizes: number[] = [];
  #start = 0;
  #count = 0;
  #bytes = 0;

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  /** How many appends. */
  get count(): number {
    return this.#count;
  }

  /** True: send no more entries until some are answered. */
  get full(): boolean {
    return this.#count >= this.#countMax || this.#bytes >= this.#bytesMax;
  }

  /** Notes an append whose last entry has this index. */
  add(index: number, bytes: number): void {
    const at = (this.#start + this.#count) % this.#countMax;
    this.#indexes[at] = index;
    this.#sizes[at] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Forgets the appends that an answer up to this index covers. */
  freeTo(index: number): void {
    while (this.#count > 0 && this.#indexes[this.#start]! <= index) {
      this.#bytes -= this.#sizes[this.#start]!;
      this.#start = (this.#start + 1) % this.#countMax;
      this.#count--;
    }
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }
}
