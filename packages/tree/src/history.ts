import type { Change, Position, Transaction } from "./change.ts";
import { HistoryMarks } from "./history-marks.ts";
import { KeptTransactions } from "./kept-transactions.ts";

/** A transaction with its place in the local history. */
export interface HistoryEntry {
  /** Local log index at which it was applied; several may share one. */
  readonly index: number;
  readonly transaction: Transaction;
}

/**
 * What followed a position, or why that cannot be told. It is to be read before the next command
 * is applied: going on later throws.
 */
export type HistoryRead =
  | { readonly outcome: "continue"; readonly transactions: Iterable<HistoryEntry> }
  | { readonly outcome: "compacted" | "forked" };

/** Marks of what is gone are looked for when so many transactions were dropped. */
const marksDroppedEvery = 1_024;

/** Bounds of the history that is kept for those who resume. */
export interface HistoryLimits {
  readonly historyTransactionsMax: number;
  readonly historyBytesMax: number;
}

/**
 * The recent transactions in the order of their application, bounded. Two ways to resume: by local
 * index, for consumers of this very cluster, and by a vector of positions, which any mirror of the
 * same data can serve.
 */
export class History {
  readonly #limits: HistoryLimits;
  readonly #kept: KeptTransactions;
  readonly #marks = new HistoryMarks();
  /** Place of what changed each path of eventual zones last, of what is kept. */
  readonly #lastMerged = new Map<string, number>();
  #bytes = 0;
  #localFloor = 0;
  /** Transactions of a cluster at or below its floor are not all kept. */
  readonly #floors = new Map<string, Floor>();
  /** Clusters of which a part of a snapshot is here, and not yet all of it. */
  readonly #interrupted = new Set<string>();

  /** `onAged` is told of each transaction when its data is no longer kept here as it came. */
  constructor(limits: HistoryLimits, onAged: (transaction: Transaction) => void) {
    this.#limits = limits;
    this.#kept = new KeptTransactions(limits.historyTransactionsMax, onAged);
  }

  add(index: number, transaction: Transaction): void {
    const kept = this.#kept;
    const size = sizeOf(transaction);
    const { origin, incarnation } = transaction;
    this.#marks.add(origin, incarnation, transaction.index, kept.end);
    for (const change of transaction.changes) {
      if (isMerged(change)) this.#lastMerged.set(change.path, kept.end);
    }
    kept.add(transaction, index, size);
    this.#bytes += size;
    const { historyBytesMax, historyTransactionsMax } = this.#limits;
    while (kept.end - kept.first > historyTransactionsMax || this.#bytes > historyBytesMax) {
      this.#dropFirst();
    }
  }

  /** The history of a cluster begins after this position, unless it begins later already. */
  raise({ cluster, incarnation, index }: Position): void {
    this.#raise(cluster, incarnation, index);
  }

