import { invariant } from "./invariant.ts";

/** Bytes that one takes. */
export const uint53Bytes = 8;

/** Writes an index or term as eight bytes, big-endian, so that keys sort as numbers do. */
export function writeUint53(target: Buffer, value: number, offset: number): number {
  // The text is not made for every number: that would take longer than writing it.
  if (!(Number.isSafeInteger(value) && value >= 0))
    invariant(false, `${value} is an index or term`);
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset);
  return target.writeUInt32BE(value % 0x1_0000_0000, offset + 4);
}

/** Reads what `writeUint53` wrote; the bytes must have been checked before. */
export function readUint53(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * 0x1_0000_0000 + source.readUInt32BE(offset + 4);
}
