import { finishHash, type Hash, hashNumber, hashText, newHash } from "./hash.ts";
import type { Result } from "./result.ts";

/** An answer that the client may still ask for again. */
export interface RememberedAnswer {
  readonly index: number;
  readonly result: Result;
}

/** A session as outsiders see it. */
export interface Session {
  readonly id: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  /** Highest sequence number applied. */
  readonly appliedSequence: number;
  /** Paths of its ephemeral nodes. */
  readonly ephemerals: ReadonlySet<string>;
}

/** A session as it stands in a snapshot; ephemerals follow from the nodes. */
export interface SessionRecord {
  readonly session: number;
  readonly secret: Uint8Array;
  readonly timeoutMs: number;
  readonly appliedSequence: number;
  readonly answers: readonly (RememberedAnswer & { readonly sequence: number })[];
}

/** Answers kept for one session; a client with more open writes loses the protection of the oldest. */
export const answersMax = 16_384;

interface Entry extends Session {
  appliedSequence: number;
  readonly ephemerals: Set<string>;
  /** By sequence, in ascending order of insertion. */
  readonly answers: Map<number, RememberedAnswer>;
}

/** The sessions of a cluster and what each may still ask for again. */
export class SessionTable {
  readonly #sessions = new Map<number, Entry>();

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
    this.#sessions.set(id, {
      ...{ id, secret, timeoutMs },
      appliedSequence: 0,
      ephemerals: new Set(),
      answers: new Map(),
    });
  }

  /** Forgets a session; its ephemeral nodes must be gone. */
  close(id: number): void {
    this.#sessions.delete(id);
  }

  addEphemeral(id: number, path: string): void {
    this.#sessions.get(id)?.ephemerals.add(path);
  }

  removeEphemeral(id: number, path: string): void {
    this.#sessions.get(id)?.ephemerals.delete(path);
  }

  /** The answer given to a write before; undefined when it is new, `forgotten` when it cannot be told any more. */
  recall(id: number, sequence: number): RememberedAnswer | "forgotten" | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined || sequence > session.appliedSequence) return undefined;
    return session.answers.get(sequence) ?? "forgotten";
  }

  /** Remembers an answer and drops those that the client has received. */
  remember(id: number, sequence: number, acknowledged: number, answer: RememberedAnswer): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    session.appliedSequence = sequence;
    session.answers.set(sequence, answer);
    for (const known of session.answers.keys()) {
      if (known > acknowledged && session.answers.size <= answersMax) break;
      session.answers.delete(known);
    }
  }

  /** All sessions as records; answers are immutable and shared. */
  records(): SessionRecord[] {
    return [...this.#sessions.values()].map(
      ({ id, secret, timeoutMs, appliedSequence, answers }) => ({
        ...{ session: id, secret, timeoutMs, appliedSequence },
        answers: [...answers].map(([sequence, answer]) => ({ sequence, ...answer })),
      }),
    );
  }

  restore(record: SessionRecord): void {
    const { session, secret, timeoutMs, appliedSequence, answers } = record;
    this.open(session, secret, timeoutMs);
    const entry = this.#sessions.get(session);
    if (entry === undefined) return;
    entry.appliedSequence = appliedSequence;
    for (const { sequence, index, result } of answers)
      entry.answers.set(sequence, { index, result });
  }

  hash(): Hash {
    const sum: Hash = { low: 0, high: 0 };
    for (const { id, timeoutMs, appliedSequence, answers } of this.#sessions.values()) {
      const hash = newHash();
      for (const value of [id, timeoutMs, appliedSequence, answers.size]) hashNumber(hash, value);
      for (const [sequence, { index, result }] of answers) {
        hashNumber(hash, sequence);
        hashNumber(hash, index);
        hashText(hash, result.kind === "failed" ? result.code : result.kind);
      }
      finishHash(hash);
      sum.low = (sum.low + hash.low) | 0;
      sum.high = (sum.high + hash.high) | 0;
    }
    return sum;
  }
}
