import type { ReadState } from "@meridian/consensus";

/** A read that must not be older than its own arrival. */
interface Barrier {
  readonly deadlineAtMs: number;
  readonly done: (passed: boolean) => void;
}

/** Barriers at one time; beyond it reads are refused at once. */
const barriersMax = 100_000;
/** A round without an answer for this long is asked for again: its message was lost. */
const retryMs = 500;

/**
 * Linearizable reads by read index (Raft thesis, 6.4): all barriers of one turn share one round of the core, and pass
 * once the state machine has applied the index that the round brought.
 */
export class ReadBarriers {
  #arrived: Barrier[] = [];
  readonly #rounds = new Map<number, { barriers: Barrier[]; askedAtMs: number }>();
  readonly #confirmed: { index: number; barriers: Barrier[] }[] = [];
  #context: number;
  #count = 0;

  /** Contexts count from `context`, so that answers to an earlier life of this node match nothing. */
  constructor(context: number) {
    this.#context = context;
  }

  /** `done(true)`: read now. `done(false)`: deadline, or too many wait. */
  add(deadlineAtMs: number, done: (passed: boolean) => void): void {
    if (this.#count >= barriersMax) return done(false);
    this.#count += 1;
    this.#arrived.push({ deadlineAtMs, done });
  }

  /** Starts a round for those that arrived since the last one; lost rounds start again. */
  flush(nowMs: number, ask: (context: number) => void): void {
    for (const [context, round] of this.#rounds) {
      if (nowMs - round.askedAtMs < retryMs) continue;
      this.#rounds.delete(context);
      this.#arrived.push(...round.barriers);
    }
    if (this.#arrived.length === 0) return;
    this.#context += 1;
    this.#rounds.set(this.#context, { barriers: this.#arrived, askedAtMs: nowMs });
    this.#arrived = [];
    ask(this.#context);
  }

  /** The core's answer to a round. Refused rounds wait for `flush` to ask again. */
  answer(read: ReadState): void {
    const round = this.#rounds.get(read.context);
    if (round === undefined || read.index === undefined) return;
    this.#rounds.delete(read.context);
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
    for (const round of this.#rounds.values()) round.barriers = round.barriers.filter(keep);
    for (const round of this.#confirmed) round.barriers = round.barriers.filter(keep);
    this.#count -= late.length;
    for (const barrier of late) barrier.done(false);
  }
}
