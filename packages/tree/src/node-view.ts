import type { Change } from "./change.ts";
import type { NodeStore } from "./node-store.ts";
import { comparePaths } from "./path.ts";
import type { HeldNode } from "./plain-node.ts";
import { Znode } from "./znode.ts";

/** A node with everything that belongs to it. */
export interface NodeRecord {
  readonly kind: "node";
  readonly change: Change;
  readonly nextSequence: number;
}

/** Takes nodes one by one. */
export interface NodeSink {
  add(record: NodeRecord): void;
  /**
   * A plain node, as it is at this moment. False when it is not taken in this way: then it comes as
   * a record.
   */
  addPlain(node: HeldNode): boolean;
}

/** How much to read in one go; whichever bound is met first. */
export interface SliceBounds {
  readonly recordsMax: number;
  /** Sum of the data and paths, about. */
  readonly bytesMax: number;
  /** Nodes looked at, whether they pass or not. */
  readonly scannedMax: number;
}

/** Nodes of a range of paths. */
export interface NodeSlice {
  /** In tree order. */
  readonly records: readonly NodeRecord[];
  /** Paths up to this one have been read; undefined: all. */
  readonly upTo: string | undefined;
}

/**
 * All nodes as they were at one moment, in tree order, while the tree goes on changing: a node that
 * changes or goes before it was read leaves its old state behind: at most one copy of each node.
 */
export class NodeView {
  /** Nodes touched at this moment of the store or later are not as the view shows them. */
  readonly moment: number;
  readonly #nodes: NodeStore;
  readonly #noteRead: (view: NodeView) => void;
  readonly #kept: NodeRecord[] = [];
  #after: string | undefined;
  #ended = false;
  #lost = false;

  /** `noteRead` is told that the view is still in use. */
  constructor(nodes: NodeStore, moment: number, noteRead: (view: NodeView) => void) {
    this.#nodes = nodes;
    this.moment = moment;
    this.#noteRead = noteRead;
  }

  /** Nothing is left to be read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Copies held. */
  get keptCount(): number {
    return this.#kept.length;
  }

  /** A node is about to change for the first time since the view began. */
  keep(node: Znode): void {
    if (this.#after === undefined || comparePaths(node.path, this.#after) > 0) {
      push(this.#kept, recordOf(node));
    }
  }

  /** Gives the view up although somebody may still want to read it. */
  lose(): void {
    this.#lost = !this.#ended;
    this.end();
  }

  /**
   * The next nodes that pass; empty only when none is left, or none of those looked at passed.
   * @throws {ViewLostError} when it was read too slowly.
   */
  read(bounds: SliceBounds, passes: (path: string) => boolean): NodeSlice {
    const records: NodeRecord[] = [];
    this.pour(bounds, passes, {
      add: (record) => records.push(record),
      addPlain: () => false,
    });
    return { records, upTo: this.#ended ? undefined : this.#after };
  }

  /** The same, one by one. */
  pour(bounds: SliceBounds, passes: (path: string) => boolean, sink: NodeSink): void {
    if (this.#lost) throw new ViewLostError();
    if (this.#ended) return;
    this.#noteRead(this);
    const slice = new Slice(bounds, passes, sink);
    const atEnd =
      this.#nodes.walk(this.#after, (node) => {
        if (!this.#takeKept(slice, node.path) || slice.isFull) return false;
        slice.look(node.path, node.touched < this.moment ? node : undefined);
        return true;
      }) && this.#takeKept(slice, undefined);
    this.#after = slice.upTo ?? this.#after;
    if (atEnd) this.end();
  }

  /** Gives up what has not been read. */
  end(): void {
    this.#ended = true;
    this.#kept.length = 0;
  }

  /** Reads what was kept of nodes up to a path (all when undefined); false when too much. */
  #takeKept(slice: Slice, upTo: string | undefined): boolean {
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      const { path } = first.change;
      if (upTo !== undefined && comparePaths(path, upTo) > 0) return true;
      if (slice.isFull) return false;
      const record = first;
      pop(this.#kept);
      slice.look(path, record);
    }
    return true;
  }
}

/** A snapshot or seed was read so slowly that too much would have had to be kept for it. */
export class ViewLostError extends Error {
  override readonly name = "ViewLostError";
  constructor() {
    super("the state was read too slowly while it changed: begin again");
  }
}

/** A slice that is being filled. */
class Slice {
  upTo: string | undefined;
  readonly #bounds: SliceBounds;
  readonly #passes: (path: string) => boolean;
  readonly #sink: NodeSink;
  #count = 0;
  #scanned = 0;
  #bytes = 0;

  constructor(bounds: SliceBounds, passes: (path: string) => boolean, sink: NodeSink) {
    this.#bounds = bounds;
    this.#passes = passes;
    this.#sink = sink;
  }

  get isFull(): boolean {
    const { recordsMax, bytesMax, scannedMax } = this.#bounds;
    return this.#count >= recordsMax || this.#bytes >= bytesMax || this.#scanned >= scannedMax;
  }

  /** Goes on to a path; `found`, if there was a node at the moment of the view: it, or a copy. */
  look(path: string, found: Znode | NodeRecord | undefined): void {
    this.upTo = path;
    this.#scanned += 1;
    if (found === undefined || !this.#passes(path)) return;
    this.#count += 1;
    this.#bytes += 256 + path.length;
    if (!(found instanceof Znode)) {
      this.#bytes += found.change.data.byteLength;
      this.#sink.add(found);
      return;
    }
    this.#bytes += found.dataLength;
    if (!found.isPlain || !this.#sink.addPlain(found)) this.#sink.add(recordOf(found));
  }
}

/** A node as it is now. */
function recordOf(node: Znode): NodeRecord {
  return { kind: "node", change: node.change("created"), nextSequence: node.nextSequence };
}

/** Adds to a binary heap whose first record is the first in tree order. */
function push(heap: NodeRecord[], record: NodeRecord): void {
  let at = heap.length;
  heap.push(record);
  while (at > 0) {
    const above = (at - 1) >>> 1;
    const other = heap[above];
    if (other === undefined || comparePaths(other.change.path, record.change.path) <= 0) break;
    heap[at] = other;
    at = above;
  }
  heap[at] = record;
}

/** Takes the first record out of a heap. */
function pop(heap: NodeRecord[]): void {
  const record = heap.pop();
  if (record === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = at * 2 + 1;
    const left = heap[below];
    if (left === undefined) break;
    const right = heap[below + 1];
    if (right !== undefined && comparePaths(right.change.path, left.change.path) < 0) below += 1;
    const least = heap[below];
    if (least === undefined || comparePaths(record.change.path, least.change.path) <= 0) break;
    heap[at] = least;
    at = below;
  }
  heap[at] = record;
}
