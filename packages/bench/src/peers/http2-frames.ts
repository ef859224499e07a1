/** Kinds of frames; RFC 9113, section 6. */
export const frames = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;

/** Flags of frames. */
export const flags = { endStream: 1, acknowledge: 1, endHeaders: 4, padded: 8 } as const;

const headBytes = 9;
/** What every receiver takes without having said more. */
const payloadBytesMax = 16_384;
const chunkBytes = 65_536;

/** Takes a frame apart from the others. Its payload is valid until the call returns. */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

/** Puts frames one behind the other, to be sent together. */
export class FrameWriter {
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #from = 0;
  #to = 0;
  /** Chunks that were filled since the last take. */
  #full: Buffer[] = [];

  /** Adds a frame. @throws {RangeError} when it is larger than receivers take. */
  write(type: number, flag: number, stream: number, ...payload: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const part of payload) bytes += part.length;
    if (bytes > payloadBytesMax) throw new RangeError(`a frame of ${bytes} bytes`);
    this.#reserve(headBytes + bytes);
    const chunk = this.#chunk;
    let at = this.#to;
    at = chunk.writeUIntBE(bytes, at, 3);
    at = chunk.writeUInt8(type, at);
    at = chunk.writeUInt8(flag, at);
    at = chunk.writeUInt32BE(stream, at);
    for (const part of payload) {
      chunk.set(part, at);
      at += part.length;
    }
    this.#to = at;
  }

  /** What was written since; it is the caller's. */
  take(): readonly Buffer[] {
    const taken = this.#full;
    if (this.#to > this.#from) taken.push(this.#chunk.subarray(this.#from, this.#to));
    this.#from = this.#to;
    this.#full = [];
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#to + bytes <= this.#chunk.length) return;
    if (this.#to > this.#from) this.#full.push(this.#chunk.subarray(this.#from, this.#to));
    // What was taken may still be on its way: its memory is not used again.
    this.#chunk = Buffer.allocUnsafe(chunkBytes);
    this.#from = 0;
    this.#to = 0;
  }
}

/** Finds the frames in what arrives. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes, and tells of the frames that they complete. */
  read(bytes: Buffer): void {
    const chunk = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + headBytes <= chunk.length) {
      const end = at + headBytes + chunk.readUIntBE(at, 3);
      if (end > chunk.length) break;
      const type = chunk[at + 3] ?? 0;
      const flag = chunk[at + 4] ?? 0;
      const stream = chunk.readUInt32BE(at + 5) & 0x7fff_ffff;
      this.#onFrame(type, flag, stream, chunk.subarray(at + headBytes, end));
      at = end;
    }
    this.#rest = chunk.subarray(at);
  }
}
