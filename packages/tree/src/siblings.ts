import { invariant } from "./invariant.ts";
import type { Znode } from "./znode.ts";

/** Nodes in one chunk: few enough that moving them costs less than a microsecond. */
const chunkMax = 256;

/**
 * Nodes in ascending order of their paths by code units, in sorted chunks: one comes or goes, and a
 * page is found, in the time of two bisections, among ten as among a million. For the children of
 * one node, whose paths have the parent's in common, it is the order of the names.
 */
export class Siblings {
  readonly #chunks: Znode[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a node that is not there. */
  add(node: Znode): void {
    this.#size += 1;
    const last = this.#chunks.at(-1);
    // In snapshots, and of sequential names, each comes behind all before it: one look is enough.
    if (last === undefined || (last.at(-1)?.path ?? "") < node.path) {
      if (last === undefined || last.length >= chunkMax) this.#chunks.push([node]);
      else last.push(node);
      return;
    }
    const place = this.#chunkOf(node.path);
    const chunk = this.#chunks[place] ?? [];
    const at = firstFrom(chunk, node.path);
    if (at === chunk.length && chunk.length >= chunkMax) {
      // Where names go on as numbers do, full chunks stay full instead of being halved.
      this.#chunks.splice(place + 1, 0, [node]);
      return;
    }
    chunk.splice(at, 0, node);
    if (chunk.length > chunkMax) this.#chunks.splice(place + 1, 0, chunk.splice(chunkMax / 2));
  }

  /** Takes a node out. */
  remove(node: Znode): void {
    const place = this.#chunkOf(node.path);
    const chunk = this.#chunks[place] ?? [];
    const at = firstFrom(chunk, node.path);
    invariant(chunk[at] === node, `${node.path} is among its siblings`);
    this.#size -= 1;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(place, 1);
  }

  /**
   * Visits the nodes from a path on (all when undefined), in order, until told to stop by `false`.
   * False when it was stopped. They must not change meanwhile.
   */
  visit(from: string | undefined, visit: (node: Znode) => boolean): boolean {
    let place = from === undefined ? 0 : this.#chunkOf(from);
    let at = from === undefined ? 0 : firstFrom(this.#chunks[place] ?? [], from);
    for (; place < this.#chunks.length; place += 1, at = 0) {
      const chunk = this.#chunks[place] ?? [];
      for (; at < chunk.length; at += 1) {
        const node = chunk[at];
        if (node !== undefined && !visit(node)) return false;
      }
    }
    return true;
  }

  /** Place of the last chunk that begins at or before a path; 0 when none does. */
  #chunkOf(path: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      const first = this.#chunks[middle]?.[0];
      if (first !== undefined && first.path <= path) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Place of the first node at or after a path, by bisection. */
function firstFrom(chunk: readonly Znode[], path: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = chunk[middle];
    if (node !== undefined && node.path < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
