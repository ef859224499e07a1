import type { Change, Stamp } from "./change.ts";
import type { CreateMode, Stat } from "./stat.ts";

const noNames: readonly string[] = [];

/** A node of the tree. Mutable and private to this package: outsiders get a Stat made on demand. */
export class Znode {
  readonly path: string;
  data: Uint8Array;
  mode: CreateMode;
  ttlMs = 0;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctimeMs: number;
  mtimeMs: number;
  version = 0;
  cversion = 0;
  ephemeralOwner = 0;
  /** Next number for a sequential child: counts every child ever created, as ZooKeeper does. */
  nextSequence = 0;
  /** Eventual zones: the value's stamp; undefined for a node that only exists because of what is below it. */
  stamp: Stamp | undefined;
  vector: ReadonlyMap<string, number> | undefined;
  /** Index of the last change of any field, for snapshots. */
  touchedIndex = 0;
  /** Number of the snapshot that has visited this node. */
  visit = 0;
  /** Share of the tree's digest; valid unless the node is dirty. */
  hashLow = 0;
  hashHigh = 0;
  dirty = false;
  #children: Set<string> | undefined;
  #sorted: readonly string[] | undefined;

  constructor(path: string, data: Uint8Array, mode: CreateMode, zxid: number, timeMs: number) {
    this.path = path;
    this.data = data;
    this.mode = mode;
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.ctimeMs = timeMs;
    this.mtimeMs = timeMs;
  }

  get numChildren(): number {
    return this.#children?.size ?? 0;
  }

  /** Names of the children in ascending order of code units; sorted when first asked for after a change. */
  childNames(): readonly string[] {
    if (this.#children === undefined) return noNames;
    // The default order of strings is by code units, the same on every machine.
    this.#sorted ??= [...this.#children].sort();
    return this.#sorted;
  }

  addChild(name: string): void {
    this.#children ??= new Set();
    this.#children.add(name);
    this.#sorted = undefined;
  }

  removeChild(name: string): void {
    this.#children?.delete(name);
    this.#sorted = undefined;
    if (this.#children?.size === 0) this.#children = undefined;
  }

  stat(): Stat {
    const stat: Stat = {
      czxid: this.czxid,
      mzxid: this.mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.ctimeMs,
      mtimeMs: this.mtimeMs,
      version: this.version,
      cversion: this.cversion,
      aversion: 0,
      ephemeralOwner: this.ephemeralOwner,
      dataLength: this.data.byteLength,
      numChildren: this.numChildren,
    };
    if (this.stamp === undefined || this.vector === undefined) return stat;
    return { ...stat, origin: this.stamp.region, vector: this.vector };
  }

  /** Takes over everything that a change says, but for the children. */
  take(change: Change): void {
    const { stat, data, mode, ttlMs, stamp } = change;
    this.data = data;
    this.mode = mode;
    this.ttlMs = ttlMs;
    this.czxid = stat.czxid;
    this.mzxid = stat.mzxid;
    this.pzxid = stat.pzxid;
    this.ctimeMs = stat.ctimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.version = stat.version;
    this.cversion = stat.cversion;
    this.ephemeralOwner = stat.ephemeralOwner;
    this.stamp = stamp;
    this.vector = stat.vector;
  }

  /** The node as a change of it; deletions carry no data. */
  change(kind: Change["kind"]): Change {
    const change = {
      kind,
      path: this.path,
      data: kind === "deleted" ? nothing : this.data,
      stat: this.stat(),
      mode: this.mode,
      ttlMs: this.ttlMs,
    };
    return this.stamp === undefined ? change : { ...change, stamp: this.stamp };
  }
}

/** No data. */
export const nothing: Uint8Array = new Uint8Array(0);
