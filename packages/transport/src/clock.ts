/** Time, injected so that connections can live on virtual time. */
export interface TransportClock {
  /** Monotonic milliseconds from an arbitrary origin. */
  nowMs(): number;
  /**
   * Runs `callback` once after `delayMs`; the returned function cancels it. Equal times run in the
   * order asked for.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's own. Its timers do not keep a process alive. */
export const machineClock: TransportClock = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
