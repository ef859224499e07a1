import type { Change, Stamp, Transaction } from "./change.ts";
import type { CreateMode, Stat } from "./stat.ts";

/** One that holds a larger transaction is made for it. */
export const pageBytes: number = 256 * 1024;

/** Numbers of a transaction, and behind them those of each of its changes. */
const headLength = 6;
const changeLength = 15;

const kinds: readonly Change["kind"][] = ["created", "changed", "deleted"];
const modes: readonly CreateMode[] = [
  "persistent",
  "ephemeral",
  "persistent-sequential",
  "ephemeral-sequential",
  "container",
  "ttl",
  "ttl-sequential",
];

/** What only values of eventual zones have. */
interface MergeTraits {
  readonly stamp: Stamp | undefined;
  readonly origin: string | undefined;
  readonly vector: ReadonlyMap<string, number> | undefined;
}

/** Where a transaction begins: its numbers, its texts and its traits. */
const startLength = 3;

/** What is known of a transaction without putting it together. */
export interface TransactionHead {
  readonly origin: string;
  readonly incarnation: number;
  readonly index: number;
  readonly localIndex: number;
  readonly bytes: number;
}

/**
 * Transactions as numbers and bytes in one buffer, which grow towards each other: a thousand of
 * them are nothing to the garbage collector, and the buffer is used again and again. Paths are
 * those of the nodes, whose texts are shared.
 */
export class TransactionPage {
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #texts: string[] = [];
  readonly #traits: MergeTraits[] = [];
  readonly #starts: number[] = [];
  #numbersEnd = 0;
  #bytesStart: number;

  /** `bytesMin`: room for one transaction at least. */
  constructor(bytesMin: number = pageBytes) {
    const buffer = new ArrayBuffer(Math.ceil(bytesMin / 8) * 8);
    this.#numbers = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#bytesStart = buffer.byteLength;
  }

  /** Bytes that a transaction takes in a page. */
  static roomOf({ changes }: Transaction): number {
    let bytes = headLength * 8;
    for (const { data } of changes) bytes += changeLength * 8 + data.byteLength;
    return bytes;
  }

  /** Transactions in it. */
  get count(): number {
    return this.#starts.length / startLength;
  }

  /** Of all its transactions, and of those to come. */
  get capacityBytes(): number {
    return this.#bytes.byteLength;
  }

  /** Takes a transaction with its local index and what it counts for; false: there is no room. */
  add(transaction: Transaction, localIndex: number, bytes: number): boolean {
    const room = this.#bytesStart - this.#numbersEnd * 8;
    if (TransactionPage.roomOf(transaction) > room) return false;
    const { index, origin, incarnation, timeMs, changes } = transaction;
    this.#starts.push(this.#numbersEnd, this.#texts.length, this.#traits.length);
    const numbers = this.#numbers;
    let at = this.#numbersEnd;
    numbers[at] = index;
    numbers[at + 1] = localIndex;
    numbers[at + 2] = incarnation;
    numbers[at + 3] = timeMs;
    numbers[at + 4] = changes.length;
    numbers[at + 5] = bytes;
    at += headLength;
    this.#texts.push(origin);
    for (const change of changes) {
      this.#addChange(change, at);
      at += changeLength;
    }
    this.#numbersEnd = at;
    return true;
  }

