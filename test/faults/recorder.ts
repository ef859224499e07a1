import { closeSync, openSync, writeSync } from "node:fs";

import { MeridianError } from "@meridian/client";

import type { HistoryEvent } from "../linearizability/history.ts";

/** What came of an operation; `unknown` leaves open whether it happened. */
export type Outcome<T> =
  | { readonly fate: "applied"; readonly value: T }
  | { readonly fate: "refused" | "unknown"; readonly code: string };

/** How many operations of a workload ended how. */
export interface Tally {
  readonly applied: number;
  readonly refused: number;
  readonly unknown: number;
  /** Codes of those that did not succeed, with how often. */
  readonly codes: Readonly<Record<string, number>>;
}

/**
 * The history of a run, in memory and in a file. A beginning is written down before its request is
 * sent and an end after its answer is there, so that the order of the lines is an order in which
 * everything may have happened.
 */
export class Recorder implements Disposable {
  readonly events: HistoryEvent[] = [];
  readonly #file: number;
  readonly #startedMs = performance.now();
  readonly #counts = { applied: 0, refused: 0, unknown: 0 };
  readonly #codes = new Map<string, number>();
  #processes = 0;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  /** A new process: it has one operation under way at a time. */
  process(): Process {
    return new Process(this);
  }

  /** Number of a process that was never there before. */
  nextProcess(): number {
    this.#processes += 1;
    return this.#processes - 1;
  }

  add(event: HistoryEvent): void {
    this.events.push(event);
    const timeMs = Math.round(performance.now() - this.#startedMs);
    writeSync(this.#file, `${JSON.stringify({ ...event, timeMs })}\n`);
  }

  /** Counts an end. */
  count(outcome: Outcome<unknown>): void {
    this.#counts[outcome.fate] += 1;
    if (outcome.fate === "applied") return;
    this.#codes.set(outcome.code, (this.#codes.get(outcome.code) ?? 0) + 1);
  }

  get tally(): Tally {
    return { ...this.#counts, codes: Object.fromEntries(this.#codes) };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Somebody who does one thing after the other. */
export class Process {
  readonly #recorder: Recorder;
  #number: number;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    this.#number = recorder.nextProcess();
  }

  /**
   * Does an operation and writes down its beginning and its end. `result` is what stands in the
   * history for what came back. After an operation of unknown fate it goes on under a new number.
   */
  async perform<T>(
    what: { readonly f: string; readonly key: string; readonly value: unknown },
    work: () => Promise<T>,
    result: (value: T) => unknown,
  ): Promise<Outcome<T>> {
    const { f, key, value } = what;
    const process = this.#number;
    this.#recorder.add({ process, type: "invoke", f, key, value });
    const outcome = await outcomeOf(work);
    this.#recorder.count(outcome);
    if (outcome.fate === "applied") {
      this.#recorder.add({ process, type: "ok", f, key, value: result(outcome.value) });
    } else if (outcome.fate === "refused") {
      this.#recorder.add({ process, type: "fail", f, key, value });
    } else {
      this.#recorder.add({ process, type: "info", f, key, value });
      this.#number = this.#recorder.nextProcess();
    }
    return outcome;
  }
}

/**
 * What came of an operation: the client promises that only one code leaves its fate open.
 * @throws whatever is no error of the platform.
 */
export async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { fate: "applied", value: await work() };
  } catch (error) {
    if (!(error instanceof MeridianError)) throw error;
    return { fate: error.code === "UNKNOWN" ? "unknown" : "refused", code: error.code };
  }
}
