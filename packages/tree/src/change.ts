import type { CreateMode, Stat } from "./stat.ts";

/** When and where a value of an eventual zone was written: hybrid logical clock and region. */
export interface Stamp {
  readonly ms: number;
  readonly counter: number;
  readonly region: string;
}

/** One change of one node: its state afterwards, so that a mirror needs nothing else. */
export interface Change {
  readonly kind: "created" | "changed" | "deleted";
  readonly path: string;
  /** After the change; empty for deletions. */
  readonly data: Uint8Array;
  /** After the change; for deletions the last one, with `mzxid` the index of the deletion. */
  readonly stat: Stat;
  readonly mode: CreateMode;
  readonly ttlMs: number;
  /** Eventual zones only. */
  readonly stamp?: Stamp;
}

/** All changes of one log index of one cluster, in order; applied and delivered whole. */
export interface Transaction {
  readonly index: number;
  /** Cluster that made them; a region's log also holds those that it took over from others. */
  readonly origin: string;
  readonly incarnation: number;
  readonly timeMs: number;
  readonly changes: readonly Change[];
}

/** A place in the history of a cluster. */
export interface Position {
  readonly cluster: string;
  readonly incarnation: number;
  readonly index: number;
}
