import { MeridianError, type Codec, type Encodable } from "@meridian/wire";
import type { ByteStream } from "./byte-stream.ts";
import { internalError, refusalOf } from "./refusal.ts";
import type { AcceptedStream, FrameHandler } from "./stream.ts";

/** What flows on a stream, seen from one side. */
export interface FrameShape<In, Out> {
  readonly incoming: Codec<In>;
  readonly outgoing: Codec<Out>;
  /** Longest message in either direction. */
  readonly messageBytesMax: number;
  readonly side: "client" | "server";
}

/**
 * A stream of frames over a stream of bytes. Ends exactly once: by `close`, by the other side, or
 * by a failure; the handler is told then, never from within a call that it made itself.
 */
export class FramedStream<In, Out> implements AcceptedStream<Encodable<Out>> {
  readonly #bytes: ByteStream;
  readonly #shape: FrameShape<In, Out>;
  #handler: FrameHandler<In> | undefined;
  /** Nothing more is sent. */
  #ended = false;
  /** The handler was told of the end, or will be at once. */
  #closed = false;

  constructor(bytes: ByteStream, shape: FrameShape<In, Out>) {
    this.#bytes = bytes;
    this.#shape = shape;
  }

  /** Begins to deliver what arrives. Once, before control goes back to the network. */
  receive(handler: FrameHandler<In>): void {
    this.#handler = handler;
    this.#bytes.listen({
      received: (bytes) => this.#received(bytes),
      drained: () => {
        if (!this.#closed) this.#handler?.onDrain?.();
      },
      ended: (error) => {
        // A client that stopped sending has nobody left here to send to.
        if (error === undefined && this.#shape.side === "server") this.#bytes.end();
        this.#ended = true;
        this.#finish(error);
      },
    });
  }

  get bufferedBytes(): number {
    return this.#bytes.bufferedBytes;
  }

  send(frame: Encodable<Out>): void {
    if (this.#ended) return;
    this.sendEncoded(this.#shape.outgoing.encode(frame));
  }

  sendEncoded(bytes: Buffer): void {
    if (this.#ended) return;
    const error = tooLarge(bytes, this.#shape.outgoing.name, this.#shape.messageBytesMax);
    if (error === undefined) this.#bytes.write(bytes);
    else this.close(error);
  }

  close(error?: Error): void {
    if (error !== undefined) {
      if (this.#closed) return;
      this.#ended = true;
      this.#bytes.abort(refusalOf(error) ?? internalError());
      this.#finish(error);
    } else if (!this.#ended) {
      this.#ended = true;
      this.#bytes.end();
      // A client hears what the server still has to say.
      if (this.#shape.side === "server") this.#finish(undefined);
    }
  }

  #received(bytes: Buffer): void {
    if (this.#closed) return;
    let frame: In;
    try {
      frame = decodeBounded(bytes, this.#shape.incoming, this.#shape.messageBytesMax);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      this.close(refusal);
      return;
    }
    this.#handler?.onFrame(frame);
  }

  #finish(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#bytes.defer(() => this.#handler?.onClose(error));
  }
}

/** @throws {MeridianError} TOO_LARGE. @throws {WireError}. */
export function decodeBounded<T>(bytes: Buffer, codec: Codec<T>, bytesMax: number): T {
  const error = tooLarge(bytes, codec.name, bytesMax);
  if (error !== undefined) throw error;
  return codec.decode(bytes);
}

/** The refusal of a message that is longer than allowed; undefined for others. */
export function tooLarge(
  { byteLength }: Buffer,
  name: string,
  bytesMax: number,
): MeridianError | undefined {
  if (byteLength <= bytesMax) return undefined;
  return new MeridianError("TOO_LARGE", `${name} of ${byteLength} bytes, limit ${bytesMax}`);
}
