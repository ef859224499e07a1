import grpc, { type Metadata, type StatusObject } from "@grpc/grpc-js";
import {
  MeridianError,
  STATUS_DETAILS_KEY,
  decodeStatusDetails,
  encodeStatusDetails,
  grpcStatusOf,
  type MeridianErrorCode,
} from "@meridian/wire";
import type { MessageFault } from "./message-stream.ts";

/** How a call ended, as gRPC tells it. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** The gRPC status that carries this error, with its code, hint and delay as details. */
export function statusOf(error: MeridianError): Partial<StatusObject> {
  const metadata = new grpc.Metadata();
  metadata.set(STATUS_DETAILS_KEY, encodeStatusDetails(error));
  return { code: grpcStatusOf(error.code), details: error.description, metadata };
}

const CODES: ReadonlyMap<number, MeridianErrorCode> = new Map([
  [grpc.status.INVALID_ARGUMENT, "BAD_ARGUMENTS"],
  [grpc.status.DEADLINE_EXCEEDED, "DEADLINE"],
  [grpc.status.PERMISSION_DENIED, "PERMISSION_DENIED"],
  [grpc.status.UNAUTHENTICATED, "UNAUTHENTICATED"],
  [grpc.status.UNIMPLEMENTED, "UNSUPPORTED"],
  [grpc.status.DATA_LOSS, "CORRUPT"],
  // The other side or something in between took the stream away without a word.
  [grpc.status.UNAVAILABLE, "REGION_UNAVAILABLE"],
  [grpc.status.CANCELLED, "REGION_UNAVAILABLE"],
]);

/** The error that a gRPC status stands for: the server's own, or the nearest to it. */
export function errorOfStatus(status: GrpcStatus): MeridianError {
  const [details] = status.metadata?.get(STATUS_DETAILS_KEY) ?? [];
  const cause = new Error(`gRPC status ${status.code}: ${status.details}`);
  if (Buffer.isBuffer(details)) {
    try {
      const error = decodeStatusDetails(details);
      if (error !== undefined) return error;
    } catch {
      // Details that cannot be read are details that were not sent.
    }
  }
  return new MeridianError(codeOf(status), status.details, { cause });
}

function codeOf({ code, details }: GrpcStatus): MeridianErrorCode {
  // gRPC has one status for what is too large and for what is too much.
  if (code === grpc.status.RESOURCE_EXHAUSTED) {
    return details.includes("larger than") ? "TOO_LARGE" : "OVERLOADED";
  }
  // What grpc-js says of a stream whose end came before the news that its connection is gone.
  if (code === grpc.status.INTERNAL && details.startsWith("Received RST_STREAM")) {
    return "REGION_UNAVAILABLE";
  }
  return CODES.get(code) ?? "UNKNOWN";
}

/** The status of a call with a message that cannot be taken. */
export function faultStatus(why: MessageFault, messageBytesMax: number): GrpcStatus {
  if (why === "compressed") {
    return { code: grpc.status.UNIMPLEMENTED, details: "a message is compressed" };
  }
  const details = `Received message larger than max (${messageBytesMax})`;
  return { code: grpc.status.RESOURCE_EXHAUSTED, details };
}

/** Whether this status says for certain that the server never saw the request. */
export function neverSent(status: GrpcStatus): boolean {
  if (status.code !== grpc.status.UNAVAILABLE) return false;
  const { details } = status;
  return details.startsWith("No connection established") || details.startsWith("Channel closed");
}
