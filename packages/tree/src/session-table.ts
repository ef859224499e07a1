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
  /** Paths of its ephemeral nodes, as of the asking. */
  readonly ephemerals: ReadonlySet<string>;
}

/** A session as it stands in a snapshot; ephemerals follow from the nodes. */
export interface SessionRecord {
  readonly session: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  readonly appliedSequence: number;
  readonly answers: readonly NumberedAnswer[];
}

type NumberedAnswer = RememberedAnswer & { readonly sequence: number };

/** Answers kept for one session; a client with more open writes cannot ask for the oldest. */
export const answersMax = 16_384;

/** Finds the paths of a session's ephemeral nodes. */
type FindEphemerals = (session: number) => ReadonlySet<string>;

/** The sessions of a cluster and what each may still ask for again. */
export class SessionTable {
  readonly #sessions = new Map<number, Entry>();
  readonly #sum: Hash = { low: 0, high: 0 };
  readonly #findEphemerals: FindEphemerals;

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

  /** Forgets a session; its ephemeral nodes must be gone. */
  close(id: number): void {
    const entry = this.#sessions.get(id);
    if (entry === undefined) return;
    subtractHash(this.#sum, entry.sum);
    this.#sessions.delete(id);
  }

  /**
   * The answer given to a write before; undefined when it is new, `forgotten` when it cannot be
   * told any more.
   */
  recall(id: number, sequence: number): RememberedAnswer | "forgotten" | undefined {
    const entry = this.#sessions.get(id);
    if (entry === undefined || sequence > entry.appliedSequence) return undefined;
    return entry.answers.get(sequence) ?? "forgotten";
  }

  /** Remembers an answer and drops those that the client has received. */
  remember(id: number, sequence: number, acknowledged: number, answer: RememberedAnswer): void {
    const entry = this.#sessions.get(id);
    if (entry === undefined) return;
    subtractHash(this.#sum, entry.sum);
    entry.remember({ sequence, index: answer.index, result: answer.result });
    entry.forget(acknowledged);
    addHash(this.#sum, entry.sum);
  }

  /** All sessions as records, which share the answers: these never change. */
  records(): SessionRecord[] {
    return [...this.#sessions.values()].map(
      ({ id, secret, timeoutMs, appliedSequence, answers }) => ({
        session: id,
        secret,
        timeoutMs,
        appliedSequence,
        answers: [...answers.values()],
      }),
    );
  }

  restore({ session, secret, timeoutMs, appliedSequence, answers }: SessionRecord): void {
    const entry = new Entry(session, secret, timeoutMs, this.#findEphemerals);
    for (const answer of answers) entry.remember(answer);
    entry.advance(appliedSequence);
    this.#add(entry);
  }

  /** Sum of the hashes of all sessions: the same whatever the order of their opening. */
  hash(): Hash {
    return this.#sum;
  }

  #add(entry: Entry): void {
    this.#sessions.set(entry.id, entry);
    addHash(this.#sum, entry.sum);
  }
}

class Entry implements Session {
  readonly id: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  appliedSequence = 0;
  /** By sequence, in ascending order. */
  readonly answers = new Map<number, NumberedAnswer>();
  /** Sum of the hashes of its parts. */
  readonly sum: Hash = { low: 0, high: 0 };
  readonly #findEphemerals: FindEphemerals;

  constructor(id: number, secret: Uint8Array, timeoutMs: number, findEphemerals: FindEphemerals) {
    this.id = id;
    this.secret = secret;
    this.timeoutMs = timeoutMs;
    this.#findEphemerals = findEphemerals;
    const hash = newHash();
    hashNumber(hash, id);
    hashNumber(hash, timeoutMs);
    hashBytes(hash, secret);
    finishHash(hash);
    addHash(this.sum, hash);
  }

  get ephemerals(): ReadonlySet<string> {
    return this.#findEphemerals(this.id);
  }

  remember(answer: NumberedAnswer): void {
    this.advance(answer.sequence);
    this.answers.set(answer.sequence, answer);
    addHash(this.sum, hashOf(this.id, answer));
  }

  advance(sequence: number): void {
    subtractHash(this.sum, hashOfSequence(this.id, this.appliedSequence));
    this.appliedSequence = sequence;
    addHash(this.sum, hashOfSequence(this.id, sequence));
  }

  /** Drops the answers up to a number, and the oldest beyond the bound. */
  forget(acknowledged: number): void {
    for (const [sequence, answer] of this.answers) {
      if (sequence > acknowledged && this.answers.size <= answersMax) return;
      this.answers.delete(sequence);
      subtractHash(this.sum, hashOf(this.id, answer));
    }
  }
}

function hashOfSequence(id: number, sequence: number): Hash {
  const hash = newHash();
  hashNumber(hash, id);
  hashNumber(hash, sequence);
  finishHash(hash);
  return hash;
}

function hashOf(id: number, { sequence, index, result }: NumberedAnswer): Hash {
  const hash = newHash();
  hashNumber(hash, id);
  hashNumber(hash, sequence);
  hashNumber(hash, index);
  hashText(hash, result.kind === "failed" ? result.code : result.kind);
  if (result.kind === "node") {
    hashText(hash, result.path);
    hashNumber(hash, result.stat.version);
  }
  finishHash(hash);
  return hash;
}
