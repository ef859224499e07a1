import { Buffer, isUtf8 } from "node:buffer";
import protobuf, { type Reader, type Writer } from "protobufjs/minimal.js";
import { WireError } from "./wire-error.ts";

/**
 * What `encode` accepts for a message of type T: missing fields take their default, at every depth.
 * Every decoded T is one.
 */
export type Encodable<T> = T extends string | number | boolean | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Encodable<Item>[]
    : { readonly [Key in keyof T]?: Encodable<T[Key]> | undefined };

/** Turns messages of one type into bytes and back. */
export interface Codec<T> {
  /** Name of the message in its proto file. */
  readonly name: string;
  /**
   * A buffer of exactly the message, owned by the caller.
   * @throws {WireError} BAD_INTEGER when a number does not fit its field.
   */
  encode(message: Encodable<T>): Buffer;
  /**
   * All fields present: scalars and lists as sent or default, messages as sent or undefined;
   * unknown fields are dropped. `bytes` fields are views into `bytes`: who keeps one longer than
   * the frame keeps the whole frame alive, and copies it if that is large.
   * @throws {WireError} MALFORMED, BAD_INTEGER.
   */
  decode(bytes: Uint8Array): T;
}

/** Method of a service, as the transport needs it. */
export interface Method<Request, Response> {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Default of `bytes` fields. */
export const EMPTY: Uint8Array = Buffer.alloc(0);

/** Makes a codec of the generated functions of a message. */
export function codec<T>(
  name: string,
  write: (message: Encodable<T>, writer: Writer) => void,
  read: (reader: Reader) => T,
): Codec<T> {
  return Object.freeze({
    name,
    encode: (message: Encodable<T>) => encode(message, write),
    decode: (bytes: Uint8Array) => decode(name, bytes, read),
  });
}

/** Encoding is synchronous and never nested, so one growing scratch buffer serves all of it. */
const SCRATCH_BYTES_MAX = 1 << 20;
let scratch: Writer | undefined;

function encode<T>(
  message: Encodable<T>,
  write: (message: Encodable<T>, writer: Writer) => void,
): Buffer {
  const writer = scratch ?? protobuf.Writer.create();
  // A throw leaves the writer in the middle of a message: it is not used again.
  scratch = undefined;
  write(message, writer);
  const length = writer.pos;
  const bytes = Buffer.allocUnsafe(length);
  bytes.set(writer.buf.subarray(0, length));
  if (writer.buf.byteLength <= SCRATCH_BYTES_MAX) scratch = writer.reset();
  return bytes;
}

function decode<T>(name: string, bytes: Uint8Array, read: (reader: Reader) => T): T {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return read(protobuf.Reader.create(buffer));
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError("MALFORMED", `not a ${name}`, { cause: error });
  }
}

/** Reads a message inside another; it cannot reach beyond its own length. */
export function readNested<T>(reader: Reader, read: (reader: Reader) => T): T {
  const end = reader.size() + reader.pos;
  const outer = reader.len;
  if (end > outer) throw new WireError("MALFORMED", "a message is cut off");
  reader.len = end;
  const message = read(reader);
  if (reader.pos !== end) throw new WireError("MALFORMED", "a message overlaps its end");
  reader.len = outer;
  return message;
}

/** Reads a string. Two names that differ in invalid bytes only must not become one. */
export function readString(reader: Reader): string {
  const start = reader.pos;
  const text = reader.string();
  if (text.includes("\uFFFD") && !isUtf8(reader.buf.subarray(start, reader.pos))) {
    throw new WireError("MALFORMED", "a string is not UTF-8");
  }
  return text;
}

/** Reads an entry of a map. Maps have no prototype, so that any key is a plain key. */
export function readMapEntry(reader: Reader, to: Record<string, string>): void {
  let key = "";
  let value = "";
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === 10) key = readString(reader);
    else if (tag === 18) value = readString(reader);
    else reader.skipType(tag & 7, 0, tag >>> 3);
  }
  to[key] = value;
}
