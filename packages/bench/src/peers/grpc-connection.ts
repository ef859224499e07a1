import { connect, type Socket } from "node:net";

import { HeaderEncoder } from "./header-encoder.ts";
import { flags, FrameReader, frames, FrameWriter } from "./http2-frames.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Identifiers of settings. */
const initialWindowSetting = 4;
const headerTableSetting = 1;
/** Code of a stream that its owner has no use for any more. */
const cancelCode = 8;

/** How much a server may send on a stream before it is told that there is room for more. */
const streamWindow = 2 ** 26;
/** Likewise on the connection. */
const connectionWindow = 2 ** 30;
const windowAtFirst = 65_535;
const dataBytesMax = 16_384;
const prefixBytes = 5;
const headerTableBytes = 4_096;

/** Told once of the answer to a call; of undefined when it was refused or lost. */
export type OnAnswer = (message: Buffer | undefined) => void;

/** What a call or a stream of messages is to this side. */
interface Stream {
  readonly id: number;
  readonly sinceMs: number;
  /** Of a call: told at its end. */
  readonly onAnswer: OnAnswer | undefined;
  /** Of a stream of messages: told of each. */
  readonly onMessage: ((message: Buffer) => void) | undefined;
  /** Bytes that the server takes on it. */
  window: number;
  /** Received since it was last told that there is room. */
  received: number;
  /** Of a message that has not come whole. */
  rest: Buffer;
  answer: Buffer | undefined;
}

