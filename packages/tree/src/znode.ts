import type { Change, Stamp } from "./change.ts";
import type { Slab } from "./data-slabs.ts";
import type { Siblings } from "./siblings.ts";
import type { CreateMode, Stat } from "./stat.ts";

/** No data. */
export const nothing: Uint8Array = new Uint8Array(0);

const noVector: ReadonlyMap<string, number> = new Map();

/** Largest version: what a client can still ask for, a signed 32-bit number. */
const versionMax = 2 ** 31 - 1;

/** What few nodes have; the others share one that says so. Never changed, but replaced. */
export interface Traits {
  readonly mode: CreateMode;
  readonly ttlMs: number;
  readonly aversion: number;
  readonly owner: number | undefined;
  readonly stamp: Stamp | undefined;
  readonly vector: ReadonlyMap<string, number> | undefined;
}

const plain: Traits = {
  mode: "persistent",
  ttlMs: 0,
  aversion: 0,
  owner: undefined,
  stamp: undefined,
  vector: undefined,
};

/** What only nodes have that have, or had, children. */
interface Offspring {
  children: Siblings | undefined;
  cversion: number;
  nextSequence: number;
}

/** Bits of `#place` for the length of data in a slab. */
const lengthBits = 13;
const lengthMask = 2 ** lengthBits - 1;
/** `#place` of data that is not in a slab. */
const nowhere = -1;
const dayMs = 86_400_000;

/**
 * A node of the tree. Mutable and private to this package: outsiders get a Stat made on demand.
 * There are millions of them, so that every field counts: small integers take eight bytes, and
 * anything else an object of its own. What most nodes do not need is kept beside them.
 */
export class Znode {
  readonly path: string;
  czxid: number;
  mzxid: number;
  pzxid: number;
  version = 0;
  /** Undefined for "/", and for a node that is in no tree. */
  parent: Znode | undefined = undefined;
  /** The store's moment when it last changed: see `NodeStore`. */
  touched = 0;
  /** Share in the digest, valid while it is not `unhashed`. */
  hashLow = 0;
  hashHigh = 0;
  unhashed = false;
  /** The data, or where it lies: then `#place` is its beginning there and its length in one. */
  #held: Uint8Array | Slab = nothing;
  #place: number = nowhere;
  // Times are too large for small integers, days and the rest of them are not.
  #createdDay: number;
  #createdMs: number;
  #changedDay: number;
  #changedMs: number;
  #traits: Traits = plain;
  #offspring: Offspring | undefined = undefined;

  /** A node without data. Index and time 0 are those of nodes that nobody wrote: see `blank`. */
  constructor(path: string, zxid: number, timeMs: number) {
    const day = Math.floor(timeMs / dayMs);
    this.path = path;
    this.czxid = zxid;
    this.mzxid = zxid;
    this.pzxid = zxid;
    this.#createdDay = day;
    this.#createdMs = timeMs - day * dayMs;
    this.#changedDay = day;
    this.#changedMs = this.#createdMs;
  }

  /**
   * A node that nobody wrote: it follows from the zone table, or from what lies below it. It is the
   * same in every cluster, whenever each came to need it, and its coming is not counted at its
   * parent.
   */
  static blank(path: string): Znode {
    return new Znode(path, 0, 0);
  }

