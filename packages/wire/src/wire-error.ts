/** Why bytes could not be made of a message, or a message of bytes. Stable; messages are not. */
export type WireErrorCode =
  /** The bytes are not a message of this type: cut off, wrong lengths, invalid UTF-8. */
  | "MALFORMED"
  /** A number that a field cannot hold: not an integer, negative, or above 2^53 - 1. */
  | "BAD_INTEGER";

/**
 * Encoding or decoding failed. From `decode`: the sender is at fault; from `encode`: the caller.
 */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireErrorCode;
  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options);
    this.code = code;
  }
}
