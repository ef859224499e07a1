/** So many transactions of a cluster lie between two marks. */
const spacing = 64;

interface Marks {
  readonly incarnation: number;
  /** Index of the newest transaction. */
  newest: number;
  /** Transactions since the latest mark. */
  unmarked: number;
  /** Indexes of marked transactions, ascending, and where these are. */
  indexes: number[];
  places: number[];
}

/**
 * Where in a history the transactions of each cluster are, about: thousands of watches resume at
 * once after the loss of a node, and must not go through all of the history for each. Places only
 * grow, whatever is dropped at the beginning.
 */
export class HistoryMarks {
  readonly #byCluster = new Map<string, Marks>();

  /** A transaction was added at a place. Parts of snapshots, of index 0, have none of their own. */
  add(cluster: string, incarnation: number, index: number, place: number): void {
    if (index === 0) return;
    let marks = this.#byCluster.get(cluster);
    if (marks?.incarnation !== incarnation) {
      marks = { incarnation, newest: 0, unmarked: spacing, indexes: [], places: [] };
      this.#byCluster.set(cluster, marks);
    }
    marks.newest = index;
    marks.unmarked += 1;
    if (marks.unmarked < spacing) return;
    marks.unmarked = 0;
    marks.indexes.push(index);
    marks.places.push(place);
  }

  /**
   * A place before which nothing of a cluster comes after an index; Infinity: nothing does at all,
   * 0: unknown.
   */
  before(cluster: string, incarnation: number, index: number): number {
    const marks = this.#byCluster.get(cluster);
    if (marks === undefined) return Infinity;
    if (marks.incarnation !== incarnation) return 0;
    if (index >= marks.newest) return Infinity;
    let [low, high] = [0, marks.indexes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((marks.indexes[middle] ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (marks.places[low - 1] ?? 0);
  }

  /** Clusters that transactions were added of. */
  clusters(): Iterable<string> {
    return this.#byCluster.keys();
  }

  /** Forgets what lies before a place. */
  drop(place: number): void {
    for (const marks of this.#byCluster.values()) {
      const first = marks.places.findIndex((marked) => marked >= place);
      const kept = first === -1 ? marks.places.length : first;
      marks.places = marks.places.slice(kept);
      marks.indexes = marks.indexes.slice(kept);
    }
  }

  clear(): void {
    this.#byCluster.clear();
  }
}
