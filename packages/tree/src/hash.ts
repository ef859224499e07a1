/** Two 32-bit lanes: enough to notice divergence, not meant against attackers. */
export interface Hash {
  low: number;
  high: number;
}

/** Begins a hash. */
export function newHash(): Hash {
  return { low: 0x9747b28c | 0, high: 0x5bd1e995 | 0 };
}

/** Mixes a safe integer in. */
export function hashNumber(hash: Hash, value: number): void {
  mix(hash, value | 0);
  mix(hash, Math.floor(value / 2 ** 32) | 0);
}

/** Mixes a string in, with its length, so that neighbours cannot run into each other. */
export function hashText(hash: Hash, text: string): void {
  const { length } = text;
  mix(hash, length);
  let place = 0;
  for (; place + 2 <= length; place += 2) {
    mix(hash, text.charCodeAt(place) | (text.charCodeAt(place + 1) << 16));
  }
  if (place < length) mix(hash, text.charCodeAt(place));
}

/** The same of a text of ASCII characters that lies in bytes. */
export function hashAscii(hash: Hash, bytes: Uint8Array, from: number, length: number): void {
  mix(hash, length);
  const to = from + length;
  let place = from;
  for (; place + 2 <= to; place += 2) {
    mix(hash, (bytes[place] ?? 0) | ((bytes[place + 1] ?? 0) << 16));
  }
  if (place < to) mix(hash, bytes[place] ?? 0);
}

/** Mixes bytes in, with their length. */
export function hashBytes(hash: Hash, bytes: Uint8Array): void {
  const { length } = bytes;
  mix(hash, length);
  let place = 0;
  for (; place + 4 <= length; place += 4) {
    const word =
      (bytes[place] ?? 0) |
      ((bytes[place + 1] ?? 0) << 8) |
      ((bytes[place + 2] ?? 0) << 16) |
      ((bytes[place + 3] ?? 0) << 24);
    mix(hash, word);
  }
  for (; place < length; place += 1) mix(hash, bytes[place] ?? 0);
}

/** The same of bytes that are part of others, without a view of their own. */
export function hashPart(hash: Hash, view: DataView, from: number, length: number): void {
  mix(hash, length);
  const to = from + length;
  let place = from;
  for (; place + 4 <= to; place += 4) mix(hash, view.getInt32(place, true));
  for (; place < to; place += 1) mix(hash, view.getUint8(place));
}

/** Ends a hash: every input bit has reached every output bit. Murmur3's finalizer. */
export function finishHash(hash: Hash): void {
  hash.low = finish(hash.low);
  hash.high = finish(hash.high);
}

/** Adds one hash to a sum of hashes, which is the same in whatever order they are added. */
export function addHash(sum: Hash, hash: Hash): void {
  sum.low = (sum.low + hash.low) | 0;
  sum.high = (sum.high + hash.high) | 0;
}

/** Takes a hash out of a sum again. */
export function subtractHash(sum: Hash, hash: Hash): void {
  sum.low = (sum.low - hash.low) | 0;
  sum.high = (sum.high - hash.high) | 0;
}

/** As 16 hexadecimal digits. */
export function hexOf(hash: Hash): string {
  const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
  return hex(hash.high) + hex(hash.low);
}

function mix(hash: Hash, word: number): void {
  let low = Math.imul(word, 0xcc9e2d51);
  low = (low << 15) | (low >>> 17);
  hash.low ^= Math.imul(low, 0x1b873593);
  hash.low = (hash.low << 13) | (hash.low >>> 19);
  hash.low = (Math.imul(hash.low, 5) + 0xe6546b64) | 0;
  hash.high = Math.imul(hash.high ^ word, 0x01000193);
  hash.high = (hash.high << 7) | (hash.high >>> 25);
}

function finish(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
