import type { Reader, Writer } from "protobufjs/minimal.js";
import { WireError } from "./wire-error.ts";

/**
 * Integers on the wire are JavaScript numbers here, never Long or bigint: indexes, terms and
 * milliseconds stay far below 2^53, and an object a number would cost more than the rest of a
 * decoder. What a number cannot hold exactly is refused in both directions.
 */

const TWO_POW_32 = 0x1_0000_0000;

/** Reads a varint of up to 64 bits. @throws {WireError} BAD_INTEGER above 2^53 - 1. */
export function readUint64(reader: Reader): number {
  const { buf, len } = reader;
  let pos = reader.pos;
  let value = 0;
  // 28 bits fit a small integer: the usual case never leaves integer arithmetic.
  for (let shift = 0; shift < 28; shift += 7) {
    if (pos >= len) throw new WireError("MALFORMED", "a number is cut off");
    const byte = buf[pos++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) {
      reader.pos = pos;
      return value;
    }
  }
  for (let scale = 2 ** 28; scale <= 2 ** 63; scale *= 128) {
    if (pos >= len) throw new WireError("MALFORMED", "a number is cut off");
    const byte = buf[pos++] as number;
    value += (byte & 127) * scale;
    if (byte < 128) {
      reader.pos = pos;
      // A sum at or above 2^53 may be rounded, but never to below 2^53.
      if (value > Number.MAX_SAFE_INTEGER) throw unsafe(value);
      return value;
    }
  }
  throw new WireError("MALFORMED", "a number is longer than ten bytes");
}

/** Writes a varint. @throws {WireError} BAD_INTEGER unless `value` is an integer in [0, 2^53). */
export function writeUint64(writer: Writer, value: number): void {
  if (value >>> 0 === value) writer.uint32(value);
  else if (value > 0 && Number.isSafeInteger(value)) writeLong(writer, value);
  else throw unsafe(value);
}

/** The writer's own way makes an object of every number that 32 bits do not hold, such as times. */
function writeLong(writer: Writer, value: number): void {
  let pos = writer.pos;
  // Makes room for ten bytes, which are written anew.
  writer.uint32(0xffff_ffff).uint32(0xffff_ffff);
  const { buf } = writer;
  let low = value >>> 0;
  for (let high = Math.floor(value / TWO_POW_32); high > 0; high >>>= 7) {
    buf[pos++] = (low & 127) | 128;
    low = ((low >>> 7) | (high << 25)) >>> 0;
  }
  for (; low > 127; low >>>= 7) buf[pos++] = (low & 127) | 128;
  buf[pos++] = low;
  writer.pos = pos;
}

/** Writes a varint. @throws {WireError} BAD_INTEGER unless `value` is an integer in [0, 2^32). */
export function writeUint32(writer: Writer, value: number): void {
  if (value >>> 0 !== value) throw unsafe(value);
  writer.uint32(value);
}

/** Writes a zigzag varint. @throws {WireError} BAD_INTEGER unless an integer of 32 bits. */
export function writeSint32(writer: Writer, value: number): void {
  if ((value | 0) !== value) throw unsafe(value);
  writer.sint32(value);
}

/** Reads a packed list of varints and appends it to `to`. */
export function readPackedUint64(reader: Reader, to: number[]): void {
  const end = reader.size() + reader.pos;
  if (end > reader.len) throw new WireError("MALFORMED", "a list of numbers is cut off");
  while (reader.pos < end) to.push(readUint64(reader));
  if (reader.pos !== end) throw new WireError("MALFORMED", "a list of numbers overlaps");
}

/** Writes a packed list of varints. */
export function writePackedUint64(writer: Writer, values: readonly number[]): void {
  writer.fork();
  for (const value of values) writeUint64(writer, value);
  writer.ldelim();
}

function unsafe(value: number): WireError {
  const limit = value >= TWO_POW_32 ? "2^53 - 1" : "its field";
  return new WireError("BAD_INTEGER", `${value} is no integer within the limits of ${limit}`);
}
