import type { Encodable } from "./codec.ts";
import { ErrorCode, type IError } from "./generated/common.ts";

/** The stable names of the platform's errors; `ErrorCode` in protos/meridian/v1/common.proto. */
export type MeridianErrorCode = Exclude<keyof typeof ErrorCode, "UNSPECIFIED">;

/** What the platform knows about an error of some code. */
interface Traits {
  /** The same call may be sent again, unchanged, without doing it twice, and may then succeed. */
  readonly retryable: boolean;
  /** Number of the gRPC status that unary methods answer. */
  readonly grpcStatus: number;
}

const [UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND] = [2, 3, 4, 5];
const [ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED] = [6, 7, 8];
const [FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED] = [9, 10, 11, 12];
const [UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED] = [14, 15, 16];

const final = (grpcStatus: number): Traits => ({ retryable: false, grpcStatus });
const retry = (grpcStatus: number): Traits => ({ retryable: true, grpcStatus });

// A passed deadline and an unknown fate are final: a write may have happened, so that only its
// owner knows whether to ask again. Within a session the client repeats the write under its old
// number.
const TRAITS: Readonly<Record<MeridianErrorCode, Traits>> = {
  NO_NODE: final(NOT_FOUND),
  NODE_EXISTS: final(ALREADY_EXISTS),
  BAD_VERSION: final(ABORTED),
  NOT_EMPTY: final(FAILED_PRECONDITION),
  NO_CHILDREN_FOR_EPHEMERALS: final(FAILED_PRECONDITION),
  BAD_PATH: final(INVALID_ARGUMENT),
  BAD_ARGUMENTS: final(INVALID_ARGUMENT),
  TOO_LARGE: final(RESOURCE_EXHAUSTED),
  QUOTA_EXCEEDED: final(RESOURCE_EXHAUSTED),
  SESSION_EXPIRED: final(FAILED_PRECONDITION),
  NOT_LEADER: retry(UNAVAILABLE),
  GLOBAL_UNAVAILABLE: retry(UNAVAILABLE),
  REGION_UNAVAILABLE: retry(UNAVAILABLE),
  STALE: retry(UNAVAILABLE),
  CAUSALITY_LOST: final(FAILED_PRECONDITION),
  FORKED: final(FAILED_PRECONDITION),
  COMPACTED: final(OUT_OF_RANGE),
  MOVED: retry(FAILED_PRECONDITION),
  RESIDENCY_DENIED: final(PERMISSION_DENIED),
  PERMISSION_DENIED: final(PERMISSION_DENIED),
  UNAUTHENTICATED: final(UNAUTHENTICATED),
  UNSUPPORTED: final(UNIMPLEMENTED),
  OVERLOADED: retry(RESOURCE_EXHAUSTED),
  DEADLINE: final(DEADLINE_EXCEEDED),
  UNKNOWN: final(UNKNOWN),
  CORRUPT: final(DATA_LOSS),
  CHANGE_REFUSED: final(FAILED_PRECONDITION),
  CHANGE_EARLY: retry(ABORTED),
  SESSION_MOVED: final(FAILED_PRECONDITION),
};

const NAMES = new Map<number, MeridianErrorCode>();
for (const [name, number] of Object.entries(ErrorCode)) {
  if (isErrorCode(name)) NAMES.set(number, name);
}

/** Whether this is the name of an error of the platform. */
export function isErrorCode(name: string): name is MeridianErrorCode {
  return Object.hasOwn(TRAITS, name);
}

/** Name of an `ErrorCode`; UNKNOWN for numbers that this version does not know. */
export function errorCodeName(number: number): MeridianErrorCode {
  return NAMES.get(number) ?? "UNKNOWN";
}

/** Number of an error's name, as `Error.code` carries it. */
export function errorCodeNumber(code: MeridianErrorCode): ErrorCode {
  return ErrorCode[code];
}

/** Whether the same call may be sent again, unchanged, without doing it twice. */
export function isRetryable(code: MeridianErrorCode): boolean {
  return TRAITS[code].retryable;
}

/** Number of the gRPC status that stands for this error, for callers that know no other. */
export function grpcStatusOf(code: MeridianErrorCode): number {
  return TRAITS[code].grpcStatus;
}

/** What a MeridianError may say beside its code. */
export interface MeridianErrorOptions extends ErrorOptions {
  /** Retry no earlier than this. */
  readonly retryAfterMs?: number;
  /** MOVED: owning cluster. NOT_LEADER: leading node. CHANGE_REFUSED, CHANGE_EARLY: why. */
  readonly hint?: string;
}

/** The one error class of the platform. `code` is API; messages are not. */
export class MeridianError extends Error {
  override readonly name = "MeridianError";
  readonly code: MeridianErrorCode;
  /** The message without the code. */
  readonly description: string;
  /** The same call may be sent again, unchanged. */
  readonly retryable: boolean;
  /** Retry no earlier than this; 0 without a hint. */
  readonly retryAfterMs: number;
  /** As in the options. Otherwise, and when not known: "". */
  readonly hint: string;

  constructor(code: MeridianErrorCode, description: string, options: MeridianErrorOptions = {}) {
    super(`[${code}] ${description}`, options);
    this.code = code;
    this.description = description;
    this.retryable = isRetryable(code);
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.hint = options.hint ?? "";
  }

  /** The error that a response carried. */
  static fromWire(error: Encodable<IError>): MeridianError {
    return new MeridianError(errorCodeName(error.code ?? 0), error.message ?? "", {
      retryAfterMs: error.retryAfterMs ?? 0,
      hint: error.hint ?? "",
    });
  }

  /** The error as a response carries it. */
  toWire(): IError {
    const { description: message, retryAfterMs, hint } = this;
    return {
      code: errorCodeNumber(this.code),
      message,
      retryAfterMs: Math.ceil(retryAfterMs),
      hint,
    };
  }
}
