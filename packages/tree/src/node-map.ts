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

  get size(): number {
    return this.#size;
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
