import type { ClientWritableStream } from "@grpc/grpc-js";
import { ByteWriter } from "./byte-writer.ts";
import { clientInternals } from "./internals.ts";
import { MessageStream } from "./message-stream.ts";

/**
 * Writes messages to a call that only ends with an answer: straight to its HTTP/2 stream as soon as
 * there is one and nothing is left of what was written before.
 */
export class ClientWriter {
  readonly #call: ClientWritableStream<Buffer>;
  readonly #writer: ByteWriter;
  #direct: MessageStream | undefined;

  constructor(call: ClientWritableStream<Buffer>) {
    this.#call = call;
    this.#writer = new ByteWriter(call);
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes + (this.#direct?.bufferedBytes ?? 0);
  }

  write(bytes: Buffer): void {
    if (this.#writer.bufferedBytes > 0) return this.#writer.write(bytes);
    this.#direct ??= this.#open();
    (this.#direct ?? this.#writer).write(bytes);
  }

  #open(): MessageStream | undefined {
    const stream = clientInternals(this.#call)?.http2Stream;
    if (stream === undefined) return undefined;
    const none = (): void => undefined;
    return new MessageStream(stream, 0, { received: none, refused: none, drained: none });
  }
}
