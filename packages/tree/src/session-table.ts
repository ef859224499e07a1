import {
  addHash,
  finishHash,
  type Hash,
  hashBytes,
  hashNumber,
  hashText,
  newHash,
  subtractHash,
} from "./hash.ts";
import type { Result } from "./result.ts";

/** An answer that the client may still ask for again. */
export interface RememberedAnswer {
  /** Log index of the write. */
  readonly index: number;
  readonly result: Result;
}

/** A session as outsiders see it. */
export interface Session {
  readonly id: number;
  /** Proves ownership. */
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  /** Highest sequence number applied. */
  readonly appliedSequence: number;
  /** Highest attachment that it has had; 0: its client does not count. */
  readonly attachment: number;
  /** Paths of its ephemeral nodes, as of the asking. */
  readonly ephemerals: ReadonlySet<string>;
}

/** A session as it stands in a snapshot; ephemerals follow from the nodes. */
export interface SessionRecord {
  readonly session: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  readonly appliedSequence: number;
  readonly attachment: number;
  readonly answers: readonly NumberedAnswer[];
}

/** With the number of the write in its session. */
export type NumberedAnswer = RememberedAnswer & { readonly sequence: number };

/** Answers kept for one session; a client with more open writes cannot ask for the oldest. */
const answersMax = 16_384;
/** Likewise, about their bytes: answers of large multis take many. */
const answerBytesMax = 4 * 1024 * 1024;
/** While the answers of all sessions take more than the first, each session keeps the second. */
const allAnswersBytesMax = 256 * 1024 * 1024;
const crowdedBytesMax = 64 * 1024;

/** Finds the paths of a session's ephemeral nodes. */
type FindEphemerals = (session: number) => ReadonlySet<string>;

/** The sessions of a cluster and what each may still ask for again. */
export class SessionTable {
  readonly #sessions = new Map<number, Entry>();
  /** Sessions that have ended, and not all of their ephemeral nodes are gone; the first first. */
  readonly #ending = new Set<number>();
  /** Of those that are not `#unhashed`. */
  readonly #sum: Hash = { low: 0, high: 0 };
  /** Changed since the sum was asked for: a session is written in many times in between. */
  readonly #unhashed = new Set<Entry>();
  readonly #findEphemerals: FindEphemerals;
  /** Of the answers of all sessions, about. */
  #answerBytes = 0;

  constructor(findEphemerals: FindEphemerals) {
    this.#findEphemerals = findEphemerals;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id);
  }

  values(): IterableIterator<Session> {
    return this.#sessions.values();
  }

  open(id: number, secret: Uint8Array, timeoutMs: number): void {
    this.#add(new Entry(id, secret, timeoutMs, this.#findEphemerals));
  }

  /** Forgets a session: nothing is written in it any more. */
  close(id: number): void {
    const entry = this.#sessions.get(id);
    if (entry === undefined) return;
    this.#change(entry);
    this.#unhashed.delete(entry);
    this.#answerBytes -= entry.bytes;
    this.#sessions.delete(id);
  }

