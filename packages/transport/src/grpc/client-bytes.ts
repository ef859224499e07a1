import type { ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import type { MeridianError } from "@meridian/wire";
import type { ByteStream, ByteStreamEvents } from "../byte-stream.ts";
import { ByteWriter } from "./byte-writer.ts";
import { errorOfStatus } from "./status.ts";

/** How long the server may take to end a stream that was ended here. */
const LINGER_MS = 5000;

/** A client's half of a call with streams both ways. */
export class ClientBytes implements ByteStream {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #writer: ByteWriter;

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.#call = call;
    this.#writer = new ByteWriter(call);
    // The status tells the same, and also of good ends.
    call.on("error", () => undefined);
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes;
  }

  listen(events: ByteStreamEvents): void {
    this.#call.on("data", (bytes: Buffer) => events.received(bytes));
    this.#call.once("status", (status: StatusObject) => {
      events.ended(status.code === 0 ? undefined : errorOfStatus(status));
    });
  }

  write(bytes: Buffer): void {
    this.#writer.write(bytes);
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
}
