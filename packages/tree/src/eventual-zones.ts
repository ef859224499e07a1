import {
  compareStamps,
  compareTimes,
  type HybridTime,
  hybridStart,
  observe,
  tick,
} from "@meridian/merge";
import type { Change, Stamp } from "./change.ts";
import type { Draft } from "./draft.ts";
import {
  addHash,
  finishHash,
  type Hash,
  hashNumber,
  hashText,
  newHash,
  subtractHash,
} from "./hash.ts";
import type { NodeStore } from "./node-store.ts";
import { isWithin, parentOf } from "./path.ts";
import { nothing, Znode } from "./znode.ts";

type Vector = ReadonlyMap<string, number>;

/**
 * The zones that every region writes to. Each path is a register whose larger stamp wins; a
 * deletion is a value too, kept as a tombstone. What can be seen follows from the registers alone:
 * the live ones, and blank nodes as ancestors of live ones. So regions that have seen the same
 * changes, in any order and any number of times, see the same tree.
 */
export class EventualZones {
  readonly #nodes: NodeStore;
  readonly #tombstones = new Map<string, Change>();
  readonly #sum: Hash = { low: 0, high: 0 };
  /** Nodes of the zone table: they stay although nothing is below them. */
  #fixed: ReadonlySet<string> = new Set();
  #region = "";
  #clock: HybridTime = hybridStart;

  constructor(nodes: NodeStore) {
    this.#nodes = nodes;
  }

  /** Tells which region this is and which nodes always exist. */
  configure(region: string, fixed: ReadonlySet<string>): void {
    this.#region = region;
    this.#fixed = fixed;
  }

  /** Hybrid logical clock of this region. */
  get clock(): HybridTime {
    return this.#clock;
  }

  /** Deleted registers, in no order that means anything. */
  tombstones(): IterableIterator<Change> {
    return this.#tombstones.values();
  }

  get tombstoneCount(): number {
    return this.#tombstones.size;
  }

  /** Puts back what a snapshot kept. */
  restoreClock(clock: HybridTime): void {
    this.#clock = clock;
  }

  restoreTombstone(change: Change): void {
    this.#bury(change, undefined);
  }

  /** Stamps a node that a client of this region makes. */
  stampNew(node: Znode, draft: Draft): void {
    const before = this.#tombstones.get(node.path);
    node.vector = this.#vector(before?.stat.vector, draft.index);
    node.stamp = this.#stamp(before?.stamp, draft);
    this.#exhume(node.path, draft);
  }

  /** Stamps a node that a client of this region changes. */
  stampChange(node: Znode, draft: Draft): void {
    const before = this.#tombstones.get(node.path);
    node.vector = this.#vector(node.vector ?? before?.stat.vector, draft.index);
    node.stamp = this.#stamp(node.stamp ?? before?.stamp, draft);
    this.#exhume(node.path, draft);
  }

  /** Deletes a node that a client of this region deletes, and blank ancestors left childless. */
  deleteLocal(node: Znode, draft: Draft): void {
    const { path } = node;
    const vector = this.#vector(node.vector, draft.index);
    const stamp = this.#stamp(node.stamp ?? this.#tombstones.get(path)?.stamp, draft);
    const deletion = node.deletion(draft.index);
    const stat = { ...deletion.stat, origin: stamp.region, vector };
    const change = { ...deletion, stat, stamp };
    this.#bury(change, draft);
    draft.delete(node, change);
    this.#prune(parentOf(path), draft);
  }

  /** Merges a change of another region. Changes without a stamp only echo what others imply. */
  merge(change: Change, draft: Draft): void {
    const { stamp, path } = change;
    if (stamp === undefined) return;
    this.#clock = observe(this.#clock, stamp, draft.timeMs);
    const node = this.#nodes.get(path);
    const known = node?.stamp ?? this.#tombstones.get(path)?.stamp;
    if (known !== undefined && compareStamps(stamp, known) <= 0) return;
    if (change.kind === "deleted") this.#mergeDeletion(change, node, draft);
    else this.#mergeValue(change, node, draft);
  }

  /** Sum of the hashes of all tombstones, for the digest of a replica. */
  hash(): Hash {
    return this.#sum;
  }

  /**
   * Hash of all registers at or below a prefix: equal wherever the same changes were merged. Goes
   * through all nodes.
   */
  digest(prefix: string): Hash {
    const sum: Hash = { low: 0, high: 0 };
    for (const { path, stamp } of this.#tombstones.values()) {
      if (stamp !== undefined && isWithin(path, prefix)) addHash(sum, hashOf(path, stamp, true));
    }
    for (const { path, stamp } of this.#nodes.values()) {
      // Nodes without a stamp are implied by the others.
      if (stamp !== undefined && isWithin(path, prefix)) addHash(sum, hashOf(path, stamp, false));
    }
    return sum;
  }

