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
  /**
   * After the change; for deletions the last one, with `mzxid` the index of the deletion. A created
   * node with `czxid` 0, or a deleted one with `mzxid` 0, follows from the zone table or from what
   * lies below it: nobody wrote it, and its parent does not count it.
   */
  readonly stat: Stat;
  readonly mode: CreateMode;
  readonly ttlMs: number;
  /** Eventual zones only. */
  readonly stamp?: Stamp;
}

/** All changes of one log index of one cluster, in order; applied and delivered whole. */
export interface Transaction {
  /** Of the origin; 0: a part of a snapshot of it, which has no place in its history. */
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
  /** Raised by a forced promotion: positions of different incarnations are not comparable. */
  readonly incarnation: number;
  readonly index: number;
}
