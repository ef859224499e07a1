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
      const isNews = isSeen
        ? this.#told?.has(change.path) !== false
        : !this.#isOutdone(change, transaction, tree);
      if (!isNews) continue;
      if (!isSeen) news.push(...impliedBy(change, transaction, tree));
      news.push(change);
    }
    if (news.length === 0) return undefined;
    return news.length === transaction.changes.length
      ? transaction
      : { ...transaction, changes: news };
  }

  /** This node has come as far as a transaction, of which the watch was told this. */
  pass(transaction: Transaction, told: readonly Change[], tree: Tree): void {
    const { origin: cluster, incarnation, index } = transaction;
    if (index > 0) this.reach([{ cluster, incarnation, index }]);
    if (!this.isAhead) return;
    for (const { path } of told) this.#note(path, tree);
  }

  /** A node that is told of keeps those above it, which the watcher may have seen go. */
  #note(path: string, tree: Tree): void {
    const { prefix } = tree.ownership(path).zone;
    this.#told?.add(path);
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
    return told.some(({ stamp }) => stamp !== undefined) ? [...this.#here.values()] : [];
  }

  /** It was changed again since, by what the watcher has seen. */
  #isOutdone({ path, stamp, stat }: Change, transaction: Transaction, tree: Tree): boolean {
    if (stamp === undefined && stat.czxid !== 0 && stat.mzxid !== 0) return false;
    const last = tree.lastMerged(path);
    return last !== undefined && last !== transaction && this.#covers(last);
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
function impliedBy(change: Change, { changes }: Transaction, tree: Tree): readonly Change[] {
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
