import type { Change, Stamp } from "./change.ts";
import type { Slab } from "./data-slabs.ts";
import type { Siblings } from "./siblings.ts";
import type { CreateMode, Stat } from "./stat.ts";

/** No data. */
export const nothing: Uint8Array = new Uint8Array(0);

const noVector: ReadonlyMap<string, number> = new Map();

/** Largest version: what a client can still ask for, a signed 32-bit number. */
const versionMax = 2 ** 31 - 1;

/**
 * A node of the tree. Mutable and private to this package: outsiders get a Stat made on demand.
 * There are millions of them, so that every field counts.
 */
export class Znode {
  readonly path: string;
  data: Uint8Array = nothing;
  mode: CreateMode = "persistent";
  ttlMs = 0;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctimeMs: number;
  mtimeMs: number;
  version = 0;
  cversion = 0;
  /** Changes of the access control list. */
  aversion = 0;
  /** Next number for a sequential child: counts every child ever created, as ZooKeeper does. */
  nextSequence = 0;
  /** Session of an ephemeral node. */
  owner: number | undefined = undefined;
  /** Eventual zones: stamp of the value; undefined when only what is below holds the node. */
  stamp: Stamp | undefined = undefined;
  vector: ReadonlyMap<string, number> | undefined = undefined;
  /** Undefined for "/", and for a node that is in no tree. */
  parent: Znode | undefined = undefined;
  children: Siblings | undefined = undefined;
  /** Where the data lies when it was settled. */
  slab: Slab | undefined = undefined;
  /** The store's moment when it last changed: see `NodeStore`. */
  touched = 0;
  /** Share in the digest, valid while it is not `unhashed`. */
  hashLow = 0;
  hashHigh = 0;
  unhashed = false;

  /** A node without data. Index and time 0 are those of nodes that nobody wrote: see `blank`. */
  constructor(path: string, zxid: number, timeMs: number) {
    this.path = path;
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.ctimeMs = timeMs;
    this.mtimeMs = timeMs;
  }

  /**
   * A node that nobody wrote: it follows from the zone table, or from what lies below it. It is the
   * same in every cluster, whenever each came to need it, and its coming is not counted at its
   * parent.
   */
  static blank(path: string): Znode {
    return new Znode(path, 0, 0);
  }

  get numChildren(): number {
    return this.children?.size ?? 0;
  }

  /** True when it may go by itself: with its session, its time or its last child. */
  get isTransient(): boolean {
    return this.mode !== "persistent" && this.mode !== "persistent-sequential";
  }

  /** Counts a change of the data at an index. */
  count(zxid: number, timeMs: number): void {
    this.version = this.version === versionMax ? 0 : this.version + 1;
    this.mzxid = zxid;
    this.mtimeMs = timeMs;
  }

  /** Counts a change of the set of children at an index. */
  countChild(zxid: number): void {
    this.cversion = (this.cversion + 1) >>> 0;
    this.pzxid = zxid;
  }

  stat(mzxid: number = this.mzxid): Stat {
    if (this.stamp !== undefined) return this.#eventualStat(mzxid, this.stamp);
    return {
      czxid: this.czxid,
      mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.ctimeMs,
      mtimeMs: this.mtimeMs,
      version: this.version,
      cversion: this.cversion,
      aversion: this.aversion,
      ephemeralOwner: this.owner ?? 0,
      dataLength: this.data.byteLength,
      numChildren: this.numChildren,
    };
  }

  /**
   * Takes over the numbers of a change. Data and owner are the store's to change, the children
   * their own. The counter of sequential children follows from what is counted of them.
   */
  take(change: Change): void {
    const { stat, mode, ttlMs, stamp } = change;
    const { cversion, numChildren } = stat;
    this.mode = mode;
    this.ttlMs = ttlMs;
    this.czxid = stat.czxid;
    this.mzxid = stat.mzxid;
    this.pzxid = stat.pzxid;
    this.ctimeMs = stat.ctimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.version = stat.version;
    this.cversion = cversion;
    this.aversion = stat.aversion;
    this.nextSequence = Math.max(this.nextSequence, Math.ceil((cversion + numChildren) / 2));
    this.stamp = stamp;
    this.vector = stat.vector;
  }

  /** The node as a change of it. */
  change(kind: "created" | "changed"): Change {
    return this.#change(kind, this.data, this.stat());
  }

  /** Its deletion: without data, with the last Stat but for `mzxid`, the index of the deletion. */
  deletion(zxid: number): Change {
    return this.#change("deleted", nothing, this.stat(zxid));
  }

  // Objects are written out, here and above: made by spreading they would cost several times more.
  #change(kind: Change["kind"], data: Uint8Array, stat: Stat): Change {
    const { path, mode, ttlMs, stamp } = this;
    if (stamp === undefined) return { kind, path, data, stat, mode, ttlMs };
    return { kind, path, data, stat, mode, ttlMs, stamp };
  }

  #eventualStat(mzxid: number, stamp: Stamp): Stat {
    return {
      czxid: this.czxid,
      mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.ctimeMs,
      mtimeMs: this.mtimeMs,
      version: this.version,
      cversion: this.cversion,
      aversion: this.aversion,
      ephemeralOwner: 0,
      dataLength: this.data.byteLength,
      numChildren: this.numChildren,
      origin: stamp.region,
      vector: this.vector ?? noVector,
    };
  }
}
