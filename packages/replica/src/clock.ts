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
};

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
