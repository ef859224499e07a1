import { MeridianError, type MeridianErrorCode } from "@meridian/wire";
import type { Pending } from "./pending.ts";

/** Refusals that pass: nothing was done, and the same request may succeed in a moment. */
const passing = new Set<MeridianErrorCode>([
  "NOT_LEADER",
  "OVERLOADED",
  "GLOBAL_UNAVAILABLE",
  "REGION_UNAVAILABLE",
]);

/** Refusals of a stream that no other node will take back. */
const barring = new Set<MeridianErrorCode>([
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "UNSUPPORTED",
  "BAD_ARGUMENTS",
]);

/** Whether nothing was done and the same request may succeed in a moment. */
export function isPassing(code: MeridianErrorCode): boolean {
  return passing.has(code);
}

/** Whether an answer leaves the fate of a write open. Its number makes repeating it safe. */
export function isUncertain(code: MeridianErrorCode): boolean {
  return code === "UNKNOWN" || code === "DEADLINE";
}

/** Whether a stream was refused in a way that no other node will take back. */
export function isBarring(code: MeridianErrorCode): boolean {
  return barring.has(code);
}

/**
 * What the end of a session is told as, if this error is one. One that somebody else holds is as
 * good as ended: what this client did in it may be taken away at any moment.
 */
export function endOfSession(error: MeridianError): MeridianError | undefined {
  if (error.code === "SESSION_EXPIRED") return error;
  if (error.code !== "SESSION_MOVED") return undefined;
  return new MeridianError("SESSION_EXPIRED", error.description, { cause: error });
}

/** How the transports, over gRPC and in memory, begin their words about a connection never made. */
const neverConnected = /^(No connection established|nobody at )/;

/** Whether a stream that ended so, without a welcome, cannot have brought anything to a node. */
export function isWithoutEffect(error: MeridianError): boolean {
  return error.code === "REGION_UNAVAILABLE" && neverConnected.test(error.description);
}

/**
 * What the caller of a request is told when it is given up: for a write that may have happened,
 * UNKNOWN.
 */
export function lostError(pending: Pending, error: MeridianError): MeridianError {
  if (!pending.isWrite || !pending.maybeApplied) return error;
  return new MeridianError(
    "UNKNOWN",
    `the write was sent, and it is not known whether it was applied: ${error.description}`,
    { cause: error },
  );
}

/** What everything ends with that is open when the client is closed, or comes later. */
export function closed(): MeridianError {
  return new MeridianError("SESSION_EXPIRED", "the client has been closed");
}

/** What callers are told of a cluster that is asked for more than it can do. */
export function tooMuch(who: string, retryAfterMs: number): MeridianError {
  return new MeridianError("OVERLOADED", `${who} has more to do than it can`, { retryAfterMs });
}