/** Data that waits for room at the server. */
interface Waiting {
  readonly stream: Stream;
  readonly isLast: boolean;
  bytes: Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * A gRPC connection for making load: what is sent within a turn goes out in one write, requests are
 * made once by who sends them, and nothing is done for a call that is not needed to know whether it
 * succeeded. Calls that were refused end without a message, those that succeed with one: headers of
 * answers are not even read.
 */
export class GrpcConnection {
  readonly #socket: Socket;
  readonly #headers: HeaderEncoder;
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader((...frame) => this.#onFrame(...frame));
  readonly #streams = new Map<number, Stream>();
  readonly #waiting: Waiting[] = [];
  readonly #onClose: () => void;
  #nextId = 1;
  #window = windowAtFirst;
  #streamWindow = windowAtFirst;
  #received = 0;
  #isClosed = false;
  #isFlushing = false;

  private constructor(socket: Socket, address: string, onClose: () => void) {
    this.#socket = socket;
    this.#headers = new HeaderEncoder(address);
    this.#onClose = onClose;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
    socket.write(preface);
    this.#writer.write(frames.settings, 0, 0, setting(initialWindowSetting, streamWindow));
    this.#writer.write(frames.windowUpdate, 0, 0, uint32(connectionWindow));
    this.#flushSoon();
  }

  /** Connects to host:port; `onClose` is told once of the end. Rejects when nobody listens. */
  static connect(address: string, onClose: () => void = () => {}): Promise<GrpcConnection> {
    const [host, port] = address.split(":");
    return new Promise((resolve, reject) => {
      const socket = connect({ host: host ?? "", port: Number(port) });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new GrpcConnection(socket, address, onClose));
      });
    });
  }

  /** Calls a method. The message is not copied before it is sent. */
  call(method: string, message: Buffer, onAnswer: OnAnswer): void {
    if (this.#isClosed) {
      onAnswer(undefined);
      return;
    }
    this.#send(this.#open(method, { onAnswer }), message, true);
  }

  /** Begins a stream of messages both ways; what is returned sends one. */
  stream(method: string, onMessage: (message: Buffer) => void): (message: Buffer) => void {
    const stream = this.#open(method, { onMessage });
    return (message) => this.#send(stream, message, false);
  }

  /** Ends the oldest call when it is older than that; it counts as lost. */
  giveUpOldest(olderThanMs: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.onAnswer === undefined) continue;
      if (performance.now() - stream.sinceMs < olderThanMs) return;
      this.#writer.write(frames.resetStream, 0, stream.id, uint32(cancelCode));
      this.#flushSoon();
      this.#end(stream, undefined);
      return;
    }
  }

  /** Ends the connection. Calls that are under way are lost. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#waiting.length = 0;
    for (const stream of this.#streams.values()) this.#end(stream, undefined);
    this.#onClose();
  }

  #open(method: string, listeners: Partial<Pick<Stream, "onAnswer" | "onMessage">>): Stream {
    const stream: Stream = {
      id: this.#nextId,
      sinceMs: performance.now(),
      onAnswer: listeners.onAnswer,
      onMessage: listeners.onMessage,
      window: this.#streamWindow,
      received: 0,
      rest: nothing,
      answer: undefined,
    };
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#writer.write(frames.headers, flags.endHeaders, stream.id, this.#headers.encode(method));
    return stream;
  }

  #send(stream: Stream, message: Buffer, isLast: boolean): void {
    const prefix = Buffer.allocUnsafe(prefixBytes);
    prefix.writeUInt8(0);
    prefix.writeUInt32BE(message.length, 1);
    const bytes = prefixBytes + message.length;
    const hasRoom = bytes <= Math.min(this.#window, stream.window, dataBytesMax);
    if (hasRoom && this.#waiting.length === 0) {
      this.#take(stream, bytes);
      this.#writer.write(frames.data, isLast ? flags.endStream : 0, stream.id, prefix, message);
    } else {
      this.#waiting.push({ stream, isLast, bytes: Buffer.concat([prefix, message]) });
      this.#sendWaiting();
    }
    this.#flushSoon();
  }

  /** Sends in order, as far as the server has room. */
  #sendWaiting(): void {
    let first = this.#waiting[0];
    while (first !== undefined) {
      const { stream, isLast, bytes } = first;
      const room = Math.min(this.#window, stream.window, dataBytesMax, bytes.length);
      // A stream that has ended takes nothing more, and holds up nobody.
      const isOver = !this.#streams.has(stream.id);
      if (room <= 0 && !isOver) return;
      first.bytes = bytes.subarray(room);
      const isWhole = first.bytes.length === 0;
      if (!isOver) {
        this.#take(stream, room);
        const flag = isWhole && isLast ? flags.endStream : 0;
        this.#writer.write(frames.data, flag, stream.id, bytes.subarray(0, room));
      }
      if (isWhole || isOver) this.#waiting.shift();
      first = this.#waiting[0];
    }
  }

  #take(stream: Stream, bytes: number): void {
    this.#window -= bytes;
    stream.window -= bytes;
  }

  #onData(bytes: Buffer): void {
    // One write for all that the answers in these bytes lead to.
    this.#isFlushing = true;
    this.#reader.read(bytes);
    this.#flush();
  }

  #onFrame(type: number, flag: number, id: number, payload: Buffer): void {
    switch (type) {
      case frames.data:
        this.#onBody(id, (flag & flags.padded) === 0 ? payload : withoutPadding(payload));
        this.#giveRoom(id, payload.length);
        if ((flag & flags.endStream) !== 0) this.#onEnd(id);
        return;
      case frames.headers:
        if ((flag & flags.endStream) !== 0) this.#onEnd(id);
        return;
      case frames.resetStream:
        this.#onReset(id);
        return;
      case frames.settings:
        if ((flag & flags.acknowledge) === 0) this.#onSettings(payload);
        return;
      case frames.ping:
        if ((flag & flags.acknowledge) === 0) {
          this.#writer.write(frames.ping, flags.acknowledge, 0, payload);
        }
        return;
      case frames.goAway:
        this.close();
        return;
      case frames.windowUpdate:
        this.#onRoom(id, payload.readUInt32BE(0));
        return;
      default:
      // Whatever else there is concerns nobody who makes calls.
    }
  }

  #onBody(id: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    let bytes = stream.rest.length === 0 ? payload : Buffer.concat([stream.rest, payload]);
    while (bytes.length >= prefixBytes) {
      const end = prefixBytes + bytes.readUInt32BE(1);
      if (end > bytes.length) break;
      const message = bytes.subarray(prefixBytes, end);
      if (stream.onMessage === undefined) stream.answer = message;
      else stream.onMessage(message);
      bytes = bytes.subarray(end);
    }
    stream.rest = bytes;
  }

  /** Tells the server that there is room again, before it runs out of it. */
  #giveRoom(id: number, bytes: number): void {
    this.#received += bytes;
    if (this.#received > connectionWindow / 2) {
      this.#writer.write(frames.windowUpdate, 0, 0, uint32(this.#received));
      this.#received = 0;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.received += bytes;
    if (stream.received <= streamWindow / 2) return;
    this.#writer.write(frames.windowUpdate, 0, id, uint32(stream.received));
    stream.received = 0;
  }

  #onRoom(id: number, bytes: number): void {
    const stream = this.#streams.get(id);
    if (id === 0) this.#window += bytes;
    else if (stream !== undefined) stream.window += bytes;
    this.#sendWaiting();
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const value = payload.readUInt32BE(at + 2);
      const identifier = payload.readUInt16BE(at);
      if (identifier === headerTableSetting && value < headerTableBytes) {
        throw new RangeError(`the server keeps ${value} bytes of headers only`);
      }
      if (identifier !== initialWindowSetting) continue;
      const more = value - this.#streamWindow;
      this.#streamWindow = value;
      for (const stream of this.#streams.values()) stream.window += more;
    }
    this.#writer.write(frames.settings, flags.acknowledge, 0);
    this.#sendWaiting();
  }

  #onEnd(id: number): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#end(stream, stream.answer);
  }

  #onReset(id: number): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#end(stream, undefined);
  }

  #end(stream: Stream, answer: Buffer | undefined): void {
    this.#streams.delete(stream.id);
    stream.onAnswer?.(answer);
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed) return;
    const chunks = this.#writer.take();
    if (chunks.length === 0) return;
    this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.uncork();
  }
}

function withoutPadding(payload: Buffer): Buffer {
  return payload.subarray(1, payload.length - (payload[0] ?? 0));
}

function setting(identifier: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(identifier);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
