import type { MeridianErrorCode } from "@meridian/wire";

/** What a process of `meridian` ends with. Scripts rely on the numbers. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The exit codes by meaning. */
export const exitCodes: {
  readonly ok: 0;
  readonly failure: 1;
  readonly usage: 2;
  readonly unavailable: 3;
  readonly noNode: 4;
  readonly conflict: 5;
  readonly denied: 6;
  readonly consistency: 7;
  readonly partial: 8;
} = {
  ok: 0,
  failure: 1,
  usage: 2,
  unavailable: 3,
  noNode: 4,
  conflict: 5,
  denied: 6,
  consistency: 7,
  partial: 8,
};

/**
 * Exit code for a refusal of the platform. A strict operation in a region that is cut off from the
 * global tier is a consistency that cannot be had (7), not a service that is down (3): the region
 * serves weaker reads meanwhile.
 */
export function exitCodeOf(code: MeridianErrorCode): ExitCode {
  switch (code) {
    case "BAD_PATH":
    case "BAD_ARGUMENTS":
      return exitCodes.usage;
    case "NO_NODE":
      return exitCodes.noNode;
    case "NODE_EXISTS":
    case "BAD_VERSION":
    case "NOT_EMPTY":
    case "NO_CHILDREN_FOR_EPHEMERALS":
    case "CHANGE_REFUSED":
    case "CHANGE_EARLY":
      return exitCodes.conflict;
    case "PERMISSION_DENIED":
    case "UNAUTHENTICATED":
    case "RESIDENCY_DENIED":
      return exitCodes.denied;
    case "GLOBAL_UNAVAILABLE":
    case "STALE":
    case "CAUSALITY_LOST":
      return exitCodes.consistency;
    case "REGION_UNAVAILABLE":
    case "NOT_LEADER":
    case "OVERLOADED":
    case "DEADLINE":
    case "UNKNOWN":
      return exitCodes.unavailable;
    case "TOO_LARGE":
    case "QUOTA_EXCEEDED":
    case "SESSION_EXPIRED":
    case "SESSION_MOVED":
    case "FORKED":
    case "COMPACTED":
    case "MOVED":
    case "UNSUPPORTED":
    case "CORRUPT":
      return exitCodes.failure;
  }
}
