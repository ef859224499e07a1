/** Where something listens or is reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Form of an address, for messages about a wrong one. */
export const addressForm = "host:port, such as 127.0.0.1:7400";

/**
 * Reads `host:port` or `[ipv6]:port`; undefined when it is neither. Port 0 is for listeners only
 * and is accepted.
 */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2];
  const port = Number(match[3]);
  if (host === undefined || port > 65_535) return undefined;
  return { host, port };
}
