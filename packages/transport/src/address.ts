/** A place to listen at or to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Splits "host:port"; IPv6 hosts are in brackets. @throws {RangeError} when it is none. */
export function parseAddress(text: string): Address {
  const match = /^(?<host>\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(?<port>\d{1,5})$/u.exec(text);
  const { host, port } = match?.groups ?? {};
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new RangeError(`"${text}" is no host:port`);
  }
  return { host, port: Number(port) };
}
