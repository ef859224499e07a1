import type { NodeId } from "./entry.ts";

/**
 * Someone who asked the leader up to where to apply before reading. `from` undefined: the leader
 * itself.
 */
export interface ReadRequest {
  readonly from: NodeId | undefined;
  readonly context: number;
}

/** Reads that one round of heartbeats confirms together. */
export interface ReadRound {
  readonly number: number;
  /** Commit index when the round began. */
  readonly index: number;
  readonly requests: readonly ReadRequest[];
}

/** Rounds under way at once; more requests wait for the next one. */
const roundsMax = 4;

/**
 * Reads at a leader. A read is answered with the commit index once a quorum has confirmed, after
 * the read came in, that this leader still leads (Raft thesis, section 6.4). Numbers of rounds grow
 * within a term, and a heartbeat answer to a round confirms all rounds before it.
 */
export class ReadRounds {
  readonly #requestsMax: number;
  #waiting: ReadRequest[] = [];
  #rounds: ReadRound[] = [];
  #newest = 0;
  #count = 0;

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** Number of the newest round; what heartbeats carry. */
  get newest(): number {
    return this.#newest;
  }

  /** Requests wait, and a round may begin. */
  get startable(): boolean {
    return this.#waiting.length > 0 && this.#rounds.length < roundsMax;
  }

  /** A round is under way. */
  get pending(): boolean {
    return this.#rounds.length > 0;
  }

  /** False: too many. */
  add(request: ReadRequest): boolean {
    if (this.#count >= this.#requestsMax) return false;
    this.#waiting.push(request);
    this.#count += 1;
    return true;
  }

  /** Begins a round with all that waits. */
  start(index: number): void {
    this.#newest += 1;
    this.#rounds.push({ number: this.#newest, index, requests: this.#waiting });
    this.#waiting = [];
  }

  /** Rounds that are confirmed by the confirmation of this number. They leave. */
  takeConfirmed(number: number): readonly ReadRound[] {
    let count = 0;
    while (count < this.#rounds.length && this.#rounds[count]!.number <= number) count++;
    if (count === 0) return [];
    const confirmed = this.#rounds.splice(0, count);
    for (const round of confirmed) this.#count -= round.requests.length;
    return confirmed;
  }

  /** Everything that has no answer. It leaves. */
  takeAll(): readonly ReadRequest[] {
    const all = this.#rounds.flatMap((round) => round.requests).concat(this.#waiting);
    this.#rounds = [];
    this.#waiting = [];
    this.#count = 0;
    return all;
  }
}

/** Reads that a follower passed on to its leader and that have no answer yet. */
export class ForwardedReads {
  readonly #requestsMax: number;
  /** Context to the tick of asking, oldest first. */
  readonly #asked = new Map<number, number>();

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** False: too many, or asked already. */
  add(context: number, tick: number): boolean {
    if (this.#asked.size >= this.#requestsMax || this.#asked.has(context)) return false;
    this.#asked.set(context, tick);
    return true;
  }

  /** An answer came. False: nobody waits for it. */
  take(context: number): boolean {
    return this.#asked.delete(context);
  }

  /**
   * Contexts that were asked for at or before the tick: the question or its answer was lost. They
   * leave.
   */
  takeOlder(tick: number): readonly number[] {
    const older: number[] = [];
    for (const [context, asked] of this.#asked) {
      if (asked > tick) break;
      older.push(context);
      this.#asked.delete(context);
    }
    return older;
  }
}
