import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import type { Znode } from "./znode.ts";

/** Container and TTL nodes, so that finding those that are due does not mean looking at all nodes. */
export class ReapIndex {
  readonly #paths = new Set<string>();

  /** A node was created or deleted. */
  note({ kind, path, mode }: Change): void {
    if (mode !== "container" && !mode.startsWith("ttl")) return;
    if (kind === "deleted") this.#paths.delete(path);
    else this.#paths.add(path);
  }

  /** True when a container lost its last child, or a childless TTL node was not changed for its time. */
  isDue(node: Znode, nowMs: number): boolean {
    if (node.numChildren > 0) return false;
    if (node.mode === "container") return node.cversion > 0;
    return node.mode.startsWith("ttl") && node.mtimeMs + node.ttlMs <= nowMs;
  }

  due(nodes: NodeStore, nowMs: number, limit: number): readonly string[] {
    const due: string[] = [];
    for (const path of this.#paths) {
      if (due.length >= limit) break;
      const node = nodes.get(path);
      if (node !== undefined && this.isDue(node, nowMs)) due.push(path);
    }
    return due;
  }
}
