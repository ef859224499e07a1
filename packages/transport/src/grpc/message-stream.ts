import type { Http2Stream } from "node:http2";

/** What gRPC puts before every message: whether it is compressed, and its length. */
const prefixBytes = 5;

/** What the owner of a stream of messages is told. */
export interface MessageEvents {
  received(bytes: Buffer): void;
  /** What arrives is no message that can be taken; nothing more is read. */
  refused(why: MessageFault): void;
  /** The operating system has taken everything. */
  drained(): void;
}

/** Why a message is not taken. */
export type MessageFault = "too-large" | "compressed";

/**
 * Messages of gRPC on an HTTP/2 stream that grpc-js has opened. Its own way from there to a message
 * and back takes several turns of the event loop and a dozen of objects each, which for frames of
 * one request is most of what they cost.
 */
export class MessageStream {
  readonly #stream: Http2Stream;
  readonly #bytesMax: number;
  readonly #events: MessageEvents;
  #bufferedBytes = 0;
  /** The beginning of a message, and how long it has to be before it is looked at again. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #wantedBytes = 0;
  #isReading = false;

  /** Nothing is read before `read`. `bytesMax`: of a message that is taken. */
  constructor(stream: Http2Stream, bytesMax: number, events: MessageEvents) {
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    this.#events = events;
  }

  /** Written here, and not yet taken by the operating system. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Reads in place of who has read so far, who must have left nothing behind. */
  read(): void {
    this.#isReading = true;
    this.#stream.removeAllListeners("data");
    this.#stream.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#stream.resume();
  }

  /** Writes a message; nothing when the stream is over. */
  write(message: Buffer): void {
    if (this.#stream.destroyed || this.#stream.closed) return;
    const { byteLength } = message;
    const bytes = Buffer.allocUnsafe(prefixBytes + byteLength);
    bytes[0] = 0;
    bytes.writeUInt32BE(byteLength, 1);
    bytes.set(message, prefixBytes);
    this.#bufferedBytes += bytes.byteLength;
    this.#stream.write(bytes, (error) => {
      this.#bufferedBytes -= bytes.byteLength;
      if (this.#bufferedBytes === 0 && (error === undefined || error === null)) {
        this.#events.drained();
      }
    });
  }

  #receive(arrived: Buffer): void {
    if (!this.#isReading) return;
    if (this.#parts.length === 0) return this.#split(arrived);
    this.#parts.push(arrived);
    this.#partBytes += arrived.byteLength;
    if (this.#partBytes < this.#wantedBytes) return;
    const whole = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#split(whole);
  }

  #split(bytes: Buffer): void {
    let at = 0;
    let wanted = prefixBytes;
    while (bytes.byteLength - at >= prefixBytes) {
      wanted = prefixBytes + bytes.readUInt32BE(at + 1);
      if (wanted - prefixBytes > this.#bytesMax) return this.#refuse("too-large");
      if (bytes[at] !== 0) return this.#refuse("compressed");
      if (bytes.byteLength - at < wanted) break;
      const message = Buffer.allocUnsafe(wanted - prefixBytes);
      // What arrived is part of a larger piece of memory, which a message must not keep alive.
      message.set(bytes.subarray(at + prefixBytes, at + wanted));
      at += wanted;
      wanted = prefixBytes;
      this.#events.received(message);
    }
    if (at === bytes.byteLength) return;
    this.#parts = [bytes.subarray(at)];
    this.#partBytes = bytes.byteLength - at;
    this.#wantedBytes = wanted;
  }

  #refuse(why: MessageFault): void {
    this.#isReading = false;
    this.#events.refused(why);
  }
}
