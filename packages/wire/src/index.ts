export type { Codec, Encodable, Method } from "./codec.ts";
export {
  MeridianError,
  errorCodeName,
  errorCodeNumber,
  grpcStatusOf,
  isErrorCode,
  isRetryable,
  type MeridianErrorCode,
  type MeridianErrorOptions,
} from "./errors.ts";
export * from "./generated/index.ts";
export { PlainNodeReader } from "./plain-node.ts";
export { plainNodeBytesMax, type PlainNodeFields, PlainNodeWriter } from "./plain-node-writer.ts";
export { STATUS_DETAILS_KEY, decodeStatusDetails, encodeStatusDetails } from "./status-details.ts";
export { WireError, type WireErrorCode } from "./wire-error.ts";
