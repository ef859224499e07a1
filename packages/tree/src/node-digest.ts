import {
  addHash,
  finishHash,
  type Hash,
  hashAscii,
  hashBytes,
  hashNumber,
  hashPart,
  hashText,
  newHash,
} from "./hash.ts";
import type { PlainNode } from "./plain-node.ts";
import type { Znode } from "./znode.ts";

/**
 * Nodes whose hashes may be out of date at a time: some milliseconds to bring up. Those that change
 * again meanwhile are hashed once.
 */
const unhashedMax = 16_384;
/** Brought up together when there are more: some tenths of a millisecond. */
const broughtUp = 1_024;

/**
 * Sum of the hashes of all nodes: the same for the same nodes, whatever the order of their coming.
 * Hashes are brought up in small batches, so that asking for the sum never means going through the
 * whole tree.
 */
export class NodeDigest {
  readonly #unhashed = new Set<Znode>();
  readonly #sum: Hash = { low: 0, high: 0 };

  /** Must be called before a node changes and after it was added. */
  change(node: Znode): void {
    if (node.unhashed) return;
    this.#sum.low = (this.#sum.low - node.hashLow) | 0;
    this.#sum.high = (this.#sum.high - node.hashHigh) | 0;
    node.unhashed = true;
    this.#unhashed.add(node);
  }

  /** Adds a node that was made of these bytes just now: hashed here, where they are at hand. */
  addPlain(node: Znode, plain: PlainNode): void {
    const hash = hashOfPlain(plain);
    node.hashLow = hash.low;
    node.hashHigh = hash.high;
    addHash(this.#sum, hash);
  }

  /** Must be called before a node is taken out. */
  remove(node: Znode): void {
    this.change(node);
    this.#unhashed.delete(node);
    node.unhashed = false;
    node.hashLow = 0;
    node.hashHigh = 0;
  }

  /** Brings some hashes up when many are out of date. Only between commands. */
  settle(): void {
    if (this.#unhashed.size >= unhashedMax) this.#bringUp(broughtUp);
  }

  sum(): Hash {
    this.#bringUp(Infinity);
    return { ...this.#sum };
  }

  /** Those that have waited longest. */
  #bringUp(count: number): void {
    let left = count;
    for (const node of this.#unhashed) {
      const hash = hashOf(node);
      node.hashLow = hash.low;
      node.hashHigh = hash.high;
      node.unhashed = false;
      this.#unhashed.delete(node);
      addHash(this.#sum, hash);
      left -= 1;
      if (left === 0) break;
    }
  }
}

/** Everything that belongs to the node itself; its children tell of themselves. */
function hashOf(node: Znode): Hash {
  const hash = newHash();
  const { mode, owner, ttlMs, stamp, vector } = node.traits;
  hashText(hash, node.path);
  hashBytes(hash, node.data);
  hashText(hash, mode);
  hashNumbers(hash, node);
  hashNumber(hash, owner ?? 0);
  hashNumber(hash, ttlMs);
  if (stamp !== undefined) {
    hashNumber(hash, stamp.ms);
    hashNumber(hash, stamp.counter);
    hashText(hash, stamp.region);
  }
  if (vector !== undefined) hashVector(hash, vector);
  finishHash(hash);
  return hash;
}

function hashOfPlain(plain: PlainNode): Hash {
  const hash = newHash();
  hashAscii(hash, plain.bytes, plain.pathAt, plain.path.length);
  hashPart(hash, plain.view, plain.dataAt, plain.dataLength);
  hashText(hash, "persistent");
  hashNumbers(hash, plain);
  // Nobody owns it, and it does not end by itself.
  hashNumber(hash, 0);
  hashNumber(hash, 0);
  finishHash(hash);
  return hash;
}

function hashNumbers(hash: Hash, node: Znode | PlainNode): void {
  hashNumber(hash, node.czxid);
  hashNumber(hash, node.mzxid);
  hashNumber(hash, node.pzxid);
  hashNumber(hash, node.ctimeMs);
  hashNumber(hash, node.mtimeMs);
  hashNumber(hash, node.version);
  hashNumber(hash, node.cversion);
  hashNumber(hash, node.aversion);
  hashNumber(hash, node.nextSequence);
}

/** Whatever the order of its entries. */
function hashVector(hash: Hash, vector: ReadonlyMap<string, number>): void {
  const sum: Hash = { low: 0, high: 0 };
  for (const [region, counter] of vector) {
    const entry = newHash();
    hashText(entry, region);
    hashNumber(entry, counter);
    finishHash(entry);
    addHash(sum, entry);
  }
  hashNumber(hash, sum.low);
  hashNumber(hash, sum.high);
}