  #addChange({ kind, path, data, stat, mode, ttlMs, stamp }: Change, at: number): void {
    const numbers = this.#numbers;
    const { origin, vector } = stat;
    const isMerged = stamp !== undefined || origin !== undefined || vector !== undefined;
    this.#texts.push(path);
    if (isMerged) this.#traits.push({ stamp, origin, vector });
    this.#bytesStart -= data.byteLength;
    if (data.byteLength > 0) this.#bytes.set(data, this.#bytesStart);
    numbers[at] = (modes.indexOf(mode) * 4 + kinds.indexOf(kind)) * 2 + (isMerged ? 1 : 0);
    numbers[at + 1] = stat.czxid;
    numbers[at + 2] = stat.mzxid;
    numbers[at + 3] = stat.pzxid;
    numbers[at + 4] = stat.ctimeMs;
    numbers[at + 5] = stat.mtimeMs;
    numbers[at + 6] = stat.version;
    numbers[at + 7] = stat.cversion;
    numbers[at + 8] = stat.aversion;
    numbers[at + 9] = stat.ephemeralOwner;
    numbers[at + 10] = stat.dataLength;
    numbers[at + 11] = stat.numChildren;
    numbers[at + 12] = ttlMs;
    numbers[at + 13] = this.#bytesStart;
    numbers[at + 14] = data.byteLength;
  }

  head(place: number): TransactionHead {
    const at = this.#starts[place * startLength] ?? 0;
    return {
      origin: this.#texts[this.#starts[place * startLength + 1] ?? 0] ?? "",
      incarnation: this.#number(at + 2),
      index: this.#number(at),
      localIndex: this.#number(at + 1),
      bytes: this.#number(at + 5),
    };
  }

  localIndex(place: number): number {
    return this.#number((this.#starts[place * startLength] ?? 0) + 1);
  }

  /** Paths of what a transaction changed. */
  paths(place: number): readonly string[] {
    const first = (this.#starts[place * startLength + 1] ?? 0) + 1;
    const count = this.#number((this.#starts[place * startLength] ?? 0) + 4);
    return this.#texts.slice(first, first + count);
  }

  /** A transaction anew; its data is a copy, as the page will hold something else one day. */
  transaction(place: number): Transaction {
    return this.#read(place, this.#bytes, 0, true);
  }

  /** All from a place on, whose data shares one copy. */
  transactions(from: number): Transaction[] {
    const begin = this.#bytesStart;
    const copy = this.#bytes.slice(begin);
    const length = this.count - from;
    return Array.from({ length }, (_, at) => this.#read(from + at, copy, begin, false));
  }

  /** It is as new. */
  clear(): void {
    this.#texts.length = 0;
    this.#traits.length = 0;
    this.#starts.length = 0;
    this.#numbersEnd = 0;
    this.#bytesStart = this.#bytes.byteLength;
  }

  #number(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  /** `bytes` begins at `from` of the page's. */
  #read(place: number, bytes: Uint8Array, from: number, copies: boolean): Transaction {
    const start = place * startLength;
    let at = this.#starts[start] ?? 0;
    let text = this.#starts[start + 1] ?? 0;
    let trait = this.#starts[start + 2] ?? 0;
    const [index, incarnation] = [this.#number(at), this.#number(at + 2)];
    const [timeMs, count] = [this.#number(at + 3), this.#number(at + 4)];
    const origin = this.#texts[text] ?? "";
    at += headLength;
    const changes: Change[] = [];
    for (let each = 0; each < count; each += 1) {
      text += 1;
      const traits = this.#number(at) % 2 === 1 ? this.#traits[trait] : undefined;
      if (traits !== undefined) trait += 1;
      const begin = this.#number(at + 13) - from;
      const end = begin + this.#number(at + 14);
      const data = copies ? bytes.slice(begin, end) : bytes.subarray(begin, end);
      changes.push(this.#change(at, this.#texts[text] ?? "", data, traits));
      at += changeLength;
    }
    return { index, origin, incarnation, timeMs, changes };
  }

  #change(at: number, path: string, data: Uint8Array, traits: MergeTraits | undefined): Change {
    const flags = Math.floor(this.#number(at) / 2);
    const kind = kinds[flags % 4] ?? "changed";
    const mode = modes[Math.floor(flags / 4)] ?? "persistent";
    const stat = this.#stat(at, traits);
    const ttlMs = this.#number(at + 12);
    const change = { kind, path, data, stat, mode, ttlMs };
    return traits?.stamp === undefined ? change : { ...change, stamp: traits.stamp };
  }

  #stat(at: number, traits: MergeTraits | undefined): Stat {
    const stat: Stat = {
      czxid: this.#number(at + 1),
      mzxid: this.#number(at + 2),
      pzxid: this.#number(at + 3),
      ctimeMs: this.#number(at + 4),
      mtimeMs: this.#number(at + 5),
      version: this.#number(at + 6),
      cversion: this.#number(at + 7),
      aversion: this.#number(at + 8),
      ephemeralOwner: this.#number(at + 9),
      dataLength: this.#number(at + 10),
      numChildren: this.#number(at + 11),
    };
    if (traits === undefined) return stat;
    const { origin, vector } = traits;
    return {
      ...stat,
      ...(origin === undefined ? {} : { origin }),
      ...(vector === undefined ? {} : { vector }),
    };
  }
}