  #raise(cluster: string, incarnation: number, index: number): void {
    const floor = this.#floors.get(cluster);
    if (floor === undefined) {
      this.#floors.set(cluster, { incarnation, index });
    } else if (floor.incarnation < incarnation) {
      floor.incarnation = incarnation;
      floor.index = index;
    } else if (floor.incarnation === incarnation && floor.index < index) {
      floor.index = index;
    }
  }

  /** The history of a cluster begins after this position, unless it has a beginning already. */
  begin(position: Position): void {
    if (!this.#floors.has(position.cluster)) this.raise(position);
  }

  /**
   * A part of a snapshot of this cluster was taken over: until `resume`, nobody can go on from a
   * place in its history, wherever that is. Some of what lies behind it may be in that part.
   */
  interrupt(cluster: string): void {
    this.#interrupted.add(cluster);
  }

  /** Whether `resume` is still to come. */
  isInterrupted(cluster: string): boolean {
    return this.#interrupted.has(cluster);
  }

  /** The snapshot of a cluster is whole; its history goes on after this position. */
  resume(position: Position): void {
    this.#interrupted.delete(position.cluster);
    this.raise(position);
  }

  /** Forgets everything: the history begins after `index`, and after `positions`. */
  reset(index: number, positions: Iterable<Position>): void {
    this.#kept.clear();
    this.#marks.clear();
    this.#lastMerged.clear();
    this.#bytes = 0;
    this.#localFloor = index;
    this.#floors.clear();
    this.#interrupted.clear();
    for (const position of positions) this.raise(position);
  }

  /**
   * What is kept that changed a path of an eventual zone last, or a node that nobody wrote: the
   * latter also elsewhere. Undefined: nothing is.
   */
  lastMerged(path: string): Transaction | undefined {
    const place = this.#lastMerged.get(path);
    return place === undefined ? undefined : this.#kept.at(place);
  }

  /** What was applied after a local index. */
  since(index: number): HistoryRead {
    if (index < this.#localFloor) return { outcome: "compacted" };
    return { outcome: "continue", transactions: this.#kept.read(this.#after(index)) };
  }

  /**
   * What was applied of each cluster after its position; of clusters without one everything that
   * is kept. A position of a cluster of which nothing is known here cannot be resumed from. Index
   * Infinity: nothing of that cluster, whatever is kept of it.
   */
  after(positions: ReadonlyMap<string, Position>): HistoryRead {
    for (const { cluster, incarnation, index } of positions.values()) {
      if (index === Infinity) continue;
      const floor = this.#floors.get(cluster);
      if (floor !== undefined && floor.incarnation > incarnation) return { outcome: "forked" };
      const isKept =
        floor === undefined ? index === 0 : floor.incarnation < incarnation || index >= floor.index;
      if (!isKept || this.#interrupted.has(cluster)) return { outcome: "compacted" };
    }
    const transactions = unseen(this.#kept.read(this.#startOf(positions)), positions);
    return { outcome: "continue", transactions };
  }

  /** A place before which everything kept has been seen from these positions. */
  #startOf(positions: ReadonlyMap<string, Position>): number {
    let start = Infinity;
    for (const cluster of this.#marks.clusters()) {
      const position = positions.get(cluster);
      if (position === undefined) return this.#kept.first;
      const { incarnation, index } = position;
      start = Math.min(start, this.#marks.before(cluster, incarnation, index));
    }
    return start;
  }

  #dropFirst(): void {
    const place = this.#kept.first;
    if (this.#lastMerged.size > 0) this.#forgetMerged(place);
    const dropped = this.#kept.drop();
    if (dropped === undefined) return;
    const { origin, incarnation, index, localIndex, bytes } = dropped;
    this.#localFloor = localIndex;
    this.#bytes -= bytes;
    this.#raise(origin, incarnation, index);
    if (place % marksDroppedEvery === 0) this.#marks.drop(place);
  }

  #forgetMerged(place: number): void {
    for (const path of this.#kept.oldestPaths()) {
      if (this.#lastMerged.get(path) === place) this.#lastMerged.delete(path);
    }
  }

  /** Place of the first transaction after a local index, by bisection. */
  #after(index: number): number {
    const kept = this.#kept;
    let low = kept.first;
    let high = kept.end;
    // Most often nothing came since, or little.
    if (low === high || kept.localIndex(high - 1) <= index) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (kept.localIndex(middle) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Where the history of a cluster begins. */
interface Floor {
  incarnation: number;
  index: number;
}

function* unseen(
  entries: Iterable<HistoryEntry>,
  positions: ReadonlyMap<string, Position>,
): Generator<HistoryEntry, undefined> {
  for (const entry of entries) {
    const { origin, incarnation, index } = entry.transaction;
    const position = positions.get(origin);
    const isSeen =
      position !== undefined &&
      (position.incarnation > incarnation ||
        (position.incarnation === incarnation && position.index >= index));
    if (!isSeen) yield entry;
  }
  return undefined;
}

/** Whether a change lies in an eventual zone, or is of a node that nobody wrote. */
function isMerged({ kind, stat, stamp }: Change): boolean {
  return stamp !== undefined || (kind === "deleted" ? stat.mzxid : stat.czxid) === 0;
}

/** About the memory of a transaction that is written down. */
function sizeOf(transaction: Transaction): number {
  let bytes = 96;
  for (const change of transaction.changes) {
    const { path, data } = change;
    bytes += (isMerged(change) ? 480 : 160) + path.length + data.byteLength;
  }
  return bytes;
}
