import type { Runtime } from "./runtime.ts";

/** Timers of Node ring at once when they are set to more; who is woken early asks again. */
const timerMaxMs = 2 ** 31 - 1;

/**
 * One timer for many deadlines: it rings at the earliest time asked for, and whoever owns it looks
 * what is due and asks again. Thousands of operations so cost one timer a deadline, not one each.
 */
export class Alarm {
  readonly #runtime: Runtime;
  readonly #ring: () => void;
  #atMs = Infinity;
  #cancel: (() => void) | undefined;

  constructor(runtime: Runtime, ring: () => void) {
    this.#runtime = runtime;
    this.#ring = ring;
  }

  /** Rings at this time or earlier. */
  setNoLaterThan(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel?.();
    this.#atMs = atMs;
    const delayMs = Math.max(0, Math.ceil(atMs - this.#runtime.nowMs()));
    const timerMs = Math.min(delayMs, timerMaxMs);
    this.#cancel = this.#runtime.after(timerMs, () => {
      this.#atMs = Infinity;
      this.#cancel = undefined;
      this.#ring();
    });
  }

  /** Rings no more, until it is set again. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#atMs = Infinity;
  }
}
