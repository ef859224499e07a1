/** Time over which is counted. */
const windowMs = 100;
/** In shorter times than this nothing need have happened. */
const pauseMs = 100;

/**
 * How many writes leave a queue in a millisecond when they have to wait for each other. While they
 * come one by one it only shows how many come, and so is taken into account only as far as it
 * proves that more can be done.
 */
export class DrainRate {
  readonly #lateMs: number;
  #perMs: number | undefined;
  #fromMs = -Infinity;
  #lastMs = -Infinity;
  #count = 0;
  #isLate = false;

  /** Who has waited for longer than `lateMs` has waited for others. */
  constructor(lateMs: number) {
    this.#lateMs = lateMs;
  }

  /** Writes a millisecond; undefined until many had to wait. */
  get perMs(): number | undefined {
    return this.#perMs;
  }

  /** A write has left after so long. */
  left(nowMs: number, waitedMs: number): void {
    // While nothing waited there was nothing to be done. A time in which nobody led counts: it is
    // forgotten within a second, and one in which everything stood still looks the same.
    const gapMs = nowMs - this.#lastMs;
    if (gapMs > pauseMs && gapMs > waitedMs) this.#begin(nowMs);
    else if (nowMs > this.#lastMs && this.#lastMs - this.#fromMs >= windowMs) this.#end();
    this.#lastMs = nowMs;
    // Those that leave at the very beginning were worked on before it.
    if (nowMs > this.#fromMs) this.#count += 1;
    if (waitedMs > this.#lateMs) this.#isLate = true;
  }

  #end(): void {
    const measured = this.#count / (this.#lastMs - this.#fromMs);
    const known = this.#perMs;
    if (this.#isLate || (known !== undefined && measured > known)) {
      this.#perMs = known === undefined ? measured : (known + measured) / 2;
    }
    this.#begin(this.#lastMs);
  }

  #begin(nowMs: number): void {
    this.#fromMs = nowMs;
    this.#count = 0;
    this.#isLate = false;
  }
}
