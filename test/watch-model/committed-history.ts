import type { Committed } from "./watch-log.ts";

/** What a cluster has committed since some point, in order: what watches are held against. */
export class CommittedHistory {
  /** Nothing is known of what was committed up to here. */
  readonly from: number;
  readonly #entries: Committed[] = [];
  #committed: number;

  constructor(from: number) {
    this.from = from;
    this.#committed = from;
  }

  /** Index of the newest transaction. */
  get last(): number {
    return this.#entries.at(-1)?.index ?? this.from;
  }

  /** Highest index that is known to be committed: entries without changes count too. */
  get committed(): number {
    return Math.max(this.#committed, this.last);
  }

  /** Transactions known. */
  get size(): number {
    return this.#entries.length;
  }

  /** Everything up to an index is committed, and all of its changes were added. */
  reach(index: number): void {
    this.#committed = Math.max(this.#committed, index);
  }

  /** The next transaction. @throws {Error} when it does not come behind all others. */
  add(entry: Committed): void {
    if (entry.index <= this.last) {
      throw new Error(`the history goes from ${this.last} to ${entry.index}`);
    }
    this.#entries.push(entry);
  }

  at(index: number): Committed | undefined {
    const entry = this.#entries[this.#after(index - 1)];
    return entry?.index === index ? entry : undefined;
  }

  /** Transactions in (after, to]. */
  between(after: number, to: number): readonly Committed[] {
    return this.#entries.slice(this.#after(after), this.#after(to));
  }

  /** Place of the first transaction after an index, by bisection. */
  #after(index: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.index ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
