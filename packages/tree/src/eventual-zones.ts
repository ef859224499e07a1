import {
  compareStamps,
  type HybridTime,
  hybridStart,
  mergeVectors,
  observe,
  tick,
} from "@meridian/merge";
import type { Change, Stamp } from "./change.ts";
import type { Draft } from "./draft.ts";
import { finishHash, type Hash, hashNumber, hashText, newHash } from "./hash.ts";
import type { NodeStore } from "./node-store.ts";
import { isWithin, parentOf } from "./path.ts";
import { nothing, Znode } from "./znode.ts";

/**
 * The zones that every region writes to. Each path is a register whose larger stamp wins; a deletion is a register too, kept as a
 * tombstone. What can be seen follows from the registers alone: live ones, and the ancestors of live ones. So regions that have
 * seen the same changes in any order see the same tree.
 */
export class EventualZones {
  readonly #nodes: NodeStore;
  readonly #tombstones = new Map<string, Change>();
  /** Nodes of the zone table: they stay although nothing is below them. */
  #fixed: ReadonlySet<string> = new Set();
  #region = "";
  clock: HybridTime = hybridStart;

  constructor(nodes: NodeStore) {
    this.#nodes = nodes;
  }

  /** Tells which region this is and which nodes always exist. */
  configure(region: string, fixed: ReadonlySet<string>): void {
    this.#region = region;
    this.#fixed = fixed;
  }

  /** Deleted registers, in no order that means anything. */
  tombstones(): IterableIterator<Change> {
    return this.#tombstones.values();
  }

  get tombstoneCount(): number {
    return this.#tombstones.size;
  }

  restoreTombstone(change: Change): void {
    this.#tombstones.set(change.path, change);
  }

  /** Stamps a node that a client of this region creates. */
  stampNew(node: Znode, draft: Draft): void {
    const before = this.#tombstones.get(node.path);
    node.vector = this.#vector(before?.stat.vector, draft.index);
    node.stamp = this.#stamp(draft.timeMs);
    this.#tombstones.delete(node.path);
  }

  /** Stamps a node that a client of this region changes. */
  stampChange(node: Znode, draft: Draft): void {
    const before = node.vector ?? this.#tombstones.get(node.path)?.stat.vector;
    node.vector = this.#vector(before, draft.index);
    node.stamp = this.#stamp(draft.timeMs);
    this.#tombstones.delete(node.path);
  }

  /** Deletes a node that a client of this region deletes; ancestors that only it kept alive go too. */
  deleteLocal(node: Znode, draft: Draft): void {
    const vector = this.#vector(node.vector, draft.index);
    const stamp = this.#stamp(draft.timeMs);
    const stat = { ...node.stat(), mzxid: draft.index, origin: stamp.region, vector };
    const change = { ...node.change("deleted"), stat, stamp };
    this.#tombstones.set(node.path, change);
    draft.delete(node, draft.index, change);
    this.#prune(parentOf(node.path), draft);
  }

  /** Merges a change of another region. Changes without a stamp only echo what the registers imply. */
  merge(change: Change, draft: Draft, zxid: number): void {
    const { stamp, path } = change;
    if (stamp === undefined) return;
    this.clock = observe(this.clock, stamp, draft.timeMs);
    const node = this.#nodes.get(path);
    const known = node?.stamp ?? this.#tombstones.get(path)?.stamp;
    if (known !== undefined && compareStamps(stamp, known) <= 0) return;
    if (change.kind === "deleted") this.#mergeDeletion(change, node, draft, zxid);
    else this.#mergeValue(change, node, draft, zxid);
  }

  /** Hash of all registers at or below a prefix: equal wherever the same changes have been merged. */
  digest(prefix: string): Hash {
    const sum: Hash = { low: 0, high: 0 };
    const add = (path: string, stamp: Stamp, kind: string): void => {
      const hash = newHash();
      hashText(hash, path);
      hashNumber(hash, stamp.ms);
      hashNumber(hash, stamp.counter);
      hashText(hash, stamp.region);
      hashText(hash, kind);
      finishHash(hash);
      sum.low = (sum.low + hash.low) | 0;
      sum.high = (sum.high + hash.high) | 0;
    };
    for (const { path, stamp } of this.#tombstones.values()) {
      if (stamp !== undefined && isWithin(path, prefix)) add(path, stamp, "deleted");
    }
    for (const { path, stamp } of this.#nodes.values()) {
      // Nodes without a stamp are implied by the others.
      if (stamp !== undefined && isWithin(path, prefix)) add(path, stamp, "live");
    }
    return sum;
  }

  #mergeValue(change: Change, node: Znode | undefined, draft: Draft, zxid: number): void {
    this.#tombstones.delete(change.path);
    if (node !== undefined) {
      draft.change(node, change.data, () => takeValue(node, change));
      return;
    }
    this.#imply(parentOf(change.path), draft, zxid);
    const made = new Znode(change.path, change.data, change.mode, zxid, draft.timeMs);
    takeValue(made, change);
    draft.create(made, zxid);
  }

  #mergeDeletion(change: Change, node: Znode | undefined, draft: Draft, zxid: number): void {
    this.#tombstones.set(change.path, change);
    if (node === undefined) return;
    if (node.numChildren > 0 || this.#fixed.has(node.path)) {
      draft.change(node, nothing, () => {
        node.stamp = undefined;
        node.vector = undefined;
        node.mzxid = zxid;
        node.version += 1;
      });
      return;
    }
    draft.delete(node, zxid, change);
    this.#prune(parentOf(node.path), draft);
  }

  /** Makes the ancestors that a live register implies. */
  #imply(path: string, draft: Draft, zxid: number): void {
    if (this.#nodes.get(path) !== undefined) return;
    this.#imply(parentOf(path), draft, zxid);
    draft.create(new Znode(path, nothing, "persistent", zxid, draft.timeMs), zxid);
  }

  /** Takes ancestors away that nothing implies any more. */
  #prune(path: string, draft: Draft): void {
    const node = this.#nodes.get(path);
    if (node === undefined || node.stamp !== undefined) return;
    if (node.numChildren > 0 || this.#fixed.has(path)) return;
    draft.delete(node);
    this.#prune(parentOf(path), draft);
  }

  #stamp(timeMs: number): Stamp {
    this.clock = tick(this.clock, timeMs);
    return { ...this.clock, region: this.#region };
  }

  #vector(
    before: ReadonlyMap<string, number> | undefined,
    index: number,
  ): ReadonlyMap<string, number> {
    return mergeVectors(before ?? new Map(), new Map([[this.#region, index]]));
  }
}

/** The register's part of a node; cversion and pzxid are each region's own. */
function takeValue(node: Znode, change: Change): void {
  const { stat, mode, stamp } = change;
  node.mode = mode;
  node.czxid = stat.czxid;
  node.mzxid = stat.mzxid;
  node.ctimeMs = stat.ctimeMs;
  node.mtimeMs = stat.mtimeMs;
  node.version = stat.version;
  node.stamp = stamp;
  node.vector = stat.vector;
}
