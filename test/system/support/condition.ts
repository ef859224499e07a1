import { setTimeout as sleep } from "node:timers/promises";

/** Least and longest pause between two probes. */
const pauseMsMin = 25;
const pauseMsMax = 500;

/**
 * Asks until the answer is not undefined, and gives it back. Rests as long as a probe took: what is
 * waited for needs the processor more than whoever asks for it.
 * @throws {Error} when there is none within the deadline, with what was waited for and the last
 *   failure of the probe.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const startedMs = performance.now();
  let cause: unknown;
  for (;;) {
    const askedMs = performance.now();
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    const nowMs = performance.now();
    if (nowMs - startedMs > deadlineMs) {
      throw new Error(`not within ${deadlineMs} ms: ${what}`, { cause });
    }
    await sleep(Math.min(pauseMsMax, Math.max(pauseMsMin, nowMs - askedMs)));
  }
}

/** Resolves true when the promise settles in time, false otherwise. Never rejects. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const done = promise.then(
    () => true,
    () => true,
  );
  const timer = sleep(ms, false, { signal: late.signal }).catch(() => false);
  const inTime = await Promise.race([done, timer]);
  late.abort();
  return inTime;
}
