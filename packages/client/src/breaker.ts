/** When a breaker opens and how often it lets somebody try. */
export interface BreakerOptions {
  /** Failures in a row, without a success in between, before it may open. */
  readonly failuresMin: number;
  /** Time without a success before it opens. */
  readonly openAfterMs: number;
  /** Time without a failure after which it forgets. */
  readonly forgetAfterMs: number;
  /** While open, one operation is let through this often. */
  readonly probeMs: number;
}

/**
 * Circuit breaker of one cluster. While it is closed, operations wait and retry within their
 * deadline; once nothing has worked for `openAfterMs` it opens and new ones fail at once, but for
 * one probe per `probeMs`. Any success closes it. The caller passes the time.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #failingSinceMs = 0;
  #failedAtMs = 0;
  #nextProbeAtMs = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** The cluster answered, or a member welcomed us that knows its leader. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** A member could not be reached, or the cluster did not do its work in time. */
  failed(nowMs: number): void {
    if (this.#failures === 0) this.#failingSinceMs = nowMs;
    this.#failures += 1;
    this.#failedAtMs = nowMs;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether operations fail fast now. */
  isOpen(nowMs: number): boolean {
    if (this.#failures < this.#options.failuresMin) return false;
    // Nobody has tried for long: what is known is out of date, and whoever comes now may try.
    if (nowMs - this.#failedAtMs >= this.#options.forgetAfterMs) return false;
    return nowMs - this.#failingSinceMs >= this.#options.openAfterMs;
  }

  /** Asks to send an operation: true when closed, or when it may be the probe. */
  admits(nowMs: number): boolean {
    if (!this.isOpen(nowMs)) return true;
    if (nowMs < this.#nextProbeAtMs) return false;
    this.#nextProbeAtMs = nowMs + this.#options.probeMs;
    return true;
  }

  /** Time until the next probe, for the retry hint. */
  retryAfterMs(nowMs: number): number {
    return Math.max(0, Math.ceil(this.#nextProbeAtMs - nowMs));
  }
}
