import type { Transaction } from "./change.ts";
import { invariant } from "./invariant.ts";
import { type TransactionHead, TransactionPage, pageBytes } from "./transaction-page.ts";

/** The newest are read by many, soon: they stay as they came for a while. */
const recentTransactionsMax = 1_024;
const recentBytesMax = 1024 * 1024;

/** A transaction as it came. */
interface Recent {
  readonly transaction: Transaction;
  readonly localIndex: number;
  readonly bytes: number;
}

interface PlacedPage {
  readonly page: TransactionPage;
  /** Place of its first transaction. */
  readonly first: number;
}

/**
 * Transactions in a row, each at a place: a number that grows by one. New ones are kept as they
 * came; those before them are written down in pages, which are used again when all that is in them
 * was dropped. Objects that live for as long as a history goes back are the most expensive kind:
 * the collector copies each twice and marks it, and frees it only with the whole heap.
 */
export class KeptTransactions {
  readonly #onWrittenDown: (transaction: Transaction) => void;
  /** By place modulo its length. */
  readonly #recent: (Recent | undefined)[];
  #recentFirst = 0;
  #recentBytes = 0;
  /** In ascending order; the first may have been dropped in part. */
  #pages: PlacedPage[] = [];
  /** One that is empty. */
  #free: TransactionPage | undefined;
  #first = 0;
  #end = 0;
  /** The page that was read last, put together: those who resume after a failure read the same. */
  #opened: { readonly of: PlacedPage; readonly transactions: Transaction[] } | undefined;

  /**
   * `onWrittenDown` is told of each transaction that is no longer kept as it came, nor its data.
   * `transactionsMax`: how many there will be at most.
   */
  constructor(transactionsMax: number, onWrittenDown: (transaction: Transaction) => void) {
    this.#onWrittenDown = onWrittenDown;
    // Most of a short history is written down as well: it behaves as a long one does.
    const recentMax = Math.min(recentTransactionsMax, Math.ceil(transactionsMax / 4));
    this.#recent = Array.from<Recent | undefined>({ length: recentMax });
  }

  /** Place of the oldest. */
  get first(): number {
    return this.#first;
  }

  /** Place of the next to come. */
  get end(): number {
    return this.#end;
  }

  /** Of all pages, also where they are empty. */
  get heldBytes(): number {
    return [...this.#pages.map(({ page }) => page), this.#free].reduce((sum, page) => {
      return sum + (page?.capacityBytes ?? 0);
    }, 0);
  }

  /** `bytes`: what it counts for. */
  add(transaction: Transaction, localIndex: number, bytes: number): void {
    if (this.#end - this.#recentFirst === this.#recent.length) this.#writeDown();
    this.#recent[this.#end % this.#recent.length] = { transaction, localIndex, bytes };
    this.#end += 1;
    this.#recentBytes += bytes;
    while (this.#recentBytes > recentBytesMax) this.#writeDown();
  }

  /** The transaction at a place; undefined: none is there. */
  at(place: number): Transaction | undefined {
    if (place < this.#first || place >= this.#end) return undefined;
    const recent = this.#recentAt(place);
    if (recent !== undefined) return recent.transaction;
    const { page, first } = this.#pageOf(place);
    return page.transaction(place - first);
  }

  /** Local index of the transaction at a place that there is. */
  localIndex(place: number): number {
    const recent = this.#recentAt(place);
    if (recent !== undefined) return recent.localIndex;
    const { page, first } = this.#pageOf(place);
    return page.localIndex(place - first);
  }

  /**
   * All from a place on, in order. To be read before anything is added or dropped.
   *
   * @throws {Error} When something was: places would be skipped in silence.
   */
  *read(from: number): Generator<{ index: number; transaction: Transaction }, undefined> {
    const [first, end] = [this.#first, this.#end];
    for (let place = Math.max(from, first); place < end; place += 1) {
      const isSame = this.#first === first && this.#end === end;
      invariant(isSame, "the history is not changed while it is read");
      const recent = this.#recentAt(place);
      yield recent === undefined
        ? { index: this.localIndex(place), transaction: this.#open(place) }
        : { index: recent.localIndex, transaction: recent.transaction };
    }
    return undefined;
  }

  /** Paths of what the oldest changed. */
  oldestPaths(): readonly string[] {
    if (this.#first === this.#end) return [];
    const recent = this.#recentAt(this.#first);
    if (recent !== undefined) return recent.transaction.changes.map(({ path }) => path);
    const { page, first } = this.#pageOf(this.#first);
    return page.paths(this.#first - first);
  }

  /** Drops the oldest; undefined: there is none. */
  drop(): TransactionHead | undefined {
    if (this.#first === this.#end) return undefined;
    if (this.#first === this.#recentFirst) this.#writeDown();
    const { page, first } = this.#pageOf(this.#first);
    const at = this.#first - first;
    const dropped = page.head(at);
    this.#first += 1;
    if (at + 1 === page.count) this.#recycle(page);
    return dropped;
  }

  /** Forgets all of them. Places go on. */
  clear(): void {
    this.#recent.fill(undefined);
    this.#recentFirst = this.#end;
    this.#recentBytes = 0;
    this.#first = this.#end;
    this.#pages = [];
    this.#opened = undefined;
  }

  #recentAt(place: number): Recent | undefined {
    return place < this.#recentFirst ? undefined : this.#recent[place % this.#recent.length];
  }

  /** The oldest of the recent ones goes into a page. */
  #writeDown(): void {
    const slot = this.#recentFirst % this.#recent.length;
    const oldest = this.#recent[slot];
    if (oldest === undefined) return;
    const { transaction, localIndex, bytes } = oldest;
    if (this.#pages.at(-1)?.page.add(transaction, localIndex, bytes) !== true) {
      const page = this.#emptyPage(TransactionPage.roomOf(transaction));
      page.add(transaction, localIndex, bytes);
      this.#pages.push({ page, first: this.#recentFirst });
    }
    this.#recent[slot] = undefined;
    this.#recentFirst += 1;
    this.#recentBytes -= bytes;
    this.#onWrittenDown(transaction);
  }

  #emptyPage(bytes: number): TransactionPage {
    const free = this.#free;
    if (free === undefined || bytes > pageBytes) {
      return new TransactionPage(Math.max(bytes, pageBytes));
    }
    this.#free = undefined;
    return free;
  }

  /** Takes out the first page, of which everything was dropped. */
  #recycle(page: TransactionPage): void {
    if (this.#opened?.of.page === page) this.#opened = undefined;
    this.#pages.shift();
    if (page.capacityBytes > pageBytes) return;
    page.clear();
    this.#free = page;
  }

  /** The page in which a place is, by bisection. */
  #pageOf(place: number): PlacedPage {
    let [low, high] = [0, this.#pages.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pages[middle]?.first ?? Infinity) <= place) low = middle + 1;
      else high = middle;
    }
    const found = this.#pages[low - 1];
    if (found === undefined) throw new Error(`nothing is kept at ${place}`);
    return found;
  }

  /** The transaction at a place of a page, all of which is put together at once. */
  #open(place: number): Transaction {
    const opened = this.#opened;
    const known = opened === undefined ? undefined : opened.transactions[place - opened.of.first];
    if (known !== undefined) return known;
    const of = this.#pageOf(place);
    const { page, first } = of;
    const transactions = opened?.of === of ? opened.transactions : [];
    // It may have been added to since.
    transactions.push(...page.transactions(transactions.length));
    this.#opened = { of, transactions };
    const found = transactions[place - first];
    invariant(found !== undefined, `something is kept at ${place}`);
    return found;
  }
}
