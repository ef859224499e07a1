import { MeridianError, grpcStatusOf, isErrorCode } from "./errors.ts";
import {
  RpcErrorInfo,
  RpcRetryInfo,
  RpcStatus,
  type IRpcRetryInfo,
} from "./generated/grpc-status.ts";

/** Metadata key under which gRPC carries an encoded google.rpc.Status. */
export const STATUS_DETAILS_KEY = "grpc-status-details-bin";

const ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
const DOMAIN = "meridian";

/**
 * A google.rpc.Status whose details are an ErrorInfo (reason: the code; metadata: the hint) and,
 * when there is something to wait for, a RetryInfo. Tools that know gRPC's richer error model show
 * them.
 */
export function encodeStatusDetails(error: MeridianError): Buffer {
  const { code, description, hint, retryAfterMs } = error;
  const metadata = hint === "" ? {} : { hint };
  const details = [
    { typeUrl: ERROR_INFO, value: RpcErrorInfo.encode({ reason: code, domain: DOMAIN, metadata }) },
  ];
  if (retryAfterMs > 0) {
    const seconds = Math.floor(retryAfterMs / 1000);
    const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
    details.push({
      typeUrl: RETRY_INFO,
      value: RpcRetryInfo.encode({ retryDelay: { seconds, nanos } }),
    });
  }
  return RpcStatus.encode({ code: grpcStatusOf(code), message: description, details });
}

/**
 * The platform's error in a google.rpc.Status; undefined when it holds none. @throws {WireError}.
 */
export function decodeStatusDetails(bytes: Uint8Array): MeridianError | undefined {
  const { message, details } = RpcStatus.decode(bytes);
  const info = details.find(({ typeUrl }) => typeUrl === ERROR_INFO);
  if (info === undefined) return undefined;
  const { reason, domain, metadata } = RpcErrorInfo.decode(info.value);
  if (domain !== DOMAIN) return undefined;
  const retry = details.find(({ typeUrl }) => typeUrl === RETRY_INFO);
  return new MeridianError(isErrorCode(reason) ? reason : "UNKNOWN", message, {
    hint: metadata["hint"] ?? "",
    retryAfterMs: retry === undefined ? 0 : delayMs(RpcRetryInfo.decode(retry.value)),
  });
}

function delayMs({ retryDelay }: IRpcRetryInfo): number {
  if (retryDelay === undefined) return 0;
  return retryDelay.seconds * 1000 + Math.ceil(retryDelay.nanos / 1e6);
}
