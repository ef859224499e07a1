import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 25;

/**
 * Asks until there is an answer, and gives it back. A question that fails has no answer.
 * @throws {Error} when there is none in time, with the last failure as its cause, or when the
 *   signal is aborted.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  signal: AbortSignal,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const startedMs = performance.now();
  let cause: unknown;
  for (;;) {
    signal.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedMs > deadlineMs) {
      throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause });
    }
    await sleep(pollMs, undefined, { signal });
  }
}
