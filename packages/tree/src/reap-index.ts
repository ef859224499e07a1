import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import type { Znode } from "./znode.ts";

/** Nodes looked at in one go. With more of them the last comes round a little later. */
const lookedAtMax = 10_000;

/** Container and TTL nodes, so that finding those that are due is no search of the whole tree. */
export class ReapIndex {
  readonly #paths = new Set<string>();
  #round: IterableIterator<string> | undefined;

  /** A node was made, changed or deleted. */
  note({ kind, path, mode }: Change): void {
    // Nearly all are, and comparing the beginning of a mode takes longer than this.
    if (mode === "persistent" && kind !== "deleted") return;
    if (kind === "deleted") this.#paths.delete(path);
    else if (mode === "container" || mode.startsWith("ttl")) this.#paths.add(path);
  }

  /** Paths of nodes that are due, at most `limit`. Each call goes on where the last one stopped. */
  due(
    nodes: NodeStore,
    nowMs: number,
    limit: number,
    isOurs: (path: string) => boolean,
  ): readonly string[] {
    const due: string[] = [];
    const looks = Math.min(lookedAtMax, this.#paths.size);
    for (let looked = 0; looked < looks && due.length < limit; looked += 1) {
      const path = this.#next();
      const node = path === undefined ? undefined : nodes.get(path);
      if (node !== undefined && isDue(node, nowMs) && isOurs(node.path)) due.push(node.path);
    }
    return due;
  }

  #next(): string | undefined {
    this.#round ??= this.#paths.values();
    const next = this.#round.next();
    if (next.done !== true) return next.value;
    this.#round = this.#paths.values();
    return this.#round.next().value;
  }
}

/** True for a container that lost its last child, and a childless TTL node whose time is over. */
export function isDue(node: Znode, nowMs: number): boolean {
  if (node.numChildren > 0) return false;
  if (node.mode === "container") return node.cversion > 0;
  return node.mode.startsWith("ttl") && node.mtimeMs + node.ttlMs <= nowMs;
}
