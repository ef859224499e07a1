import type { Position, Transaction } from "./change.ts";

/** A transaction with its place in the local history. */
export interface HistoryEntry {
  /** Local log index at which it was applied; several may share one. */
  readonly index: number;
  readonly transaction: Transaction;
}

/** What followed a position, or why that cannot be told. */
export type HistoryRead =
  | { readonly outcome: "continue"; readonly transactions: Iterable<HistoryEntry> }
  | { readonly outcome: "compacted" | "forked" };

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
  /** Replaced, not shortened, when its first half is gone: who still reads the old one may. */
  #entries: HistoryEntry[] = [];
  #first = 0;
  #bytes = 0;
  #localFloor = 0;
  /** Transactions of a cluster at or below its floor are not all kept. */
  readonly #floors = new Map<string, Position>();

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  add(index: number, transaction: Transaction): void {
    this.#entries.push({ index, transaction });
    this.#bytes += sizeOf(transaction);
    const { historyBytesMax, historyTransactionsMax } = this.#limits;
    while (
      this.#entries.length - this.#first > historyTransactionsMax ||
      this.#bytes > historyBytesMax
    ) {
      this.#dropFirst();
    }
    if (this.#first * 2 > this.#entries.length && this.#first > 1_024) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The history of a cluster begins after this position, unless it begins later already. */
  raise(position: Position): void {
    const { cluster, incarnation, index } = position;
    const known = this.#floors.get(cluster);
    const isLater =
      known === undefined ||
      known.incarnation < incarnation ||
      (known.incarnation === incarnation && known.index < index);
    if (isLater) this.#floors.set(cluster, position);
  }

  /** The history of a cluster begins after this position, unless it has a beginning already. */
  begin(position: Position): void {
    if (!this.#floors.has(position.cluster)) this.#floors.set(position.cluster, position);
  }

  /** Forgets everything: the history begins after `index`, and after `positions`. */
  reset(index: number, positions: Iterable<Position>): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#localFloor = index;
    this.#floors.clear();
    for (const position of positions) this.raise(position);
  }

  /** What was applied after a local index. */
  since(index: number): HistoryRead {
    if (index < this.#localFloor) return { outcome: "compacted" };
    return { outcome: "continue", transactions: read(this.#entries, this.#after(index)) };
  }

  /**
   * What was applied of each cluster after its position; of clusters without one everything that
   * is kept. A position of a cluster of which nothing is known here cannot be resumed from.
   */
  after(positions: ReadonlyMap<string, Position>): HistoryRead {
    for (const { cluster, incarnation, index } of positions.values()) {
      const floor = this.#floors.get(cluster);
      if (floor !== undefined && floor.incarnation > incarnation) return { outcome: "forked" };
      const isKept =
        floor === undefined ? index === 0 : floor.incarnation < incarnation || index >= floor.index;
      if (!isKept) return { outcome: "compacted" };
    }
    const transactions = unseen(read(this.#entries, this.#first), positions);
    return { outcome: "continue", transactions };
  }

  #dropFirst(): void {
    const dropped = this.#entries[this.#first];
    if (dropped === undefined) return;
    const { origin, incarnation, index } = dropped.transaction;
    this.#first += 1;
    this.#bytes -= sizeOf(dropped.transaction);
    this.#localFloor = dropped.index;
    this.raise({ cluster: origin, incarnation, index });
  }

  /** Place of the first entry after a local index, by bisection. */
  #after(index: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.index ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Entries from a place on, as they are when the reading begins. */
function* read(entries: readonly HistoryEntry[], from: number): Generator<HistoryEntry, undefined> {
  for (let at = from; at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry !== undefined) yield entry;
  }
  return undefined;
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

function sizeOf(transaction: Transaction): number {
  let bytes = 64;
  for (const { path, data } of transaction.changes) bytes += 256 + path.length + data.byteLength;
  return bytes;
}
