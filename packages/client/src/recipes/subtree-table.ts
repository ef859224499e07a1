import type { Stat } from "../receipt.ts";

/** A node of a cached subtree, as it was at one moment: a later state is another object. */
export class CachedNode {
  readonly path: string;
  /** Shared by all who read it: it must not be changed. */
  readonly data: Uint8Array;
  readonly stat: Stat;

  constructor(path: string, data: Uint8Array, stat: Stat) {
    this.path = path;
    this.data = data;
    this.stat = stat;
  }

  /** The data as UTF-8 text; bytes that are not become U+FFFD. */
  get text(): string {
    return new TextDecoder().decode(this.data);
  }
}

/** The names below one node. */
class Names {
  readonly set = new Set<string>();
  /** In order; made when first asked for. */
  sorted: readonly string[] | undefined;
}

/** About what a node takes beside its path and its data. */
const nodeBytes = 560;
const noNames: readonly string[] = Object.freeze([]);

/** Nodes by path, with the names below each: what a cached subtree knows. */
export class SubtreeTable {
  readonly #nodes = new Map<string, CachedNode>();
  readonly #names = new Map<string, Names>();
  #bytes = 0;

  /** Nodes that are held. */
  get size(): number {
    return this.#nodes.size;
  }

  /** About what they take in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get(path: string): CachedNode | undefined {
    return this.#nodes.get(path);
  }

  /** Names below a node in the order of UTF-16 code units; undefined when there is no such node. */
  children(path: string): readonly string[] | undefined {
    const names = this.#names.get(path);
    if (names === undefined) return this.#nodes.has(path) ? noNames : undefined;
    names.sorted ??= Object.freeze([...names.set].sort());
    return names.sorted;
  }

  /** All nodes, in no order that means anything. */
  entries(): IterableIterator<CachedNode> {
    return this.#nodes.values();
  }

  /** Adds a node or replaces what was there, and gives that. */
  put(path: string, data: Uint8Array, stat: Stat): CachedNode | undefined {
    const before = this.#nodes.get(path);
    if (before === undefined) this.#addName(path);
    else this.#bytes -= sizeOf(before);
    const node = new CachedNode(path, data, stat);
    this.#nodes.set(path, node);
    this.#bytes += sizeOf(node);
    return before;
  }

  /** Takes a node out, and gives it. */
  remove(path: string): CachedNode | undefined {
    const node = this.#nodes.get(path);
    if (node === undefined) return undefined;
    this.#nodes.delete(path);
    this.#bytes -= sizeOf(node);
    this.#removeName(path);
    return node;
  }

  /** How many names are held below a node. */
  childCount(path: string): number {
    return this.#names.get(path)?.set.size ?? 0;
  }

  #addName(path: string): void {
    const above = parentOf(path);
    let names = this.#names.get(above);
    if (names === undefined) {
      names = new Names();
      this.#names.set(above, names);
    }
    names.set.add(nameOf(path));
    names.sorted = undefined;
  }

  #removeName(path: string): void {
    const above = parentOf(path);
    const names = this.#names.get(above);
    if (names === undefined) return;
    names.set.delete(nameOf(path));
    names.sorted = undefined;
    if (names.set.size === 0) this.#names.delete(above);
  }
}

/** Path above; "" above the root. */
export function parentOf(path: string): string {
  if (path === "/") return "";
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** Last component of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Path of a child. */
export function childOf(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

function sizeOf({ path, data }: CachedNode): number {
  return nodeBytes + path.length + data.byteLength;
}