  /** Notes that nodes of a session are left that was closed. */
  end(id: number): void {
    this.#ending.add(id);
    addHash(this.#sum, hashOfEnding(id));
  }

  /** All its nodes are gone. */
  endedWhole(id: number): void {
    if (this.#ending.delete(id)) subtractHash(this.#sum, hashOfEnding(id));
  }

  isEnding(id: number): boolean {
    return this.#ending.has(id);
  }

  /** Sessions that have ended and have nodes left, those that ended first before the others. */
  ending(): readonly number[] {
    return [...this.#ending];
  }

  get endingCount(): number {
    return this.#ending.size;
  }

  /** Notes that a session has an attachment, unless it has had a higher one: then false. */
  attach(id: number, attachment: number): boolean {
    const entry = this.#sessions.get(id);
    if (entry === undefined || attachment < entry.attachment) return false;
    if (attachment === entry.attachment) return true;
    this.#change(entry);
    entry.attachment = attachment;
    return true;
  }

  /**
   * The answer given to a write before; undefined when it is new, `forgotten` when it cannot be
   * told any more.
   */
  recall(id: number, sequence: number): RememberedAnswer | "forgotten" | undefined {
    const entry = this.#sessions.get(id);
    if (entry === undefined || sequence > entry.appliedSequence) return undefined;
    return entry.find(sequence) ?? "forgotten";
  }

  /** Remembers an answer and drops those that the client has received. */
  remember(id: number, acknowledged: number, answer: NumberedAnswer): void {
    const entry = this.#sessions.get(id);
    if (entry === undefined) return;
    const isCrowded = this.#answerBytes > allAnswersBytesMax;
    this.#change(entry);
    this.#answerBytes -= entry.bytes;
    entry.add(answer);
    entry.forget(acknowledged, isCrowded ? crowdedBytesMax : answerBytesMax);
    this.#answerBytes += entry.bytes;
  }

  /** All sessions as records, which share the answers: these never change. */
  records(): SessionRecord[] {
    return [...this.#sessions.values()].map((entry) => {
      const { id: session, secret, timeoutMs, appliedSequence, attachment } = entry;
      const answers = entry.answers();
      return { session, secret, timeoutMs, appliedSequence, attachment, answers };
    });
  }

  restore(record: SessionRecord): void {
    const { session, secret, timeoutMs } = record;
    const entry = new Entry(session, secret, timeoutMs, this.#findEphemerals);
    for (const answer of record.answers) entry.add(answer);
    entry.appliedSequence = record.appliedSequence;
    entry.attachment = record.attachment;
    this.#add(entry);
  }

  /** Sum of the hashes of all sessions: the same whatever the order of their opening. */
  hash(): Hash {
    for (const entry of this.#unhashed) {
      entry.isUnhashed = false;
      addHash(this.#sum, entry.hash());
    }
    this.#unhashed.clear();
    return this.#sum;
  }

  #add(entry: Entry): void {
    this.#sessions.set(entry.id, entry);
    this.#answerBytes += entry.bytes;
    addHash(this.#sum, entry.hash());
  }

  /** Must be called before an entry changes. */
  #change(entry: Entry): void {
    if (entry.isUnhashed) return;
    entry.isUnhashed = true;
    subtractHash(this.#sum, entry.hash());
    this.#unhashed.add(entry);
  }
}

function hashOfEnding(id: number): Hash {
  const hash = newHash();
  hashText(hash, "ending");
  hashNumber(hash, id);
  finishHash(hash);
  return hash;
}

class Entry implements Session {
  readonly id: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  appliedSequence = 0;
  attachment = 0;
  /** Its share is not in the sum of the table. */
  isUnhashed = false;
  /** In ascending order of their numbers, from `#first` on. */
  #answers: NumberedAnswer[] = [];
  #first = 0;
  /** What never changes of it. */
  readonly #base: Hash;
  #bytes = 0;
  readonly #findEphemerals: FindEphemerals;

  constructor(id: number, secret: Uint8Array, timeoutMs: number, findEphemerals: FindEphemerals) {
    this.id = id;
    this.secret = secret;
    this.timeoutMs = timeoutMs;
    this.#findEphemerals = findEphemerals;
    this.#base = newHash();
    hashNumber(this.#base, id);
    hashNumber(this.#base, timeoutMs);
    hashBytes(this.#base, secret);
  }

  get ephemerals(): ReadonlySet<string> {
    return this.#findEphemerals(this.id);
  }

  /** Of the answers, about. */
  get bytes(): number {
    return this.#bytes;
  }

  answers(): readonly NumberedAnswer[] {
    return this.#answers.slice(this.#first);
  }

  find(sequence: number): NumberedAnswer | undefined {
    let low = this.#first;
    let high = this.#answers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#answers[middle]?.sequence ?? Infinity) < sequence) low = middle + 1;
      else high = middle;
    }
    const found = this.#answers[low];
    return found?.sequence === sequence ? found : undefined;
  }

  add(answer: NumberedAnswer): void {
    this.appliedSequence = answer.sequence;
    this.#answers.push(answer);
    this.#bytes += sizeOf(answer.result);
  }

  /** Drops the answers up to a number, and the oldest beyond the bounds, but not the newest. */
  forget(acknowledged: number, bytesMax: number): void {
    for (let oldest = this.#answers[this.#first]; oldest; oldest = this.#answers[this.#first]) {
      const count = this.#answers.length - this.#first;
      const fits = count === 1 || (count <= answersMax && this.#bytes <= bytesMax);
      if (oldest.sequence > acknowledged && fits) break;
      this.#bytes -= sizeOf(oldest.result);
      this.#first += 1;
    }
    if (this.#first < 64 || this.#first * 2 < this.#answers.length) return;
    this.#answers = this.#answers.slice(this.#first);
    this.#first = 0;
  }

  hash(): Hash {
    const { low, high } = this.#base;
    const hash = { low, high };
    hashNumber(hash, this.appliedSequence);
    hashNumber(hash, this.#digestOfAnswers());
    hashNumber(hash, this.attachment);
    finishHash(hash);
    return hash;
  }

  #digestOfAnswers(): number {
    let sum = 0;
    for (let place = this.#first; place < this.#answers.length; place += 1) {
      const answer = this.#answers[place];
      if (answer !== undefined) sum = (sum + digestOf(answer)) | 0;
    }
    return sum;
  }
}

/** About the memory that an answer takes. */
function sizeOf(result: Result): number {
  if (result.kind === "done") return 128;
  if (result.kind === "node") return 384 + result.path.length;
  let bytes = 128 + (result.kind === "failed" ? result.message.length : 0);
  for (const { path, stat } of result.parts) {
    bytes += 96 + path.length + (stat === undefined ? 0 : 256);
  }
  return bytes;
}

/** 32 bits that tell answers apart. */
function digestOf({ sequence, index, result }: NumberedAnswer): number {
  const kind = result.kind === "failed" ? result.code : result.kind;
  let mixed = Math.imul(sequence | 0, 0x9e3779b1) ^ Math.imul(index | 0, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ kind.length, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ kind.charCodeAt(0), 0x27d4eb2f);
  return mixed ^ (mixed >>> 16);
}
