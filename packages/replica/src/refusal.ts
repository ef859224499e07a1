import {
  type Encodable,
  errorCodeNumber,
  type IResponse,
  type MeridianErrorCode,
} from "@meridian/wire";

/** Why an operation was not done. */
export interface Refusal {
  readonly code: MeridianErrorCode;
  /** What was expected, what was found, what to do. */
  readonly message: string;
  /** MOVED: owning cluster. NOT_LEADER: leading node. */
  readonly hint?: string;
  readonly retryAfterMs?: number;
}

/** A refusal as the error of a response or a farewell. */
export function encodeRefusal(refusal: Refusal): NonNullable<Encodable<IResponse>["error"]> {
  const { code, message, hint = "", retryAfterMs = 0 } = refusal;
  return { code: errorCodeNumber(code), message, hint, retryAfterMs };
}
