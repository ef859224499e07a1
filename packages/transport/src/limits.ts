/** Bounds of one server; what exceeds them is refused or cut, never buffered. */
export interface ServerLimits {
  /** Largest message that is taken, after decompression. */
  readonly messageBytesMax: number;
  /** Streams and calls open at once on one connection. */
  readonly streamsPerConnectionMax: number;
  /**
   * Connections at once; those of peers are taken beyond it. Fewer where the process may not have
   * that many files open.
   */
  readonly connectionsMax: number;
  /** Memory of one HTTP/2 connection, in MiB. */
  readonly connectionMemoryMiB: number;
  /** Sum of all metadata of one call. */
  readonly metadataBytesMax: number;
  /** Silence after which a connection is asked for a sign of life. */
  readonly keepaliveMs: number;
  /** Time for that sign. */
  readonly keepaliveTimeoutMs: number;
  /** Time that open streams get to end by themselves when the server closes. */
  readonly graceMs: number;
}

/** What a server does unless told otherwise. */
export const SERVER_LIMITS: ServerLimits = {
  messageBytesMax: 4 << 20,
  streamsPerConnectionMax: 1000,
  connectionsMax: 20_000,
  connectionMemoryMiB: 64,
  metadataBytesMax: 16 << 10,
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 5_000,
  graceMs: 500,
};
