import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

import type { Latency, LoadResult } from "../workload.ts";

const latencyUsMax = 3_600_000_000;

/** Counts what becomes of operations, from when it is told to. Not a warm-up. */
export class Tally {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: latencyUsMax });
  readonly #failures = new Map<string, number>();
  #isMeasuring = false;
  #operations = 0;
  #startedAtMs = 0;
  #lastAtMs = 0;
  #longestGapMs = 0;
  #processor: NodeJS.CpuUsage | undefined;

  /** From now on it counts. */
  begin(): void {
    this.#isMeasuring = true;
    this.#processor = process.cpuUsage();
    this.#startedAtMs = performance.now();
    this.#lastAtMs = this.#startedAtMs;
  }

  /** Operations so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Refusals so far, by their code. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  /** Percentiles so far. */
  get latencyUs(): Latency {
    return latencyOf(this.#histogram);
  }

  /** An operation that began, or was due, at `sinceMs` of the monotonic clock has its answer. */
  succeeded(sinceMs: number): void {
    if (this.#isMeasuring) this.#count(performance.now(), sinceMs);
  }

  /** An operation, whose end was noted elsewhere, took so long. */
  took(latencyMs: number): void {
    const nowMs = performance.now();
    if (this.#isMeasuring) this.#count(nowMs, nowMs - latencyMs);
  }

  #count(nowMs: number, sinceMs: number): void {
    this.#operations += 1;
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastAtMs);
    this.#lastAtMs = nowMs;
    const latencyUs = Math.round((nowMs - sinceMs) * 1_000);
    this.#histogram.record(Math.min(Math.max(latencyUs, 1), latencyUsMax));
  }

  /** An operation was refused or lost. */
  failed(code: string): void {
    if (!this.#isMeasuring) return;
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  /** What was counted until now. */
  result(): LoadResult {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.#processor);
    return {
      operations: this.#operations,
      failures: [...this.#failures.values()].reduce((sum, count) => sum + count, 0),
      seconds: (nowMs - this.#startedAtMs) / 1_000,
      latencyUs: this.latencyUs,
      processorMs: (user + system) / 1_000,
      longestGapMs: Math.max(this.#longestGapMs, nowMs - this.#lastAtMs),
    };
  }
}

/** Percentiles of what a histogram has recorded; zeros when it has nothing. */
function latencyOf(histogram: RecordableHistogram): Latency {
  if (histogram.count === 0) return { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
  return {
    p50: histogram.percentile(50),
    p90: histogram.percentile(90),
    p99: histogram.percentile(99),
    p999: histogram.percentile(99.9),
    max: histogram.max,
  };
}
