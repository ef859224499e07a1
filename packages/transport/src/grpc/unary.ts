import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { Encodable, Method } from "@meridian/wire";
import type { Eventually } from "../service.ts";
import type { Caller } from "../stream.ts";
import { GrpcCaller } from "./caller.ts";
import { decodeBounded } from "./server-stream.ts";
import { internalError, refusalOf, statusOf } from "./status.ts";

/** What all handlers of a server share. */
export interface Serving {
  readonly messageBytesMax: number;
  /** Told of errors that are no refusals: bugs. */
  readonly onFault: (error: unknown) => void;
}

/** A method of one request and one response, as grpc-js calls it. */
export type UnaryHandler = (
  call: ServerUnaryCall<Buffer, Buffer>,
  callback: sendUnaryData<Buffer>,
) => void;

/** Wraps a handler: decodes, calls, encodes, and turns what it throws into a status with details. */
export function unary<Request, Response>(
  { request, response }: Method<Request, Response>,
  { messageBytesMax, onFault }: Serving,
  handle: (request: Request, caller: Caller) => Eventually<Encodable<Response>>,
): UnaryHandler {
  return (call, callback) => {
    const refuse = (error: unknown): void => {
      const refusal = refusalOf(error);
      if (refusal === undefined) onFault(error);
      callback(statusOf(refusal ?? internalError()));
    };
    const answer = (message: Encodable<Response>): void => {
      callback(null, response.encode(message));
    };
    try {
      const message = decodeBounded(call.request, { request, messageBytesMax });
      const result = handle(message, new GrpcCaller(call));
      if (result instanceof Promise) result.then(answer).catch(refuse);
      else answer(result);
    } catch (error) {
      refuse(error);
    }
  };
}
