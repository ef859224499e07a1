import type { Pending } from "./pending.ts";

/**
 * The open requests of a lane, in the order of their submission: waiting to be sent, on their way,
 * or refused for the moment. Whatever happens to links, they are sent, and sent again, in that
 * order.
 */
export class Outbox {
  #waiting: Pending[] = [];
  /** Those before this place in `#waiting` wait no more. */
  #first = 0;
  #refused: Pending[] = [];
  readonly #inflight = new Map<number, Pending>();
  #order = 0;
  #count = 0;
  #bytes = 0;

  /** Open requests. */
  get count(): number {
    return this.#count;
  }

  /** What they hold, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing is on its way. */
  get isIdle(): boolean {
    return this.#inflight.size === 0;
  }

  /** On their way. */
  get inflight(): number {
    return this.#inflight.size;
  }

  /** Something is to be sent. */
  get hasWaiting(): boolean {
    return this.#first < this.#waiting.length;
  }

  /** Takes a request in; it is neither waiting nor on its way yet. */
  add(pending: Pending): void {
    this.#order += 1;
    pending.order = this.#order;
    this.#count += 1;
    this.#bytes += pending.bytes;
  }

  /** It waits for a link, behind those that do already. */
  wait(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** The first `max` of those that wait, in order; they no longer do. */
  takeWaiting(max: number): readonly Pending[] {
    const taken: Pending[] = [];
    const { length } = this.#waiting;
    while (this.#first < length && taken.length < max) {
      const pending = this.#waiting[this.#first];
      this.#first += 1;
      if (pending?.isFinished === false) taken.push(pending);
    }
    // In bulk, so that each costs the same however many wait.
    if (this.#first * 2 >= length) this.#keep(this.#waiting.slice(this.#first));
    return taken;
  }

  /** It is on its way under its id. */
  sent(pending: Pending): void {
    this.#inflight.set(pending.id, pending);
  }

  /** How many are on their way that were submitted after this one. */
  countBehind({ order }: Pending): number {
    let count = 0;
    for (const pending of this.#inflight.values()) if (pending.order > order) count += 1;
    return count;
  }

  /** The request with this id has been answered; it is no longer on its way. */
  answered(id: number): Pending | undefined {
    const pending = this.#inflight.get(id);
    if (pending !== undefined) this.#inflight.delete(id);
    return pending;
  }

  /** It was refused for the moment, and waits aside for `retryRefused`. */
  refused(pending: Pending): void {
    this.#refused.push(pending);
  }

  /** What was refused waits again, before everything that was submitted after it. */
  retryRefused(): void {
    if (this.#refused.length === 0) return;
    this.#keep([...this.#refused, ...this.#waiting.slice(this.#first)].sort(byOrder));
    this.#refused = [];
  }

  /** The link is gone: everything waits again. */
  rewind(): void {
    if (this.#inflight.size > 0 || this.#refused.length > 0) {
      this.#keep(this.#inSending().sort(byOrder));
    }
    this.#inflight.clear();
    this.#refused = [];
  }

  /** It is done with, wherever it is. True: it was on its way. */
  finish(pending: Pending): boolean {
    if (pending.isFinished) return false;
    pending.isFinished = true;
    this.#count -= 1;
    this.#bytes -= pending.bytes;
    // On another link, another one may have its number by now.
    return this.#inflight.get(pending.id) === pending && this.#inflight.delete(pending.id);
  }

  /** Frees what is done with among those that wait. */
  compact(): void {
    this.#keep(this.#waiting.slice(this.#first).filter(isOpen));
    this.#refused = this.#refused.filter(isOpen);
  }

  /** All open requests, in order. */
  all(): readonly Pending[] {
    return this.#inSending().filter(isOpen).sort(byOrder);
  }

  #inSending(): Pending[] {
    const waiting = this.#waiting.slice(this.#first);
    return [...this.#inflight.values(), ...this.#refused, ...waiting];
  }

  #keep(waiting: Pending[]): void {
    this.#waiting = waiting;
    this.#first = 0;
  }
}

function isOpen(pending: Pending): boolean {
  return !pending.isFinished;
}

function byOrder(a: Pending, b: Pending): number {
  return a.order - b.order;
}
