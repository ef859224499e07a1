import type { Position } from "../position.ts";
import type { Stat } from "../receipt.ts";
import type { WatchEvent } from "../watch.ts";
import type { SubtreeCoverage } from "./subtree-coverage.ts";
import { parentOf, SubtreeTable, type CachedNode } from "./subtree-table.ts";

/** What happened to a cached subtree. */
export interface SubtreeChange {
  /**
   * `initial`: it was there when the iteration began. `added`, `changed`, `removed`: as it
   * happened. `reset`: the watch could not go on and everything was read again; the differences
   * follow, and what happened in between is not known.
   */
  readonly kind: "initial" | "added" | "changed" | "removed" | "reset";
  /** "" for a reset. */
  readonly path: string;
  /** After the change; undefined for what was removed, and for a reset. */
  readonly node: CachedNode | undefined;
  /** Before the change; undefined for what was not there, and for a reset. */
  readonly previous: CachedNode | undefined;
}

/** The state of a cached subtree, and how events change it. */
export class SubtreeMirror {
  /** One cluster decides about all of it, so that its places in history can be compared. */
  readonly #isOrdered: boolean;
  #table = new SubtreeTable();
  #coverage: SubtreeCoverage | undefined;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  get table(): SubtreeTable {
    return this.#table;
  }

  /** All nodes, as a new reader of changes hears of them. */
  initial(): readonly SubtreeChange[] {
    return byPath([...this.#table.entries()]).map((node) => {
      return { kind: "initial", path: node.path, node, previous: undefined };
    });
  }

  /**
   * Takes over what was read anew. The returned function gives the differences: they cost a pass
   * over everything, which nobody may be there to hear of.
   */
  replace(
    table: SubtreeTable,
    coverage: SubtreeCoverage,
    isReset: boolean,
  ): () => readonly SubtreeChange[] {
    const before = this.#table;
    this.#table = table;
    this.#coverage = coverage;
    return () => (isReset ? differences(before, table) : this.initial());
  }

  /** Applies an event. Gives what it changed, if anything. */
  apply(event: WatchEvent): SubtreeChange | undefined {
    const position = event.position ?? nowhere;
    if (this.#coverage?.covers(event.path, position) === true) return undefined;
    const change =
      event.kind === "deleted"
        ? this.#remove(event.path, position)
        : this.#put(event.path, event.data ?? empty, event.stat, position);
    if (this.#coverage?.passed(position) === true) this.#coverage = undefined;
    return change;
  }

  /** Takes over what a node was found to be; undefined: it is not there. */
  settle(path: string, found: CachedNode | undefined): SubtreeChange | undefined {
    if (found === undefined) return this.#remove(path, nowhere);
    return this.#put(path, found.data, found.stat, nowhere);
  }

  /**
   * Whether what an event tells of a node is what the node is by now. In an order that all share it
   * is; without one only a change that has seen what is known of the node is.
   */
  isCertain({ kind, path, stat }: WatchEvent): boolean {
    if (this.#isOrdered) return true;
    const known = this.#table.get(path)?.stat.vector;
    if (kind !== "changed" || known === undefined || stat === undefined) return false;
    const seen = new Map(stat.vector.map(({ region, counter }) => [region, counter]));
    return known.every(({ region, counter }) => (seen.get(region) ?? 0) >= counter);
  }

  #put(
    path: string,
    data: Uint8Array,
    stat: Stat | undefined,
    position: Position,
  ): SubtreeChange | undefined {
    if (stat === undefined) return undefined;
    const known = this.#table.get(path);
    const previous = this.#table.put(path, data, this.#statOf(path, stat, known));
    const node = this.#table.get(path);
    if (previous === undefined) {
      this.#countChild(path, stat, position);
      return { kind: "added", path, node, previous };
    }
    // What only tells again what is known, as when a watch repeats part of a transaction.
    if (isSame(previous, data, stat)) return undefined;
    return { kind: "changed", path, node, previous };
  }

  /** What a Stat says of children may be older than what is known of them by now. */
  #statOf(path: string, stat: Stat, known: CachedNode | undefined): Stat {
    const numChildren = this.#table.childCount(path);
    if (known === undefined || known.stat.czxid !== stat.czxid) {
      return stat.numChildren === numChildren ? stat : { ...stat, numChildren };
    }
    const pzxid = Math.max(known.stat.pzxid, stat.pzxid);
    const cversion = Math.max(known.stat.cversion, stat.cversion);
    return { ...stat, numChildren, pzxid, cversion };
  }

  #remove(path: string, position: Position): SubtreeChange | undefined {
    const previous = this.#table.remove(path);
    if (previous === undefined) return undefined;
    this.#countChild(path, previous.stat, position);
    return { kind: "removed", path, node: undefined, previous };
  }

  /**
   * Events tell of a child only; its parent's Stat counts it all the same, unless nobody wrote the
   * child: it follows from the zone table, or from what lies below it.
   */
  #countChild(path: string, { czxid }: Stat, position: Position): void {
    const above = parentOf(path);
    const parent = this.#table.get(above);
    if (parent === undefined) return;
    const { stat, data } = parent;
    const numChildren = this.#table.childCount(above);
    const isCounted = this.#coverage?.coversStat(above, position) === true;
    const isNews = this.#isOrdered && czxid > 0 && position.index > 0 && !isCounted;
    const news = isNews ? { cversion: stat.cversion + 1, pzxid: position.index } : {};
    this.#table.put(above, data, { ...stat, numChildren, ...news });
  }
}

/** What it takes to come from one state to the other: what goes first, from the leaves up. */
function differences(before: SubtreeTable, after: SubtreeTable): readonly SubtreeChange[] {
  const reset = { kind: "reset", path: "", node: undefined, previous: undefined } as const;
  const changes: SubtreeChange[] = [reset];
  for (const previous of byPath([...before.entries()]).reverse()) {
    const { path } = previous;
    if (after.get(path) !== undefined) continue;
    changes.push({ kind: "removed", path, node: undefined, previous });
  }
  for (const node of byPath([...after.entries()])) {
    const { path } = node;
    const previous = before.get(path);
    if (previous === undefined) changes.push({ kind: "added", path, node, previous });
    else if (!isSame(previous, node.data, node.stat)) {
      changes.push({ kind: "changed", path, node, previous });
    }
  }
  return changes;
}

function isSame(
  { stat: known, data: knownData }: CachedNode,
  data: Uint8Array,
  stat: Stat,
): boolean {
  const isUntouched = known.czxid === stat.czxid && known.mzxid === stat.mzxid;
  if (!isUntouched || known.version !== stat.version) return false;
  return Buffer.compare(knownData, data) === 0;
}

function byPath(nodes: CachedNode[]): CachedNode[] {
  return nodes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const nowhere: Position = { cluster: "", incarnation: 0, index: 0 };
const empty = new Uint8Array(0);
