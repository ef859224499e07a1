import { MeridianError } from "@meridian/wire";
import { pause, type Runtime } from "../runtime.ts";

const pauseMinMs = 50;
const pauseMaxMs = 2_000;

/** Waits between attempts: longer after each failure in a row, and never in step with others. */
export class Patience {
  readonly #runtime: Runtime;
  #failures = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits as long as the failure calls for. Rejects with the reason of the signal. */
  async wait(error: unknown, signal?: AbortSignal): Promise<void> {
    this.#failures += 1;
    const ceilingMs = Math.min(pauseMaxMs, pauseMinMs * 2 ** Math.min(this.#failures, 8));
    const askedMs = error instanceof MeridianError ? error.retryAfterMs : 0;
    const delayMs = Math.max(askedMs, ceilingMs * (0.5 + this.#runtime.random() / 2));
    await pause(this.#runtime, delayMs, signal);
  }
}

/** Whether an operation that ended so did nothing, or may be tried again all the same. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof MeridianError)) return false;
  return error.retryable || error.code === "DEADLINE";
}

/** Whether an error has this code. */
export function hasCode(error: unknown, ...codes: readonly MeridianError["code"][]): boolean {
  return error instanceof MeridianError && codes.includes(error.code);
}
