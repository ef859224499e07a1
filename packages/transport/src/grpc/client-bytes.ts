import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { MeridianError } from "@meridian/wire";
import type { ByteStream, ByteStreamEvents } from "../byte-stream.ts";
import { ByteWriter } from "./byte-writer.ts";
import { clientInternals } from "./internals.ts";
import { MessageStream } from "./message-stream.ts";
import { errorOfStatus, faultStatus } from "./status.ts";

/** How long the server may take to end a stream that was ended here. */
const LINGER_MS = 5000;

/**
 * A client's half of a call with streams both ways. Once the server has begun to answer, messages
 * go straight over the HTTP/2 stream of the call.
 */
export class ClientBytes implements ByteStream {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #writer: ByteWriter;
  readonly #messageBytesMax: number;
  #direct: MessageStream | undefined;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, messageBytesMax: number) {
    this.#call = call;
    this.#messageBytesMax = messageBytesMax;
    this.#writer = new ByteWriter(call);
    // The status tells the same, and also of good ends.
    call.on("error", () => undefined);
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes + (this.#direct?.bufferedBytes ?? 0);
  }

  listen(events: ByteStreamEvents): void {
    this.#call.on("data", (bytes: Buffer) => events.received(bytes));
    this.#call.once("metadata", () => this.#goDirect(events));
    this.#call.once("status", (status: StatusObject) => {
      events.ended(status.code === 0 ? undefined : errorOfStatus(status));
    });
  }

  write(bytes: Buffer): void {
    // What was written before the answer began must have gone before.
    if (this.#direct === undefined || this.#writer.bufferedBytes > 0) this.#writer.write(bytes);
    else this.#direct.write(bytes);
  }

  end(): void {
    this.#call.end();
    const linger = setTimeout(() => this.#call.cancel(), LINGER_MS);
    linger.unref();
    this.#call.once("status", () => clearTimeout(linger));
  }

  abort(_error: MeridianError): void {
    this.#call.cancel();
  }

  defer(task: () => void): void {
    process.nextTick(task);
  }

  /** The answer has begun, and nothing of it was read. */
  #goDirect(events: ByteStreamEvents): void {
    const internals = clientInternals(this.#call);
    if (internals === undefined || internals.unpushedReadMessages.length > 0) return;
    this.#direct = new MessageStream(internals.http2Stream, this.#messageBytesMax, {
      received: (bytes) => events.received(bytes),
      refused: (why) => {
        const { code, details } = faultStatus(why, this.#messageBytesMax);
        internals.cancelWithStatus(code, details);
      },
      drained: () => undefined,
    });
    this.#direct.read();
  }
}
