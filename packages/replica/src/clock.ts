/** Time and the order of work, injected so that a whole fleet can run on virtual time. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin. */
  nowMs(): number;
  /** Milliseconds since 1970; only for display, ctime and the hybrid logical clock. */
  wallMs(): number;
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Runs `callback` when the input that has already arrived has been read. */
  defer(callback: () => void): void;
  /**
   * Calls back every `periodMs` at moments that all share who ask for this period, so that a
   * process with many nodes wakes up once for all of them. Absent: everybody has his own moments.
   */
  inStep?(periodMs: number, callback: () => void): () => void;
}

/** The machine's clocks and event loop. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer(callback) {
    setImmediate(callback);
  },
  inStep(periodMs, callback) {
    const beat = beats.get(periodMs) ?? new Beat(periodMs);
    beats.set(periodMs, beat);
    return beat.add(callback);
  },
};

/** Timers count in whole milliseconds, and come early by less than two. */
const earlyMsMax = 2;

/** By period. */
const beats = new Map<number, Beat>();

/** One timer of the process for all that is to be done with one period. */
class Beat {
  readonly #periodMs: number;
  readonly #callbacks = new Set<{ readonly callback: () => void }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  add(callback: () => void): () => void {
    const entry = { callback };
    this.#callbacks.add(entry);
    if (this.#timer === undefined) this.#wait();
    return () => {
      this.#callbacks.delete(entry);
      if (this.#callbacks.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** At multiples of the period: those of one are among those of its divisors. */
  #wait(): void {
    const leftMs = this.#periodMs - (performance.now() % this.#periodMs);
    const delayMs = leftMs < earlyMsMax ? leftMs + this.#periodMs : leftMs;
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  #run(): void {
    this.#wait();
    for (const { callback } of this.#callbacks) callback();
  }
}

/**
 * Calls `callback` every `periodMs` until the returned function is called. Late calls are not made
 * up for.
 */
export function every(clock: Clock, periodMs: number, callback: () => void): () => void {
  let cancel = clock.after(periodMs, run);
  function run(): void {
    cancel = clock.after(periodMs, run);
    callback();
  }
  return () => cancel();
}

/** The same for what does not care at which moments: see `Clock.inStep`. */
export function inStep(clock: Clock, periodMs: number, callback: () => void): () => void {
  return clock.inStep?.(periodMs, callback) ?? every(clock, periodMs, callback);
}
