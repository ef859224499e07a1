/** Something under way on a line. */
export interface Parcel {
  readonly bytes: number;
  /** Called once, when it arrives. Must not throw. */
  deliver(): void;
}

interface Travelling {
  readonly parcel: Parcel;
  readonly dueMs: number;
}

/**
 * Timers fire on whole milliseconds; a parcel due within this much of one need not wait for the
 * next.
 */
const toleranceMs = 0.5;

/**
 * One direction between two regions: what goes in comes out in the same order, a constant time
 * later. It has no limit of rate, and none of volume either: whoever puts something in bounds what
 * it has under way.
 */
export class DelayLine {
  readonly from: string;
  readonly to: string;
  /** One-way delay without faults, in milliseconds. */
  readonly delayMs: number;
  #extraMs = 0;
  #cut = false;
  #carriedBytes = 0;
  #travelling: Travelling[] = [];
  /** First one that has not arrived; those before it are dropped from the array in batches. */
  #head = 0;

  constructor(from: string, to: string, delayMs: number) {
    this.from = from;
    this.to = to;
    this.delayMs = delayMs;
  }

  /** Delay on top of the constant one; counts for what is put in from now on. */
  get extraMs(): number {
    return this.#extraMs;
  }

  set extraMs(value: number) {
    this.#extraMs = value;
  }

  /**
   * While cut, nothing arrives. What is under way waits, as in a TCP connection that keeps
   * retransmitting.
   */
  get cut(): boolean {
    return this.#cut;
  }

  set cut(value: boolean) {
    this.#cut = value;
  }

  /** Bytes that have arrived since the start. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  /** Puts a parcel in. On an empty line without delay it arrives at once. */
  put(parcel: Parcel, nowMs: number): void {
    const delayMs = this.delayMs + this.#extraMs;
    if (delayMs === 0 && !this.#cut && this.#head === this.#travelling.length) {
      this.#arrive(parcel);
      return;
    }
    // An extra delay that was taken away must not let later parcels overtake earlier ones.
    const lastDueMs = this.#travelling.at(-1)?.dueMs ?? 0;
    this.#travelling.push({ parcel, dueMs: Math.max(lastDueMs, nowMs + delayMs) });
  }

  /** When the next parcel arrives; undefined when none does as things are. */
  nextDueMs(): number | undefined {
    return this.#cut ? undefined : this.#travelling[this.#head]?.dueMs;
  }

  /** Lets everything arrive that is due. */
  advance(nowMs: number): void {
    while (!this.#cut) {
      const next = this.#travelling[this.#head];
      if (next === undefined || next.dueMs > nowMs + toleranceMs) break;
      this.#head += 1;
      this.#arrive(next.parcel);
    }
    if (this.#head === this.#travelling.length) {
      this.#travelling = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#travelling = this.#travelling.slice(this.#head);
      this.#head = 0;
    }
  }

  #arrive(parcel: Parcel): void {
    this.#carriedBytes += parcel.bytes;
    parcel.deliver();
  }
}