  #mergeValue(change: Change, node: Znode | undefined, draft: Draft): void {
    this.#exhume(change.path, draft);
    if (node !== undefined) {
      draft.change(node, change.data, () => takeValue(node, change));
      return;
    }
    this.#imply(parentOf(change.path), draft);
    const made = new Znode(change.path, change.stat.czxid, change.stat.ctimeMs);
    made.data = change.data;
    takeValue(made, change);
    draft.create(made);
  }

  #mergeDeletion(change: Change, node: Znode | undefined, draft: Draft): void {
    this.#bury(change, draft);
    if (node === undefined) {
      // Who comes from a region that had the node has to hear that it is gone.
      draft.tellDeletion(change);
      return;
    }
    if (node.numChildren > 0 || this.#fixed.has(node.path)) {
      draft.change(node, nothing, makeBlank);
      return;
    }
    draft.delete(node, change);
    this.#prune(parentOf(node.path), draft);
  }

  /** Makes the blank ancestors that a live register implies. */
  #imply(path: string, draft: Draft): void {
    if (this.#nodes.get(path) !== undefined) return;
    this.#imply(parentOf(path), draft);
    draft.create(Znode.blank(path));
  }

  /** Takes blank ancestors away that nothing implies any more; their going counts no more. */
  #prune(path: string, draft: Draft): void {
    const node = this.#nodes.get(path);
    if (node === undefined || node.stamp !== undefined) return;
    if (node.numChildren > 0 || this.#fixed.has(path)) return;
    draft.delete(node, node.deletion(0));
    this.#prune(parentOf(path), draft);
  }

  #bury(change: Change, draft: Draft | undefined): void {
    const { path } = change;
    const before = this.#tombstones.get(path);
    this.#forget(before);
    this.#tombstones.set(path, change);
    addHash(this.#sum, hashOfTombstone(change));
    draft?.undo(() => {
      this.#forget(change);
      if (before !== undefined) this.#bury(before, undefined);
    });
  }

  #exhume(path: string, draft: Draft): void {
    const before = this.#tombstones.get(path);
    if (before === undefined) return;
    this.#forget(before);
    draft.undo(() => this.#bury(before, undefined));
  }

  #forget(change: Change | undefined): void {
    if (change === undefined) return;
    this.#tombstones.delete(change.path);
    subtractHash(this.#sum, hashOfTombstone(change));
  }

  /**
   * A stamp for a write here: later than all that the clock has followed, and than what it
   * replaces even if that came from a clock too far ahead to be followed. Else the write would be
   * seen here and lose everywhere else.
   */
  #stamp(replaced: Stamp | undefined, draft: Draft): Stamp {
    const before = this.#clock;
    draft.undo(() => {
      this.#clock = before;
    });
    this.#clock = tick(before, draft.timeMs);
    const isLater = replaced === undefined || compareTimes(this.#clock, replaced) > 0;
    const time = isLater ? this.#clock : { ms: replaced.ms, counter: replaced.counter + 1 };
    return { ...time, region: this.#region };
  }

  #vector(before: Vector | undefined, index: number): Vector {
    return new Map(before).set(this.#region, index);
  }
}

/** The register's part of a node; `cversion` and `pzxid` are each region's own. */
function takeValue(node: Znode, change: Change): void {
  const { stat, mode, stamp } = change;
  node.mode = mode;
  node.czxid = stat.czxid;
  node.mzxid = stat.mzxid;
  node.ctimeMs = stat.ctimeMs;
  node.mtimeMs = stat.mtimeMs;
  node.version = stat.version;
  node.aversion = stat.aversion;
  node.stamp = stamp;
  node.vector = stat.vector;
}

/** Makes a node what `Znode.blank` makes, but for what counts its children. */
function makeBlank(node: Znode): void {
  node.mode = "persistent";
  node.czxid = 0;
  node.mzxid = 0;
  node.ctimeMs = 0;
  node.mtimeMs = 0;
  node.version = 0;
  node.aversion = 0;
  node.stamp = undefined;
  node.vector = undefined;
}

function hashOf(path: string, stamp: Stamp, isDeleted: boolean): Hash {
  const hash = newHash();
  hashText(hash, path);
  hashNumber(hash, stamp.ms);
  hashNumber(hash, stamp.counter);
  hashText(hash, stamp.region);
  hashNumber(hash, isDeleted ? 1 : 0);
  finishHash(hash);
  return hash;
}

function hashOfTombstone({ path, stamp, stat }: Change): Hash {
  const hash = stamp === undefined ? newHash() : hashOf(path, stamp, true);
  hashNumber(hash, stat.mzxid);
  finishHash(hash);
  return hash;
}
