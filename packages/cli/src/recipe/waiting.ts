import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";

/**
 * Waits for a turn until a signal interrupts: then `acquire` is told through its own signal, which
 * gives the place in the queue back.
 */
export async function waiting<T>(acquire: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort(
      new CommandError(exitCodes.failure, "INTERRUPTED", "interrupted while waiting"),
    );
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, interrupt);
  try {
    return await acquire(interrupted.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
