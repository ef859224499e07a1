import { finishHash, type Hash, hashBytes, hashNumber, hashText, newHash } from "./hash.ts";
import { invariant } from "./invariant.ts";
import { comparePaths, joinPath, nameOf, parentOf } from "./path.ts";
import { Znode } from "./znode.ts";

/** Told before a node changes or goes, so that a snapshot can keep what it was. */
export type BeforeChange = (node: Znode) => void;

/** The nodes by path, with what is derived from all of them: digest, order, snapshot hooks. */
export class NodeStore {
  readonly #nodes = new Map<string, Znode>();
  readonly #dirty = new Set<Znode>();
  readonly #sum: Hash = { low: 0, high: 0 };
  #beforeChange: BeforeChange | undefined;
  #dataBytes = 0;

  get size(): number {
    return this.#nodes.size;
  }

  /** Bytes of data in all nodes. */
  get dataBytes(): number {
    return this.#dataBytes;
  }

  get(path: string): Znode | undefined {
    return this.#nodes.get(path);
  }

  /** All nodes, in no order that means anything. */
  values(): IterableIterator<Znode> {
    return this.#nodes.values();
  }

  /** Sets the hook of the one snapshot that may be under way. */
  hook(beforeChange: BeforeChange | undefined): void {
    this.#beforeChange = beforeChange;
  }

  /** Adds a node below its parent, which must be there already (but for "/"). */
  insert(node: Znode): void {
    invariant(!this.#nodes.has(node.path), `${node.path} exists already`);
    this.#nodes.set(node.path, node);
    this.#dataBytes += node.data.byteLength;
    this.#dirty.add(node);
    node.dirty = true;
    if (node.path === "/") return;
    const parent = this.#nodes.get(parentOf(node.path));
    invariant(parent !== undefined, `${node.path} has no parent`);
    parent.addChild(nameOf(node.path));
  }

  /** Takes a node without children out. */
  remove(node: Znode): void {
    invariant(node.numChildren === 0, `${node.path} has children`);
    this.#beforeChange?.(node);
    this.#forgetHash(node);
    this.#dirty.delete(node);
    this.#nodes.delete(node.path);
    this.#dataBytes -= node.data.byteLength;
    this.#nodes.get(parentOf(node.path))?.removeChild(nameOf(node.path));
  }

  /** Must be called before any field of a node changes, and again afterwards when its data may have changed size. */
  touch(node: Znode, index: number): void {
    this.#beforeChange?.(node);
    node.touchedIndex = index;
    this.#forgetHash(node);
  }

  /** Replaces a node's data. The caller touched the node before. */
  setData(node: Znode, data: Uint8Array): void {
    this.#dataBytes += data.byteLength - node.data.byteLength;
    node.data = data;
  }

  /** Nodes after a path in tree order (all when undefined), each before its subtree. The tree must not change meanwhile. */
  *walk(after: string | undefined): Generator<Znode, undefined> {
    const root = this.#nodes.get("/");
    if (root === undefined) return undefined;
    if (after === undefined) yield root;
    yield* this.#below(root, after);
    return undefined;
  }

  /** Sum of the hashes of all nodes: the same for the same nodes, whatever the order of their coming. */
  hash(): Hash {
    for (const node of this.#dirty) {
      const hash = hashOf(node);
      node.hashLow = hash.low;
      node.hashHigh = hash.high;
      node.dirty = false;
      this.#sum.low = (this.#sum.low + hash.low) | 0;
      this.#sum.high = (this.#sum.high + hash.high) | 0;
    }
    this.#dirty.clear();
    return { ...this.#sum };
  }

  *#below(node: Znode, after: string | undefined): Generator<Znode, undefined> {
    for (const name of node.childNames()) {
      const path = joinPath(node.path, name);
      const child = this.#nodes.get(path);
      invariant(child !== undefined, `${path} is listed and missing`);
      if (after === undefined || comparePaths(path, after) > 0) yield child;
      else if (path !== after && !after.startsWith(`${path}/`)) continue;
      yield* this.#below(child, after);
    }
    return undefined;
  }

  #forgetHash(node: Znode): void {
    if (node.dirty) return;
    this.#sum.low = (this.#sum.low - node.hashLow) | 0;
    this.#sum.high = (this.#sum.high - node.hashHigh) | 0;
    node.dirty = true;
    this.#dirty.add(node);
  }
}

function hashOf(node: Znode): Hash {
  const hash = newHash();
  hashText(hash, node.path);
  hashBytes(hash, node.data);
  hashText(hash, node.mode);
  for (const value of [
    ...[node.czxid, node.mzxid, node.pzxid, node.ctimeMs, node.mtimeMs, node.version],
    ...[node.cversion, node.ephemeralOwner, node.nextSequence, node.ttlMs, node.numChildren],
  ]) {
    hashNumber(hash, value);
  }
  if (node.stamp !== undefined) {
    hashNumber(hash, node.stamp.ms);
    hashNumber(hash, node.stamp.counter);
    hashText(hash, node.stamp.region);
  }
  finishHash(hash);
  return hash;
}
