import type { Position, Transaction } from "./change.ts";

/** A transaction with its place in the local history. */
export interface HistoryEntry {
  /** Local log index at which it was applied. */
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
 * The recent transactions in the order of their application, bounded. Two ways to resume: by local index, for
 * consumers of this very cluster, and by a vector of positions, which any mirror of the same data can serve.
 */
export class History {
  readonly #limits: HistoryLimits;
  /** A ring would save the copies of `splice`; they happen once for every half of the bound. */
  #entries: HistoryEntry[] = [];
  #first = 0;
  #bytes = 0;
  #localFloor = 0;
  /** Transactions of a cluster at or below its floor are not all kept. */
  readonly #floors = new Map<string, Position>();

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Lowest local index that can be resumed from. */
  get localFloor(): number {
    return this.#localFloor;
  }

  add(index: number, transaction: Transaction): void {
    this.#entries.push({ index, transaction });
    this.#bytes += sizeOf(transaction);
    const { historyBytesMax, historyTransactionsMax } = this.#limits;
    while (
      this.#entries.length - this.#first > historyTransactionsMax ||
      this.#bytes > historyBytesMax
    ) {
      const dropped = this.#entries[this.#first];
      if (dropped === undefined) return;
      this.#first += 1;
      this.#bytes -= sizeOf(dropped.transaction);
      this.#localFloor = dropped.index;
      this.raise(dropped.transaction);
    }
    if (this.#first * 2 > this.#entries.length && this.#first > 1_024) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The history of a cluster begins after this transaction's index. */
  raise({
    origin,
    incarnation,
    index,
  }: Pick<Transaction, "origin" | "incarnation" | "index">): void {
    const known = this.#floors.get(origin);
    if (known !== undefined && known.incarnation === incarnation && known.index >= index) return;
    this.#floors.set(origin, { cluster: origin, incarnation, index });
  }

  /** Forgets everything: the history begins after `index`, and after `positions` of the other clusters. */
  reset(index: number, positions: Iterable<Position>): void {
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#localFloor = index;
    for (const { cluster, incarnation, index: at } of positions) {
      this.raise({ origin: cluster, incarnation, index: at });
    }
  }

  /** What was applied after a local index. */
  since(index: number): HistoryRead {
    if (index < this.#localFloor) return { outcome: "compacted" };
    return { outcome: "continue", transactions: this.#from(this.#after(index)) };
  }

  /** What was applied of each cluster after its position; clusters without one: everything that is kept. */
  after(positions: ReadonlyMap<string, Position>): HistoryRead {
    for (const { cluster, incarnation, index } of positions.values()) {
      const floor = this.#floors.get(cluster);
      if (floor === undefined) continue;
      if (floor.incarnation > incarnation) return { outcome: "forked" };
      if (floor.incarnation === incarnation && index < floor.index) return { outcome: "compacted" };
    }
    return { outcome: "continue", transactions: this.#filtered(positions) };
  }

  *#filtered(positions: ReadonlyMap<string, Position>): Generator<HistoryEntry, undefined> {
    for (const entry of this.#from(this.#first)) {
      const { origin, incarnation, index } = entry.transaction;
      const position = positions.get(origin);
      const seen = position?.incarnation === incarnation && position.index >= index;
      if (!seen) yield entry;
    }
    return undefined;
  }

  *#from(place: number): Generator<HistoryEntry, undefined> {
    for (let at = place; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (entry !== undefined) yield entry;
    }
    return undefined;
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

function sizeOf(transaction: Transaction): number {
  let bytes = 64;
  for (const { path, data } of transaction.changes) bytes += 256 + path.length + data.byteLength;
  return bytes;
}
