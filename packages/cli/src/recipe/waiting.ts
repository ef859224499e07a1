/**
 * Waits for a turn, until a signal interrupts or the time is up: then `acquire` is told through its
 * own signal, which gives the place in the queue back. Rejects with a DOMException TimeoutError
 * when the time is up.
 */
export async function waiting<T>(
  waitMs: number | undefined,
  acquire: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error("interrupted while waiting"));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupt);
  const timeout = waitMs === undefined ? [] : [AbortSignal.timeout(waitMs)];
  try {
    return await acquire(AbortSignal.any([interrupted.signal, ...timeout]));
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
