/** Metadata of a znode, as ZooKeeper's users know it. All numbers are safe integers. */
export interface Stat {
  /** Log index, in the cluster that owns the node, of its creation. */
  readonly czxid: number;
  /** Likewise, of the last change of its data. */
  readonly mzxid: number;
  /** Likewise, of the last change of its set of children. */
  readonly pzxid: number;
  /** Milliseconds since 1970, by the clock of the server that took the write. */
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** Session that owns an ephemeral node; 0 for others. */
  readonly ephemeralOwner: number;
  readonly dataLength: number;
  readonly numChildren: number;
  /** Eventual zones: region that wrote the current value. */
  readonly origin?: string;
  /** Eventual zones: number of the last write of each region that the value includes. */
  readonly vector?: ReadonlyMap<string, number>;
}

/** How a node is created. `container` and `ttl` nodes are reaped by the leader. */
export type CreateMode =
  | "persistent"
  | "ephemeral"
  | "persistent-sequential"
  | "ephemeral-sequential"
  | "container"
  | "ttl"
  | "ttl-sequential";
