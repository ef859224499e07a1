/** Text of UTF-8 bytes, "" when they are none. Without anything from outside of the language. */
export function utf8Text(bytes: Uint8Array): string {
  let encoded = "";
  for (const byte of bytes) encoded += `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}
