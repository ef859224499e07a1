/** Time as an argument, so that tests can turn it by hand. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
  /** Calls back once, no earlier than asked for; the function returned takes the call back. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's own monotonic clock. Its timers keep the process alive while one is set. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
