import type { Tally } from "./tally.ts";

/**
 * Sends one operation, the `n`-th of all, whose latency counts from `sinceMs`. `done` is called
 * once, with the code of what went wrong or with undefined; it may be called before this returns.
 */
export type Send = (n: number, sinceMs: number, done: Done) => unknown;

/** See `Send`. */
export type Done = (failure: string | undefined) => void;

/** Pause of a slot after a refusal: whoever is overloaded gets no busy loop on top. */
const refusedPauseMs = 5;

/** Keeps a number of operations under way on each connection until it is stopped. */
export class ClosedLoop {
  readonly #senders: readonly Send[];
  readonly #tally: Tally;
  #isStopped = false;
  #sent = 0;
  #open = 0;
  #onEnd: () => void = () => {};

  /** `senders`: one for each connection; `outstanding`: over all of them. */
  constructor(senders: readonly Send[], outstanding: number, tally: Tally) {
    this.#senders = senders;
    this.#tally = tally;
    for (let slot = 0; slot < outstanding; slot += 1) this.#occupy(slot);
  }

  /** Sends nothing more. Resolves when everything that is under way is answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** One operation after the other, without anything made for each. */
  #occupy(slot: number): void {
    const send = this.#senders[slot % this.#senders.length];
    if (send === undefined) return;
    let sentAtMs = 0;
    const next = (): void => {
      if (this.#isStopped) {
        this.#leave();
        return;
      }
      sentAtMs = performance.now();
      send(this.#sent++, sentAtMs, done);
    };
    const done: Done = (failure) => {
      if (failure === undefined) {
        this.#tally.succeeded(sentAtMs);
        next();
        return;
      }
      this.#tally.failed(failure);
      setTimeout(next, refusedPauseMs);
    };
    this.#open += 1;
    next();
  }

  #leave(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#onEnd();
  }
}
