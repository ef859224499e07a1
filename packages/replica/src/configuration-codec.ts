import type { Configuration } from "@meridian/consensus";
import { decodeConfiguration, encodeConfiguration } from "@meridian/transport";

/** How configurations are written into log entries and snapshots. */
export const configurationCodec: {
  encode(configuration: Configuration): Uint8Array;
  decode(data: Uint8Array): Configuration;
} = {
  encode: encodeConfiguration,
  decode: decodeConfiguration,
};