  /** Must not be changed. Where it was settled, this is a new view of it every time. */
  get data(): Uint8Array {
    const held = this.#held;
    if (held instanceof Uint8Array) return held;
    const at = this.#place >>> lengthBits;
    return held.bytes.subarray(at, at + (this.#place & lengthMask));
  }

  /** Data that lies nowhere else. */
  set data(data: Uint8Array) {
    this.#held = data;
    this.#place = nowhere;
  }

  /** Where its data lies: `dataLength` bytes from `dataAt` on. */
  get bytes(): Uint8Array {
    const held = this.#held;
    return held instanceof Uint8Array ? held : held.bytes;
  }

  get dataAt(): number {
    return this.#held instanceof Uint8Array ? 0 : this.#place >>> lengthBits;
  }

  get dataLength(): number {
    const held = this.#held;
    return held instanceof Uint8Array ? held.byteLength : this.#place & lengthMask;
  }

  /** Whether this very array is its data, and lies nowhere else. */
  holds(data: Uint8Array): boolean {
    return this.#held === data;
  }

  /** Where its data lies when it was settled. */
  get slab(): Slab | undefined {
    return this.#held instanceof Uint8Array ? undefined : this.#held;
  }

  /** Its data, of the same bytes, lies in a slab, with less than 64 KiB before it. */
  lie(slab: Slab, at: number, length: number): void {
    this.#held = slab;
    this.#place = (at << lengthBits) | length;
  }

  /** Its data no longer counts as lying in a slab, although its bytes stay there. */
  stand(): void {
    const { data } = this;
    this.data = data;
  }

  get ctimeMs(): number {
    return this.#createdDay * dayMs + this.#createdMs;
  }

  set ctimeMs(timeMs: number) {
    this.#createdDay = Math.floor(timeMs / dayMs);
    this.#createdMs = timeMs - this.#createdDay * dayMs;
  }

  get mtimeMs(): number {
    return this.#changedDay * dayMs + this.#changedMs;
  }

  set mtimeMs(timeMs: number) {
    this.#changedDay = Math.floor(timeMs / dayMs);
    this.#changedMs = timeMs - this.#changedDay * dayMs;
  }

  /** See `PlainNode`, but for the path. */
  get isPlain(): boolean {
    const { mode, ttlMs, owner, stamp, vector } = this.#traits;
    const isOwned = owner !== undefined || stamp !== undefined || vector !== undefined;
    return !isOwned && mode === "persistent" && ttlMs === 0;
  }

  /** What few nodes have, all at once. */
  get traits(): Traits {
    return this.#traits;
  }

  get mode(): CreateMode {
    return this.#traits.mode;
  }

  set mode(mode: CreateMode) {
    if (mode !== this.#traits.mode) this.#traits = { ...this.#traits, mode };
  }

  get ttlMs(): number {
    return this.#traits.ttlMs;
  }

  set ttlMs(ttlMs: number) {
    if (ttlMs !== this.#traits.ttlMs) this.#traits = { ...this.#traits, ttlMs };
  }

  /** Changes of the access control list. */
  get aversion(): number {
    return this.#traits.aversion;
  }

  set aversion(aversion: number) {
    if (aversion !== this.#traits.aversion) this.#traits = { ...this.#traits, aversion };
  }

  /** Session of an ephemeral node. */
  get owner(): number | undefined {
    return this.#traits.owner;
  }

  set owner(owner: number | undefined) {
    if (owner !== this.#traits.owner) this.#traits = { ...this.#traits, owner };
  }

  /** Eventual zones: stamp of the value; undefined when only what is below holds the node. */
  get stamp(): Stamp | undefined {
    return this.#traits.stamp;
  }

  set stamp(stamp: Stamp | undefined) {
    if (stamp !== this.#traits.stamp) this.#traits = { ...this.#traits, stamp };
  }

  get vector(): ReadonlyMap<string, number> | undefined {
    return this.#traits.vector;
  }

  set vector(vector: ReadonlyMap<string, number> | undefined) {
    if (vector !== this.#traits.vector) this.#traits = { ...this.#traits, vector };
  }

  get children(): Siblings | undefined {
    return this.#offspring?.children;
  }

  set children(children: Siblings | undefined) {
    if (children !== this.children) Znode.#offspringOf(this).children = children;
  }

  get cversion(): number {
    return this.#offspring?.cversion ?? 0;
  }

  set cversion(cversion: number) {
    if (cversion !== this.cversion) Znode.#offspringOf(this).cversion = cversion;
  }

  /** Next number for a sequential child: counts every child ever created, as ZooKeeper does. */
  get nextSequence(): number {
    return this.#offspring?.nextSequence ?? 0;
  }

  set nextSequence(nextSequence: number) {
    if (nextSequence !== this.nextSequence) Znode.#offspringOf(this).nextSequence = nextSequence;
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

  // Fields are read straight here, as every write and every read comes this way.
  stat(mzxid: number = this.mzxid): Stat {
    const { stamp, aversion, owner } = this.#traits;
    if (stamp !== undefined) return eventualStatOf(this, mzxid, stamp);
    const held = this.#held;
    return {
      czxid: this.czxid,
      mzxid,
      pzxid: this.pzxid,
      ctimeMs: this.#createdDay * dayMs + this.#createdMs,
      mtimeMs: this.#changedDay * dayMs + this.#changedMs,
      version: this.version,
      cversion: this.#offspring?.cversion ?? 0,
      aversion,
      ephemeralOwner: owner ?? 0,
      dataLength: held instanceof Uint8Array ? held.byteLength : this.#place & lengthMask,
      numChildren: this.#offspring?.children?.size ?? 0,
    };
  }

  /**
   * Takes over the numbers of a change. Data and owner are the store's to change, the children
   * their own. The counter of sequential children follows from what is counted of them.
   */
  take(change: Change): void {
    const { stat, mode, ttlMs, stamp } = change;
    const { cversion, numChildren } = stat;
    const { aversion, vector } = stat;
    const { owner } = this.#traits;
    const isPlain = mode === "persistent" && ttlMs === 0 && aversion === 0 && owner === undefined;
    this.#traits =
      isPlain && stamp === undefined && vector === undefined
        ? plain
        : { mode, ttlMs, aversion, owner, stamp, vector };
    this.czxid = stat.czxid;
    this.mzxid = stat.mzxid;
    this.pzxid = stat.pzxid;
    this.ctimeMs = stat.ctimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.version = stat.version;
    this.cversion = cversion;
    this.nextSequence = Math.max(this.nextSequence, Math.ceil((cversion + numChildren) / 2));
  }

  /** The node as a change of it. */
  change(kind: "created" | "changed"): Change {
    return changeOf(this, kind, this.data, this.stat());
  }

  /** Its deletion: without data, with the last Stat but for `mzxid`, the index of the deletion. */
  deletion(zxid: number): Change {
    return changeOf(this, "deleted", nothing, this.stat(zxid));
  }

  // Private methods of an instance would take eight bytes of each: this one is static, and others
  // are functions below.
  static #offspringOf(node: Znode): Offspring {
    node.#offspring ??= { children: undefined, cversion: 0, nextSequence: 0 };
    return node.#offspring;
  }
}

// Objects are written out, here and above: made by spreading they would cost several times more.
function changeOf(node: Znode, kind: Change["kind"], data: Uint8Array, stat: Stat): Change {
  const { path } = node;
  const { mode, ttlMs, stamp } = node.traits;
  if (stamp === undefined) return { kind, path, data, stat, mode, ttlMs };
  return { kind, path, data, stat, mode, ttlMs, stamp };
}

function eventualStatOf(node: Znode, mzxid: number, stamp: Stamp): Stat {
  return {
    czxid: node.czxid,
    mzxid,
    pzxid: node.pzxid,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    version: node.version,
    cversion: node.cversion,
    aversion: node.aversion,
    ephemeralOwner: 0,
    dataLength: node.dataLength,
    numChildren: node.numChildren,
    origin: stamp.region,
    vector: node.vector ?? noVector,
  };
}
