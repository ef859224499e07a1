import type { Encodable, Method } from "@meridian/wire";
import { decodeBounded } from "./framed-stream.ts";
import type { Eventually } from "./service.ts";
import type { Caller } from "./stream.ts";

/** A method of one request and one answer, as a network calls it. */
export interface UnaryCall {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Rejects with what the handler threw, or with what is wrong with the request. */
  answer(request: Buffer, bytesMax: number, caller: Caller): Promise<Buffer>;
}

/** Puts the codecs of a method around its handler. */
export function unaryCall<Request, Response>(
  { path, request, response }: Method<Request, Response>,
  handle: (request: Request, caller: Caller) => Eventually<Encodable<Response>>,
): UnaryCall {
  return {
    path,
    async answer(bytes, bytesMax, caller) {
      const message = decodeBounded(bytes, request, bytesMax);
      return response.encode(await handle(message, caller));
    },
  };
}
