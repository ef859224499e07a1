import { ClientFrame, type IClientFrame, type IServerFrame, ServerFrame } from "@meridian/wire";

/** A frame of HTTP/2, as it stands on the connection. */
interface HttpFrame {
  readonly isData: boolean;
  readonly stream: number;
  readonly payload: Buffer;
  readonly bytes: Buffer;
}

/** What clients send before their first frame. RFC 9113, section 3.4. */
const prefaceBytes = 24;
const headBytes = 9;
/** Compressed flag and length before each message of gRPC. */
const messageHeadBytes = 5;

/** Cuts one direction of a connection into the frames of HTTP/2. RFC 9113, section 4.1. */
class HttpFrames {
  #rest: Buffer = Buffer.alloc(0);
  #skipBytes: number;

  constructor(skipBytes: number) {
    this.#skipBytes = skipBytes;
  }

  /** Frames that are complete; `onOther` gets what is no frame. */
  *push(chunk: Buffer, onOther: (bytes: Buffer) => void): Generator<HttpFrame, undefined> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#skipBytes > 0) {
      const skipped = this.#take(Math.min(this.#skipBytes, this.#rest.byteLength));
      this.#skipBytes -= skipped.byteLength;
      onOther(skipped);
    }
    while (this.#rest.byteLength >= headBytes) {
      const length = headBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.byteLength < length) break;
      const bytes = this.#take(length);
      const stream = bytes.readUInt32BE(5) & 0x7fff_ffff;
      yield { isData: bytes[3] === 0, stream, payload: bytes.subarray(headBytes), bytes };
    }
    return undefined;
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

/** Puts the messages of gRPC of one direction together, stream by stream. */
class Messages {
  readonly #open = new Map<number, Buffer>();

  /** Messages that end with this piece. */
  push(stream: number, piece: Buffer): readonly Buffer[] {
    let rest = Buffer.concat([this.#open.get(stream) ?? Buffer.alloc(0), piece]);
    const messages: Buffer[] = [];
    while (rest.byteLength >= messageHeadBytes) {
      const end = messageHeadBytes + rest.readUInt32BE(1);
      if (rest.byteLength < end) break;
      messages.push(rest.subarray(messageHeadBytes, end));
      rest = rest.subarray(end);
    }
    this.#open.set(stream, rest);
    return messages;
  }
}

/**
 * Reads along on one connection of a client: which streams are sessions, and what is said on them.
 */
export class SessionFrames {
  readonly #fromClient = new HttpFrames(prefaceBytes);
  readonly #fromServer = new HttpFrames(0);
  readonly #asked = new Messages();
  readonly #answered = new Messages();
  /** Streams that began with a hello. */
  readonly #sessions = new Set<number>();
  readonly #others = new Set<number>();

  /** Looks at what a client sends; everything of it goes on. */
  client(chunk: Buffer, onFrame: (stream: number, frame: IClientFrame) => void): void {
    for (const { isData, stream, payload } of this.#fromClient.push(chunk, () => {})) {
      if (!isData || this.#others.has(stream)) continue;
      for (const message of this.#asked.push(stream, payload)) {
        this.#client(stream, message, onFrame);
      }
    }
  }

  /**
   * Looks at what a server sends. `pass` is called for each piece that may go on, in order, until
   * `onFrame` answers with false: from there on nothing goes on.
   */
  server(
    chunk: Buffer,
    pass: (bytes: Buffer) => void,
    onFrame: (stream: number, frame: IServerFrame) => boolean,
  ): boolean {
    for (const { isData, stream, payload, bytes } of this.#fromServer.push(chunk, pass)) {
      const messages =
        isData && this.#sessions.has(stream) ? this.#answered.push(stream, payload) : [];
      for (const message of messages) {
        if (!onFrame(stream, ServerFrame.decode(message))) return false;
      }
      pass(bytes);
    }
    return true;
  }

  #client(
    stream: number,
    message: Buffer,
    onFrame: (stream: number, frame: IClientFrame) => void,
  ): void {
    if (this.#sessions.has(stream)) return onFrame(stream, ClientFrame.decode(message));
    const frame = opening(message);
    if (frame === undefined) {
      this.#others.add(stream);
      return;
    }
    this.#sessions.add(stream);
    onFrame(stream, frame);
  }
}

/** First frame of a session; undefined: another kind of call. */
function opening(message: Buffer): IClientFrame | undefined {
  try {
    const frame = ClientFrame.decode(message);
    return frame.hello?.secret === undefined ? undefined : frame;
  } catch {
    return undefined;
  }
}
