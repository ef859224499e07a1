import { MeridianError, type MeridianErrorCode } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import { Patience } from "./patience.ts";

/** Failures of single steps that a recipe lives through: it looks again after a while. */
const passing = new Set<MeridianErrorCode>(["DEADLINE", "UNKNOWN", "COMPACTED", "FORKED"]);

/** Whether the same step may succeed in a moment. */
export function mayPass(error: unknown): boolean {
  return error instanceof MeridianError && (error.retryable || passing.has(error.code));
}

/** Whether an error has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly MeridianErrorCode[]): boolean {
  return error instanceof MeridianError && codes.includes(error.code);
}

/**
 * Takes a step, which must be safe to repeat, again and again until it is taken.
 * @throws what the step throws when that will not pass; the reason of the signal.
 */
export async function untilDone<T>(
  context: ClientContext,
  signal: AbortSignal | undefined,
  step: () => Promise<T>,
): Promise<T> {
  const patience = new Patience(context.runtime);
  for (;;) {
    try {
      signal?.throwIfAborted();
      return await step();
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayPass(error)) throw error;
      await patience.wait(error, signal);
    }
  }
}
