/** A time without an acknowledgement, from and to in milliseconds since the start. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When acknowledgements came. */
export class Pulse {
  readonly #startedMs: number;
  #lastMs: number;
  #longest: Gap = { fromMs: 0, toMs: 0 };
  #count = 0;

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
    this.#lastMs = startedMs;
  }

  get count(): number {
    return this.#count;
  }

  /** An acknowledgement. */
  beat(nowMs: number): void {
    this.#count += 1;
    this.#look(nowMs);
    this.#lastMs = nowMs;
  }

  /** The longest time without one until now. */
  longest(nowMs: number): Gap {
    this.#look(nowMs);
    return this.#longest;
  }

  #look(nowMs: number): void {
    const { fromMs, toMs } = this.#longest;
    if (nowMs - this.#lastMs <= toMs - fromMs) return;
    this.#longest = { fromMs: this.#lastMs - this.#startedMs, toMs: nowMs - this.#startedMs };
  }
}
