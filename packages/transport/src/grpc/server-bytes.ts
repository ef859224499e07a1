import { constants } from "node:http2";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { MeridianError } from "@meridian/wire";
import type { ByteStream, ByteStreamEvents } from "../byte-stream.ts";
import { resetCall, serverInternals, type ServerCallInternals } from "./internals.ts";
import { MessageStream } from "./message-stream.ts";
import { faultStatus, statusOf } from "./status.ts";

/** How long a stream that was ended may take to send what is left, before it is reset. */
const LINGER_MS = 5000;

/** A server's half of a call that answers a stream. */
export class ServerBytes implements ByteStream {
  readonly #call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>;
  readonly #internals: ServerCallInternals;
  readonly #messages: MessageStream;
  #events: ByteStreamEvents | undefined;
  #linger: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
    messageBytesMax: number,
  ) {
    this.#call = call;
    this.#internals = serverInternals(call);
    this.#messages = new MessageStream(this.#internals.stream, messageBytesMax, {
      received: (bytes) => {
        if (!this.#over) this.#events?.received(bytes);
      },
      refused: (why) => {
        this.#internals.sendStatus({ ...faultStatus(why, messageBytesMax), metadata: null });
      },
      drained: () => {
        if (!this.#over) this.#events?.drained?.();
      },
    });
    call.once("cancelled", () => {
      clearTimeout(this.#linger);
      this.#end(new MeridianError("REGION_UNAVAILABLE", "the client cancelled or was lost"));
    });
  }

  get bufferedBytes(): number {
    return this.#messages.bufferedBytes;
  }

  listen(events: ByteStreamEvents): void {
    this.#events = events;
    const call = this.#call;
    if (!("read" in call)) return;
    const { stream, incomingEncoding } = this.#internals;
    // A client that cancels says first that nothing follows, so that this looks like a good end.
    if (incomingEncoding === "identity") {
      stream.once("end", () => this.#end(undefined));
      this.#messages.read();
      return;
    }
    call.once("end", () => this.#end(undefined));
    call.on("data", (bytes: Buffer) => {
      if (!this.#over) events.received(bytes);
    });
  }

  write(bytes: Buffer): void {
    if (this.#over || this.#internals.stream.destroyed) return;
    this.#internals.maybeSendMetadata();
    this.#messages.write(bytes);
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
