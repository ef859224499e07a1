/** Units that are put together at a time. */
const runMax = 4_096;

/** Text of UTF-8 bytes, "" when they are none. Without anything from outside of the language. */
export function utf8Text(bytes: Uint8Array): string {
  // Nearly always: and many times faster than the escapes below.
  if (bytes.every((byte) => byte < 0x80)) return asciiText(bytes);
  let encoded = "";
  for (const byte of bytes) encoded += `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}

/** Bytes that a text takes in UTF-8. Each half of a surrogate pair counts two of four. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

function asciiText(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += runMax) {
    text += String.fromCharCode(...bytes.subarray(at, at + runMax));
  }
  return text;
}
