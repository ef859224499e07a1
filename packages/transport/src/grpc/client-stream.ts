import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import { MeridianError, WireError, type Encodable } from "@meridian/wire";
import type { FrameHandler, FrameStream } from "../stream.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { StreamShape } from "./server-stream.ts";
import { errorOfStatus } from "./status.ts";

/** How long the server may take to end a stream that was ended here. */
const LINGER_MS = 5000;

/** A client's side of a stream: sends `Out`, the request of the method, and receives `In`. */
export class ClientStream<Out, In> implements FrameStream<Encodable<Out>> {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #shape: StreamShape<Out, In>;
  readonly #writer: FrameWriter<Out>;
  readonly #handler: FrameHandler<In>;
  /** Nothing more is sent. */
  #ended = false;
  /** The handler was told, or will be at once. */
  #closed = false;

  constructor(
    call: ClientDuplexStream<Buffer, Buffer>,
    shape: StreamShape<Out, In>,
    handler: FrameHandler<In>,
  ) {
    this.#call = call;
    this.#shape = shape;
    this.#handler = handler;
    this.#writer = new FrameWriter(call, shape.request, shape.messageBytesMax);
    call.on("data", (bytes: Buffer) => this.#received(bytes));
    // The status tells the same, and also of good ends.
    call.on("error", () => undefined);
    call.once("status", (status: StatusObject) => {
      this.#ended = true;
      this.#finish(status.code === 0 ? undefined : errorOfStatus(status));
    });
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  send(frame: Encodable<Out>): void {
    if (this.#ended) return;
    try {
      this.#writer.write(frame);
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      this.close(error);
    }
  }

  /** What the server sends until it ends the stream too still arrives; not after an error. */
  close(error?: Error): void {
    if (error !== undefined) {
      this.#ended = true;
      this.#finish(error);
      this.#call.cancel();
      return;
    }
    if (this.#ended) return;
    this.#ended = true;
    this.#call.end();
    const linger = setTimeout(() => this.#call.cancel(), LINGER_MS);
    linger.unref();
    this.#call.once("status", () => clearTimeout(linger));
  }

  #received(bytes: Buffer): void {
    if (this.#closed) return;
    let frame: In;
    try {
      frame = this.#shape.response.decode(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close(new MeridianError("CORRUPT", error.message, { cause: error }));
      return;
    }
    this.#handler.onFrame(frame);
  }

  #finish(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    process.nextTick(() => this.#handler.onClose(error));
  }
}
