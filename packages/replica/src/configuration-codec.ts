import type { Configuration } from "@meridian/consensus";
import { Configuration as ConfigurationMessage } from "@meridian/wire";

/** How configurations are written into log entries and snapshots. */
export const configurationCodec: {
  encode(configuration: Configuration): Uint8Array;
  decode(data: Uint8Array): Configuration;
} = {
  encode: (configuration) => ConfigurationMessage.encode(configuration),
  decode: (data) => ConfigurationMessage.decode(data),
};
