import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

/** What the owner of a stream is told. `onEnd` comes exactly once, and nothing after it. */
export interface StreamHandler {
  onMessage(bytes: Buffer): void;
  onEnd(): void;
}

/** Bytes before every message of gRPC: whether it is compressed, and its length. */
const prefixBytes = 5;
const windowBytes = 1 << 20;

/**
 * One HTTP/2 connection that carries many streams of gRPC messages: a few hundred bytes a stream,
 * where a whole client would take tens of thousands.
 */
export class GrpcConnection {
  readonly #http2: ClientHttp2Session;
  #isOver = false;
  #streams = 0;
  #isFull = false;

  constructor(address: string) {
    this.#http2 = connect(`http://${address}`, { settings: { initialWindowSize: windowBytes } });
    this.#http2.once("connect", () => this.#http2.setLocalWindowSize(16 * windowBytes));
    // Its streams are told, and open another one.
    this.#http2.on("error", () => (this.#isOver = true));
    this.#http2.on("close", () => (this.#isOver = true));
    this.#http2.on("goaway", () => (this.#isOver = true));
  }

  /** No more streams can be opened. */
  get isOver(): boolean {
    return this.#isOver || this.#http2.closed || this.#http2.destroyed;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams;
  }

  /** Opens a stream to a method. */
  open(path: string, handler: StreamHandler): GrpcStream {
    this.#streams += 1;
    return new GrpcStream(this.#http2, path, handler, () => {
      this.#streams -= 1;
      if (this.#isFull && this.#streams === 0) this.close();
    });
  }

  /** No more streams will be opened: it ends with the last of them. */
  leave(): void {
    this.#isFull = true;
    if (this.#streams === 0) this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Not from within what it calls: destroyed there, it corrupts the memory of the process.
    setImmediate(() => this.#http2.close());
  }
}

/** A stream of messages both ways. */
export class GrpcStream {
  readonly #stream: ClientHttp2Stream | undefined;
  readonly #handler: StreamHandler;
  readonly #onOver: () => void;
  #rest: Buffer = Buffer.alloc(0);
  #isOver = false;

  /** `onOver` runs once, whoever ends it. */
  constructor(http2: ClientHttp2Session, path: string, handler: StreamHandler, onOver: () => void) {
    this.#handler = handler;
    this.#onOver = onOver;
    if (http2.closed || http2.destroyed) {
      setImmediate(() => this.#end());
      return;
    }
    const stream = http2.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.on("data", (bytes: Buffer) => this.#receive(bytes));
    stream.on("error", () => this.#end());
    stream.on("close", () => this.#end());
    stream.on("end", () => this.#end());
    this.#stream = stream;
  }

  send(message: Buffer): void {
    if (this.#isOver || this.#stream === undefined || this.#stream.destroyed) return;
    const bytes = Buffer.allocUnsafe(prefixBytes + message.byteLength);
    bytes.writeUInt8(0, 0);
    bytes.writeUInt32BE(message.byteLength, 1);
    message.copy(bytes, prefixBytes);
    this.#stream.write(bytes);
  }

  /** Takes nothing more from the network until `resume`. */
  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  /** Ends it without a word. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.destroy();
    this.#onOver();
  }

  #receive(bytes: Buffer): void {
    let left = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (left.byteLength >= prefixBytes) {
      const end = prefixBytes + left.readUInt32BE(1);
      if (left.byteLength < end) break;
      if (this.#isOver) return;
      this.#handler.onMessage(left.subarray(prefixBytes, end));
      left = left.subarray(end);
    }
    this.#rest = left;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    this.#handler.onEnd();
  }
}
