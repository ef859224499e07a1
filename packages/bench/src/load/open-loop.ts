import type { Send } from "./closed-loop.ts";
import { Metronome } from "./metronome.ts";
import type { Tally } from "./tally.ts";

/** Beats are not closer than this: what is due between two of them goes out together. */
const periodMinMs = 0.5;

/**
 * Sends at a rate, whether or not earlier operations are answered. Latencies count from when an
 * operation was due, so that a stall shows in all that it held up (Gil Tene's "coordinated
 * omission").
 */
export class OpenLoop {
  readonly #senders: readonly Send[];
  readonly #tally: Tally;
  readonly #intervalMs: number;
  readonly #outstandingMax: number;
  readonly #metronome: Metronome;
  #sent = 0;
  #open = 0;
  #isStopped = false;
  #onEnd: () => void = () => {};

  /**
   * `outstandingMax`: beyond it an operation that is due counts as `OVERLOADED` and is left out.
   */
  constructor(
    senders: readonly Send[],
    options: { readonly ratePerSecond: number; readonly outstandingMax: number },
    tally: Tally,
    onFault: (error: Error) => void,
  ) {
    this.#senders = senders;
    this.#tally = tally;
    this.#intervalMs = 1_000 / options.ratePerSecond;
    this.#outstandingMax = options.outstandingMax;
    const periodMs = Math.max(this.#intervalMs, periodMinMs);
    this.#metronome = new Metronome(periodMs, (originMs) => this.#beat(originMs), onFault);
  }

  /** Sends nothing more. Resolves when everything that is under way is answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#metronome.stop();
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
  }

  #beat(originMs: number): void {
    if (this.#isStopped) return;
    const elapsedMs = performance.now() - originMs;
    while ((this.#sent + 1) * this.#intervalMs <= elapsedMs) this.#send(originMs);
  }

  #send(originMs: number): void {
    const n = this.#sent++;
    const dueAtMs = originMs + this.#sent * this.#intervalMs;
    if (this.#open >= this.#outstandingMax) {
      this.#tally.failed("OVERLOADED");
      return;
    }
    this.#open += 1;
    this.#senders[n % this.#senders.length]?.(n, dueAtMs, (failure) => {
      if (failure === undefined) this.#tally.succeeded(dueAtMs);
      else this.#tally.failed(failure);
      this.#open -= 1;
      if (this.#isStopped && this.#open === 0) this.#onEnd();
    });
  }
}
