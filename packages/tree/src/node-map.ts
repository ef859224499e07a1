import { invariant } from "./invariant.ts";
import type { Znode } from "./znode.ts";

/** A power of two. */
const shards = 16;

/**
 * Nodes by path. One `Map` would copy all of its entries whenever it grows, a tenth of a second for
 * a million of them, and end at 16.7 million; so there are several.
 */
export class NodeMap {
  readonly #shards: readonly Map<string, Znode>[] = Array.from(
    { length: shards },
    () => new Map<string, Znode>(),
  );
  #size = 0;
  /** By shard, what was added and is not in it yet: see `defer`. */
  readonly #deferred: Znode[][] = Array.from({ length: shards }, () => []);
  #deferredCount = 0;

  get size(): number {
    return this.#size;
  }

  /** Some nodes are not found by `get` yet. */
  get isBehind(): boolean {
    return this.#deferredCount > 0;
  }

  get(path: string): Znode | undefined {
    return this.#shards[shardOf(path)]?.get(path);
  }

  /** Adds a node whose path is new. */
  add(node: Znode): void {
    const { path } = node;
    const shard = this.#shards[shardOf(path)];
    const size = shard?.size ?? 0;
    shard?.set(path, node);
    this.#size += 1;
    invariant(shard?.size === size + 1, `${path} is new`);
  }

  /**
   * Adds a node whose path is new, one of many: until `index` has come to it `get` does not find
   * it.
   */
  defer(node: Znode): void {
    this.#deferred[shardOf(node.path)]?.push(node);
    this.#deferredCount += 1;
    this.#size += 1;
  }

  /**
   * Catches up with some of what was put off; true while more of it is left. One shard after the
   * other: what is looked at stays near the processor, which makes it several times faster for a
   * million nodes, and the shards do not all grow at the same moment.
   */
  index(nodesMax: number): boolean {
    let left = nodesMax;
    for (const deferred of this.#deferred) {
      for (let node = deferred.pop(); node !== undefined; node = deferred.pop()) {
        this.#size -= 1;
        this.#deferredCount -= 1;
        this.add(node);
        left -= 1;
        if (left === 0) return this.isBehind;
      }
    }
    return false;
  }

  /** Takes a node out that is there. */
  delete(node: Znode): void {
    this.#shards[shardOf(node.path)]?.delete(node.path);
    this.#size -= 1;
  }

  /** All nodes, in no order that means anything. */
  *values(): Generator<Znode, undefined> {
    for (const shard of this.#shards) yield* shard.values();
    return undefined;
  }
}

/** Names differ at their end, or in the middle where they all have the same end. */
function shardOf(path: string): number {
  const { length } = path;
  const last = path.charCodeAt(length - 1);
  const middle = path.charCodeAt(length >>> 1);
  return (last + middle * 7 + length * 3) & (shards - 1);
}
