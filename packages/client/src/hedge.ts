import { MeridianError } from "@meridian/wire";
import type { Runtime } from "./runtime.ts";

/** Asks one place or several, until the signal says that nobody waits any more. Never rejects. */
export type Attempt<T> = (signal: AbortSignal) => Promise<T | MeridianError>;

/** What to make of failures. */
export interface Verdict {
  /** Nobody else would say otherwise, or there is no time to ask. */
  readonly isFinal: (error: MeridianError) => boolean;
  /** Which of two failures to report. */
  readonly worse: (first: MeridianError, second: MeridianError) => MeridianError;
}

/** Requests that may be sent beyond those asked for, as a share of them. */
const shareMax = 0.1;
/** Extra requests that may be saved up. */
const savedMax = 10;
/** Answers that a typical time is taken from, and those needed before there is one. */
const windowSize = 128;
const windowMin = 16;
/** Of so many answers as this share, the time is typical; slower ones are worth a second try. */
const percentile = 0.95;
/** Beyond the typical time: where all answers take the same, none is late. */
const marginMs = 1;

/**
 * Second tries for reads whose first takes long: how long to wait for it, and how many there may
 * be. A place that is slow for everybody must not be answered with twice the load on the next one.
 */
export class Hedging {
  readonly #runtime: Runtime;
  #saved = savedMax;
  readonly #tookMs: number[] = [];
  #next = 0;
  #typicalMs = Infinity;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Time to wait; "auto": longer than all but one of twenty reads took of late. */
  delayMs(wanted: number | "auto"): number {
    return wanted === "auto" ? this.#typicalMs : wanted;
  }

  /**
   * Resolves with the answer of the first attempt, or of the second, which begins when the first
   * has failed or takes longer than `delayMs`. The slower one is given up. When both fail, with
   * what is worse.
   */
  async run<T>(
    delayMs: number,
    attempts: readonly [Attempt<T>, Attempt<T>],
    verdict: Verdict,
  ): Promise<T | MeridianError> {
    const startedAtMs = this.#runtime.nowMs();
    this.#saved = Math.min(savedMax, this.#saved + shareMax);
    const outcome = await this.#race(delayMs, attempts, verdict);
    if (!(outcome instanceof MeridianError)) this.#note(this.#runtime.nowMs() - startedAtMs);
    return outcome;
  }

  #race<T>(
    delayMs: number,
    [first, second]: readonly [Attempt<T>, Attempt<T>],
    { isFinal, worse }: Verdict,
  ): Promise<T | MeridianError> {
    const firstEnd = new AbortController();
    const secondEnd = new AbortController();
    return new Promise((resolve) => {
      let failure: MeridianError | undefined;
      let hasSecond = false;
      const settle = (outcome: T | MeridianError, other: AbortController): void => {
        cancel();
        resolve(outcome);
        other.abort();
      };
      const beginSecond = (): void => {
        hasSecond = true;
        void second(secondEnd.signal).then((outcome) => {
          const isAnswer = !(outcome instanceof MeridianError) || isFinal(outcome);
          if (isAnswer) settle(outcome, firstEnd);
          else if (failure !== undefined) settle(worse(failure, outcome), firstEnd);
          else failure = outcome;
        });
      };
      const cancel =
        delayMs === Infinity
          ? (): void => undefined
          : this.#runtime.after(delayMs, () => {
              if (failure === undefined && this.#saved >= 1) {
                this.#saved -= 1;
                beginSecond();
              }
            });
      void first(firstEnd.signal).then((outcome) => {
        const isAnswer = !(outcome instanceof MeridianError) || isFinal(outcome);
        if (isAnswer) return settle(outcome, secondEnd);
        if (hasSecond && failure !== undefined) return settle(worse(outcome, failure), secondEnd);
        failure = outcome;
        cancel();
        if (!hasSecond) beginSecond();
      });
    });
  }

  #note(tookMs: number): void {
    this.#tookMs[this.#next % windowSize] = tookMs;
    this.#next += 1;
    const isDue = this.#next % windowMin === 0;
    if (!isDue) return;
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    const typicalMs = sorted[Math.floor(sorted.length * percentile)] ?? Infinity;
    this.#typicalMs = typicalMs + marginMs;
  }
}
