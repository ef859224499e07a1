/** Prints what was measured, beside what is promised, so that it stands in the log of every run. */
export function printFigure(what: string, figure: string): void {
  console.info(`${what}: ${figure}`);
}

/** Prints a distribution of times. */
export function printTimes(what: string, timesMs: readonly number[]): void {
  const rounded = [0.5, 0.99, 1].map((part) => percentile(timesMs, part).toFixed(1));
  const [median, high, most] = rounded;
  printFigure(what, `p50 ${median} ms, p99 ${high} ms, most ${most} ms (${timesMs.length} times)`);
}

/** The time that a part of the times does not exceed; 0.5: the median. NaN when there are none. */
function percentile(timesMs: readonly number[], part: number): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const index = Math.ceil(part * sorted.length) - 1;
  return sorted[Math.max(0, index)] ?? Number.NaN;
}

/** Time that a piece of work takes, and what it gave. */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly elapsedMs: number }> {
  const startedMs = performance.now();
  const value = await work();
  return { value, elapsedMs: performance.now() - startedMs };
}
