import type { Writable } from "node:stream";
import { MeridianError, type Codec, type Encodable } from "@meridian/wire";

/** Bytes that gRPC puts before every message. */
const PREFIX_BYTES = 5;

/** Encodes frames, hands them to a gRPC call, and knows what it has not taken yet. */
export class FrameWriter<Out> {
  readonly #target: Writable;
  readonly #codec: Codec<Out>;
  readonly #messageBytesMax: number;
  #bufferedBytes = 0;

  constructor(target: Writable, codec: Codec<Out>, messageBytesMax: number) {
    this.#target = target;
    this.#codec = codec;
    this.#messageBytesMax = messageBytesMax;
  }

  /** Handed to `write` and not yet taken by the operating system. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /**
   * Writes one frame. `taken` runs when the operating system has it; never for a call that ended before.
   * @throws {MeridianError} TOO_LARGE: the other side would refuse it and end the stream.
   */
  write(frame: Encodable<Out>, taken?: () => void): void {
    const bytes = this.#codec.encode(frame);
    const { byteLength } = bytes;
    if (byteLength > this.#messageBytesMax) {
      const { name } = this.#codec;
      throw new MeridianError(
        "TOO_LARGE",
        `${name} of ${byteLength} bytes, limit ${this.#messageBytesMax}`,
      );
    }
    this.#bufferedBytes += byteLength + PREFIX_BYTES;
    this.#target.write(bytes, (error) => {
      this.#bufferedBytes -= byteLength + PREFIX_BYTES;
      if (taken !== undefined && (error === undefined || error === null)) taken();
    });
  }
}
