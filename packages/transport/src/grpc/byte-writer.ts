import type { Writable } from "node:stream";

/** Bytes that gRPC puts before every message. */
const PREFIX_BYTES = 5;

/** Hands messages to a gRPC call and counts what the operating system has not taken yet. */
export class ByteWriter {
  readonly #target: Writable;
  readonly #drained: () => void;
  #bufferedBytes = 0;

  /** `drained` runs whenever the operating system has taken everything. */
  constructor(target: Writable, drained: () => void = () => undefined) {
    this.#target = target;
    this.#drained = drained;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** `taken` runs when the operating system has it; not when the call ended before. */
  write(bytes: Buffer, taken?: () => void): void {
    const { byteLength } = bytes;
    this.#bufferedBytes += byteLength + PREFIX_BYTES;
    this.#target.write(bytes, (error) => {
      this.#bufferedBytes -= byteLength + PREFIX_BYTES;
      if (error !== undefined && error !== null) return;
      taken?.();
      if (this.#bufferedBytes === 0) this.#drained();
    });
  }
}
