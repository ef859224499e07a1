import type { Configuration, ConfigurationCodec } from "../../src/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text to bytes. */
export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes to text. */
export function text(data: Uint8Array): string {
  return decoder.decode(data);
}

/** Configurations as JSON. */
export const codec: ConfigurationCodec = {
  encode: (configuration) => bytes(JSON.stringify(configuration)),
  decode: (data) => JSON.parse(text(data)) as Configuration,
};
