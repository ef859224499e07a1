import { MeridianError, WireError } from "@meridian/wire";

/**
 * What to tell a caller of an error in serving it. Undefined: a fault of ours, of which it is told
 * nothing.
 */
export function refusalOf(error: unknown): MeridianError | undefined {
  if (error instanceof MeridianError) return error;
  if (error instanceof WireError) {
    return new MeridianError("BAD_ARGUMENTS", error.message, { cause: error });
  }
  return undefined;
}

/** What callers are told of faults that are not theirs to know. */
export function internalError(): MeridianError {
  return new MeridianError("UNKNOWN", "the server failed; its log says why");
}
