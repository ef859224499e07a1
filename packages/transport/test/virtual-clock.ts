import type { TransportClock } from "../src/index.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. */
export class VirtualClock implements TransportClock {
  #nowMs = 0;
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs everything that is due within `ms` from now. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#next(untilMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  /** Likewise, and lets promises settle in between. */
  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      this.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
    this.advance(0);
  }

  /** The earliest; of equal ones the first that was asked for. */
  #next(untilMs: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= untilMs && (found === undefined || timer.atMs < found.atMs)) found = timer;
    }
    return found;
  }
}
