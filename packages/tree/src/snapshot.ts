import type { HybridTime } from "@meridian/merge";
import type { Change, Position } from "./change.ts";
import type { Operation } from "./command.ts";
import type { NodeStore } from "./node-store.ts";
import type { SessionRecord } from "./session-table.ts";
import type { Znode } from "./znode.ts";

/** What a cluster was founded with. */
export type Founding = Extract<Operation, { kind: "bootstrap" }>;

/** State that belongs to no node. */
export interface HeaderRecord {
  readonly kind: "header";
  readonly index: number;
  readonly incarnation: number;
  /** Undefined before the cluster was founded. */
  readonly founding: Founding | undefined;
  readonly clock: HybridTime;
}

/** A node with everything that belongs to it. */
export interface NodeRecord {
  readonly kind: "node";
  readonly change: Change;
  readonly nextSequence: number;
}

/** One record of a snapshot. The header comes first, nodes before anything that needs them. */
export type SnapshotRecord =
  | HeaderRecord
  | NodeRecord
  | { readonly kind: "session"; readonly session: SessionRecord }
  | { readonly kind: "cursor"; readonly position: Position }
  | { readonly kind: "tombstone"; readonly change: Change };

/** A node as it stands in a snapshot. */
export function nodeRecord(node: Znode): NodeRecord {
  return { kind: "node", change: node.change("created"), nextSequence: node.nextSequence };
}

/**
 * Reads all nodes as they were at one index while the tree goes on changing: a node that changes before it was visited leaves
 * its old state behind. Only one at a time; must be read to its end or released.
 */
export class NodeSnapshot {
  readonly #nodes: NodeStore;
  readonly #index: number;
  readonly #number: number;
  readonly #old = new Map<string, NodeRecord>();
  readonly #iterator: IterableIterator<Znode>;

  constructor(nodes: NodeStore, index: number, number: number) {
    this.#nodes = nodes;
    this.#index = index;
    this.#number = number;
    this.#iterator = nodes.values();
    nodes.hook((node) => this.#keep(node));
  }

  /** The next records, at most `countMax`; empty: that was all. */
  next(countMax: number): readonly NodeRecord[] {
    const records: NodeRecord[] = [];
    while (records.length < countMax) {
      const { value: node, done } = this.#iterator.next();
      if (done === true) break;
      if (node.visit === this.#number) continue;
      node.visit = this.#number;
      // A node that was touched since is told by its old state, or did not exist.
      if (node.touchedIndex <= this.#index) records.push(nodeRecord(node));
    }
    if (records.length === countMax) return records;
    for (const [path, record] of this.#old) {
      if (records.length === countMax) return records;
      this.#old.delete(path);
      records.push(record);
    }
    return records;
  }

  /** Ends it: changes cost nothing extra any more. */
  release(): void {
    this.#nodes.hook(undefined);
    this.#old.clear();
  }

  #keep(node: Znode): void {
    if (node.visit === this.#number || node.touchedIndex > this.#index) return;
    node.visit = this.#number;
    this.#old.set(node.path, nodeRecord(node));
  }
}
