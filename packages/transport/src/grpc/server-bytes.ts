import { constants } from "node:http2";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { MeridianError } from "@meridian/wire";
import type { ByteStream, ByteStreamEvents } from "../byte-stream.ts";
import { ByteWriter } from "./byte-writer.ts";
import { resetCall } from "./internals.ts";
import { statusOf } from "./status.ts";

/** How long a stream that was ended may take to send what is left, before it is reset. */
const LINGER_MS = 5000;

/** A server's half of a call that answers a stream. */
export class ServerBytes implements ByteStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;
  readonly #writer: ByteWriter;
  #events: ByteStreamEvents | undefined;
  #linger: NodeJS.Timeout | undefined;
  #over = false;

  constructor(call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>) {
    this.#call = call;
    this.#writer = new ByteWriter(call, () => {
      if (!this.#over) this.#events?.drained?.();
    });
    call.once("cancelled", () => {
      clearTimeout(this.#linger);
      this.#end(new MeridianError("REGION_UNAVAILABLE", "the client cancelled or was lost"));
    });
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  listen(events: ByteStreamEvents): void {
    this.#events = events;
    const call = this.#call;
    if (!("read" in call)) return;
    call.on("data", (bytes: Buffer) => {
      if (!this.#over) events.received(bytes);
    });
    // A client that cancels says first that nothing follows, so that this looks like a good end.
    call.once("end", () => this.#end(undefined));
  }

  write(bytes: Buffer): void {
    this.#writer.write(bytes);
  }

  end(): void {
    this.#over = true;
    this.#call.end();
    this.#linger = setTimeout(() => resetCall(this.#call, constants.NGHTTP2_CANCEL), LINGER_MS);
    this.#linger.unref();
  }

  /**
   * A status can only follow what was written before it, so a reader that does not read is cut
   * without one.
   */
  abort(error: MeridianError): void {
    this.#over = true;
    if (this.bufferedBytes === 0) {
      this.#call.emit("error", statusOf(error));
      return;
    }
    const overloaded = error.code === "OVERLOADED";
    const code = overloaded ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_CANCEL;
    resetCall(this.#call, code);
  }

  defer(task: () => void): void {
    process.nextTick(task);
  }

  #end(error: MeridianError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#events?.ended(error);
  }
}
