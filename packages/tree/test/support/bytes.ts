const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** UTF-8 of a text. */
export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8. */
export function text(data: Uint8Array | undefined): string | undefined {
  return data === undefined ? undefined : decoder.decode(data);
}
