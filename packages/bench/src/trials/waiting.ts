import { setTimeout as sleep } from "node:timers/promises";

/** What is waited for, and for how long. */
export interface Patience {
  /** For the message when it does not come. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Time between two looks. Default 25 ms. */
  readonly periodMs?: number;
}

/**
 * Looks until there is something, and gives it back. A look that fails counts as nothing.
 * @throws {Error} when the time is over, with the last failure as its cause, or when the signal is
 *   aborted.
 */
export async function until<T>(
  { what, deadlineMs, signal, periodMs = 25 }: Patience,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const startedAtMs = performance.now();
  let cause: unknown;
  for (;;) {
    signal.throwIfAborted();
    try {
      const found = await look();
      if (found !== undefined) return found;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedAtMs > deadlineMs) {
      throw new Error(`not within ${deadlineMs / 1_000} s: ${what}`, { cause });
    }
    await sleep(periodMs, undefined, { signal });
  }
}

/** A pause that ends with the signal's reason when that is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, ms), undefined, { signal });
}
