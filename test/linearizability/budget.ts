/** How much work a judgement may take. Whatever is left out does not limit it. */
export interface Limit {
  /** Attempts to place an operation. A history uses the same number on every machine. */
  readonly steps?: number;
  readonly ms?: number;
  /** A monotonic clock in milliseconds for `ms`. */
  readonly nowMs?: () => number;
}

/** Steps between two looks at the clock. */
const stepsUnseen = 1_024;

/** Work that is left. */
export class Budget {
  readonly #whole: Budget | undefined;
  readonly #nowMs: () => number;
  readonly #deadlineMs: number;
  #left: number;
  #used = 0;
  #isLate = false;

  /** A budget of its own, or a part of a whole: what a part uses is used of both. */
  constructor(limit: Limit, whole?: Budget) {
    const { steps = Number.POSITIVE_INFINITY, ms, nowMs = () => performance.now() } = limit;
    this.#whole = whole;
    this.#left = steps;
    this.#nowMs = nowMs;
    this.#deadlineMs = ms === undefined ? Number.POSITIVE_INFINITY : nowMs() + ms;
  }

  /** Steps taken so far. */
  get used(): number {
    return this.#used;
  }

  /** Takes a step; false when there is nothing left. */
  spend(): boolean {
    if (this.#left <= 0 || this.#isLate || this.#whole?.spend() === false) return false;
    this.#left -= 1;
    this.#used += 1;
    if (this.#used % stepsUnseen === 0 && Number.isFinite(this.#deadlineMs)) {
      this.#isLate = this.#nowMs() >= this.#deadlineMs;
    }
    return true;
  }
}
