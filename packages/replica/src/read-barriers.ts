import type { ReadState } from "@meridian/consensus";

/** A read that must not be older than its own arrival. */
interface Barrier {
  readonly deadlineAtMs: number;
  readonly done: (passed: boolean) => void;
}

/** Reads that wait for the same answer. */
interface Round {
  barriers: Barrier[];
  /** Questions that were asked for it, oldest first: an answer to any of them will do. */
  readonly contexts: number[];
  askedAtMs: number;
}

/** Barriers at one time; beyond it reads are refused at once. */
const barriersMax = 100_000;
/** A round without an answer for this long is asked for again: a message may have been lost. */
const retryMs = 500;
/** Questions of one round whose answers are still waited for. */
const contextsMax = 16;

/**
 * Linearizable reads by read index (Raft thesis, 6.4): all barriers of one turn share one round of
 * the core, and pass once the state machine has applied the index that the round brought.
 */
export class ReadBarriers {
  readonly #onProof: (index: number, askedAtMs: number) => void;
  readonly #rounds = new Set<Round>();
  readonly #questions = new Map<number, { readonly round: Round; readonly askedAtMs: number }>();
  readonly #confirmed: { index: number; barriers: Barrier[] }[] = [];
  #arrived: Barrier[] = [];
  #probing = false;
  #context: number;
  #count = 0;

  /**
   * Contexts count from `context`, so that answers to an earlier life of this node match nothing.
   * `onProof` hears of every answer: all that was committed when it was asked for lies at or below
   * its index.
   */
  constructor(context: number, onProof: (index: number, askedAtMs: number) => void) {
    this.#context = context;
    this.#onProof = onProof;
  }

  /** `done(true)`: read now. `done(false)`: deadline, or too many wait. */
  add(deadlineAtMs: number, done: (passed: boolean) => void): void {
    if (this.#count >= barriersMax) return done(false);
    this.#count += 1;
    this.#arrived.push({ deadlineAtMs, done });
  }

  /** Asks in the next turn although nobody reads, for the proof. */
  probe(): void {
    this.#probing = true;
  }

  /** Somebody else leads: rounds without an answer are asked for again in the next turn. */
  restart(): void {
    for (const round of this.#rounds) round.askedAtMs = -Infinity;
  }

  /** Starts a round for those that arrived since the last one, and asks again for late ones. */
  flush(nowMs: number, ask: (context: number) => void): void {
    for (const round of this.#rounds) {
      if (nowMs - round.askedAtMs < retryMs) continue;
      if (round.barriers.length === 0) this.#end(round);
      else this.#ask(round, nowMs, ask);
    }
    if (this.#arrived.length === 0 && !this.#probing) return;
    const round = { barriers: this.#arrived, contexts: [], askedAtMs: nowMs };
    this.#arrived = [];
    this.#probing = false;
    this.#rounds.add(round);
    this.#ask(round, nowMs, ask);
  }

  /** The core's answer. Refused rounds wait for `flush` to ask again. */
  answer(read: ReadState): void {
    const question = this.#questions.get(read.context);
    if (question === undefined || read.index === undefined) return;
    const { round, askedAtMs } = question;
    this.#end(round);
    this.#onProof(read.index, askedAtMs);
    if (round.barriers.length === 0) return;
    this.#confirmed.push({ index: read.index, barriers: round.barriers });
  }

  /** Lets those pass whose index has been applied. */
  applied(index: number): void {
    for (let first = this.#confirmed[0]; first !== undefined; first = this.#confirmed[0]) {
      if (first.index > index) return;
      this.#confirmed.shift();
      this.#count -= first.barriers.length;
      for (const barrier of first.barriers) barrier.done(true);
    }
  }

  /** Gives up those whose deadline has passed. */
  expire(nowMs: number): void {
    const late: Barrier[] = [];
    const keep = (barrier: Barrier): boolean => {
      if (barrier.deadlineAtMs > nowMs) return true;
      late.push(barrier);
      return false;
    };
    this.#arrived = this.#arrived.filter(keep);
    for (const round of this.#rounds) round.barriers = round.barriers.filter(keep);
    for (const round of this.#confirmed) round.barriers = round.barriers.filter(keep);
    this.#count -= late.length;
    for (const barrier of late) barrier.done(false);
  }

  #ask(round: Round, nowMs: number, ask: (context: number) => void): void {
    this.#context += 1;
    round.askedAtMs = nowMs;
    round.contexts.push(this.#context);
    this.#questions.set(this.#context, { round, askedAtMs: nowMs });
    if (round.contexts.length > contextsMax) this.#questions.delete(round.contexts.shift() ?? 0);
    ask(this.#context);
  }

  #end(round: Round): void {
    this.#rounds.delete(round);
    for (const context of round.contexts) this.#questions.delete(context);
  }
}
