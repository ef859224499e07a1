import { constants } from "node:http2";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { MeridianError, type Codec, type Encodable } from "@meridian/wire";
import type { FrameHandler, FrameStream } from "../stream.ts";
import { FrameWriter } from "./frame-writer.ts";
import { resetCall } from "./internals.ts";
import { internalError, refusalOf, statusOf } from "./status.ts";

/** A server's half of a call that answers a stream. */
type Call = ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;

/** How long a stream that was ended may take to send what is left, before it is reset. */
const LINGER_MS = 5000;

/** What flows on a stream, and how much at once. */
export interface StreamShape<In, Out> {
  readonly request: Codec<In>;
  readonly response: Codec<Out>;
  readonly messageBytesMax: number;
}

/**
 * A server's side of a stream. Ends exactly once: by `close`, by the other side, or by a failure; the handler is told
 * then, never from within a call that it made itself.
 */
export class ServerStream<In, Out> implements FrameStream<Encodable<Out>> {
  readonly #call: Call;
  readonly #shape: StreamShape<In, Out>;
  readonly #writer: FrameWriter<Out>;
  #handler: FrameHandler<In> | undefined;
  #closed = false;

  constructor(call: Call, shape: StreamShape<In, Out>) {
    this.#call = call;
    this.#shape = shape;
    this.#writer = new FrameWriter(call, shape.response, shape.messageBytesMax);
    call.once("cancelled", () => this.#broken());
  }

  /** Begins to deliver what arrives. Called once, before control goes back to grpc-js. */
  receive(handler: FrameHandler<In>): void {
    this.#handler = handler;
    const call = this.#call;
    if (!("read" in call)) return;
    call.on("data", (bytes: Buffer) => this.#received(bytes));
    call.once("end", () => {
      this.#finish(undefined);
      this.#end();
    });
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  send(frame: Encodable<Out>): void {
    if (this.#closed) return;
    try {
      this.#writer.write(frame);
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      this.close(error);
    }
  }

  close(error?: Error): void {
    if (this.#closed) return;
    this.#finish(error);
    if (error === undefined) this.#end();
    else this.#abort(refusalOf(error) ?? internalError());
  }

  #received(bytes: Buffer): void {
    if (this.#closed) return;
    let frame: In;
    try {
      frame = decodeBounded(bytes, this.#shape);
    } catch (error) {
      this.close(refusalOf(error) ?? internalError());
      return;
    }
    this.#handler?.onFrame(frame);
  }

  #broken(): void {
    if (this.#closed) return;
    this.#finish(new MeridianError("REGION_UNAVAILABLE", "the client cancelled or was lost"));
  }

  #finish(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    process.nextTick(() => this.#handler?.onClose(error));
  }

  #end(): void {
    this.#call.end();
    const linger = setTimeout(() => resetCall(this.#call, constants.NGHTTP2_CANCEL), LINGER_MS);
    linger.unref();
    this.#call.once("cancelled", () => clearTimeout(linger));
  }

  /** A status can only follow what was written before it, so a reader that does not read is cut without one. */
  #abort(error: MeridianError): void {
    if (this.#writer.bufferedBytes === 0) {
      this.#call.emit("error", statusOf(error));
      return;
    }
    const overloaded = error.code === "OVERLOADED";
    const code = overloaded ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_CANCEL;
    resetCall(this.#call, code);
  }
}

/** @throws {MeridianError} TOO_LARGE. @throws {WireError}. */
export function decodeBounded<T>(
  bytes: Buffer,
  { request, messageBytesMax }: { readonly request: Codec<T>; readonly messageBytesMax: number },
): T {
  if (bytes.byteLength <= messageBytesMax) return request.decode(bytes);
  throw new MeridianError(
    "TOO_LARGE",
    `${request.name} of ${bytes.byteLength} bytes, limit ${messageBytesMax}`,
  );
}
