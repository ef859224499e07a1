import { type Change, parentOf, type Position, type Transaction, type Tree } from "@meridian/tree";

/** Paths that are remembered for a watch while its node is behind what the watcher has seen. */
const toldMax = 10_000;

/**
 * What the watcher of a resumed watch has seen, possibly elsewhere, and what is news to it here.
 * Regions merge each other's writes in different orders: what this node took over before something
 * that the watcher has seen may have lost against that. Then the watcher knows better, and told of
 * it, it would end with a value that is nowhere.
 */
export class SeenElsewhere {
  readonly #seen: ReadonlyMap<string, Position>;
  /** The part of it that this node has yet to reach. */
  readonly #ahead: Map<string, Position>;
  /** How far this node is in the history of clusters that it is behind in. */
  readonly #here = new Map<string, Position>();
  /** What the watch was told here meanwhile; undefined: too much to remember. */
  #told: Set<string> | undefined = new Set();

  /** `positions`: how far this node is. */
  constructor(seen: Iterable<Position>, positions: Iterable<Position>) {
    this.#seen = new Map(Array.from(seen, (position) => [position.cluster, position]));
    this.#ahead = new Map(this.#seen);
    this.reach(positions);
  }

  /** This node has yet to reach something that the watcher has seen. */
  get isAhead(): boolean {
    return this.#ahead.size > 0;
  }

  /** This node has come this far, and everything up to here was passed. */
  reach(positions: Iterable<Position>): void {
    for (const position of positions) {
      const { cluster, incarnation, index } = position;
      const known = this.#ahead.get(cluster);
      if (known?.incarnation !== incarnation) continue;
      if (known.index <= index) {
        this.#ahead.delete(cluster);
        this.#here.delete(cluster);
      } else if (index > 0) this.#here.set(cluster, position);
    }
  }

  /**
   * The changes of a transaction that the watcher is to be told of; undefined: none. What it has
   * seen it is told again where it was told of something else here since: that has lost.
   */
  newsOf(transaction: Transaction, tree: Tree): Transaction | undefined {
    const isSeen = this.#covers(transaction);
    const news: Change[] = [];
    for (const change of transaction.changes) {
      if (isSeen) {
        if (this.#told?.has(change.path) !== false) news.push(change);
        continue;
      }
      const told = this.#unseen(change, transaction, tree);
      if (told === undefined) continue;
      news.push(...impliedBefore(told, transaction, tree), told);
      news.push(...this.#goneWith(told, transaction, tree));
    }
    if (news.length === 0) return undefined;
    const { changes } = transaction;
    const isAll = news.length === changes.length && news.every((one, at) => one === changes[at]);
    return isAll ? transaction : { ...transaction, changes: news };
  }

  /**
   * This node has come as far as a transaction of which these changes were news to the watcher,
   * whether its watch reports any of them or not.
   */
  pass(transaction: Transaction, news: readonly Change[], isReported: boolean, tree: Tree): void {
    const { origin: cluster, incarnation, index } = transaction;
    if (index > 0) this.reach([{ cluster, incarnation, index }]);
    if (!this.isAhead) return;
    for (const { path } of news) this.#note(path, isReported, tree);
  }

  /**
   * A node that is news keeps those above it, which the watcher may have seen go: a watch of one of
   * those need not report what is below it.
   */
  #note(path: string, isReported: boolean, tree: Tree): void {
    const { prefix } = tree.ownership(path).zone;
    if (isReported) this.#told?.add(path);
    for (let place = parentOf(path); place.length > prefix.length; place = parentOf(place)) {
      this.#told?.add(place);
    }
    if (this.#told !== undefined && this.#told.size > toldMax) this.#told = undefined;
  }

  /**
   * How far back the watcher has to go on from elsewhere, once it was told these changes: of what
   * this node is behind in, something may have won against them.
   */
  backTo(told: readonly Change[]): readonly Position[] {
    return told.some(isMerged) ? [...this.#here.values()] : [];
  }

  /**
   * What is to be told of a change that the watcher has not seen; undefined: nothing, as something
   * that it has seen won against it.
   */
  #unseen(change: Change, transaction: Transaction, tree: Tree): Change | undefined {
    if (!isMerged(change)) return change;
    const { path, stamp, kind } = change;
    const last = tree.lastMerged(path);
    if (last === undefined || isSame(last, transaction) || !this.#covers(last)) return change;
    const isImplied = stamp === undefined && kind !== "changed";
    if (isImplied || isWritten(last, path)) return undefined;
    // What came last was not written here, but followed from what was written below, and where the
    // watcher saw that it may have changed nothing here: there was a value then.
    const node = tree.get(path);
    if (node === undefined) return { ...change, kind: "deleted", data: new Uint8Array(0) };
    return { ...change, kind: "changed", ...node };
  }

  /**
   * Nodes that nobody wrote, above one of an eventual zone that is gone: where the watcher was when
   * they were deleted they may have lived on for that one.
   */
  #goneWith(change: Change, { changes }: Transaction, tree: Tree): readonly Change[] {
    const gone: Change[] = [];
    if (change.kind !== "deleted" || change.stamp === undefined) return gone;
    const { prefix } = tree.ownership(change.path).zone;
    for (
      let path = parentOf(change.path);
      path.length > prefix.length && tree.stat(path) === undefined;
      path = parentOf(path)
    ) {
      const last = tree.lastMerged(path);
      if (last === undefined || !this.#covers(last)) continue;
      if (changes.every((other) => other.path !== path)) gone.push({ ...change, path });
    }
    return gone;
  }

  #covers({ origin, incarnation, index }: Transaction): boolean {
    // Parts of a snapshot have no place in the origin's history: nobody has seen them before.
    if (index === 0) return false;
    const known = this.#seen.get(origin);
    return known?.incarnation === incarnation && known.index >= index;
  }
}

/**
 * Nodes that nobody wrote, above one of an eventual zone that came or changed: the watcher may have
 * seen them go where that one was not known.
 */
function impliedBefore(change: Change, { changes }: Transaction, tree: Tree): readonly Change[] {
  if (change.kind === "deleted" || change.stamp === undefined) return [];
  const { zone } = tree.ownership(change.path);
  const implied: Change[] = [];
  for (let path = parentOf(change.path); path.length > zone.prefix.length; path = parentOf(path)) {
    const node = tree.get(path);
    if (node === undefined || node.stat.czxid !== 0) continue;
    if (changes.some((other) => other.path === path)) continue;
    const { data, stat } = node;
    implied.unshift({ kind: "created", path, data, stat, mode: "persistent", ttlMs: 0 });
  }
  return implied;
}

/** A change of an eventual zone, or of a node that nobody wrote. */
function isMerged({ kind, stat, stamp }: Change): boolean {
  return stamp !== undefined || (kind === "deleted" ? stat.mzxid : stat.czxid) === 0;
}

/** Two are one: each that has a place in its origin's history is taken over once. */
function isSame(one: Transaction, other: Transaction): boolean {
  const { origin, incarnation, index } = one;
  return other.origin === origin && other.incarnation === incarnation && other.index === index;
}

/** A transaction wrote a path of an eventual zone, and did not only bring it about. */
function isWritten({ changes }: Transaction, path: string): boolean {
  return changes.findLast((change) => change.path === path)?.stamp !== undefined;
}
