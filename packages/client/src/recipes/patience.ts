import { MeridianError } from "@meridian/wire";
import { pause, type Runtime } from "../runtime.ts";

const pauseMinMs = 50;
const pauseMaxMs = 2_000;

/** Waits between attempts: longer after each failure in a row, and never in step with others. */
export class Patience {
  readonly #runtime: Runtime;
  readonly #minMs: number;
  #failures = 0;

  /** `minMs`: about how long after the first failure. */
  constructor(runtime: Runtime, minMs: number = pauseMinMs) {
    this.#runtime = runtime;
    this.#minMs = minMs;
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits as long as the failure calls for. Rejects with the reason of the signal. */
  async wait(error: unknown, signal?: AbortSignal): Promise<void> {
    this.#failures += 1;
    const ceilingMs = Math.min(pauseMaxMs, this.#minMs * 2 ** Math.min(this.#failures, 8));
    const askedMs = error instanceof MeridianError ? error.retryAfterMs : 0;
    const delayMs = Math.max(askedMs, ceilingMs * (0.5 + this.#runtime.random() / 2));
    await pause(this.#runtime, delayMs, signal);
  }
}
