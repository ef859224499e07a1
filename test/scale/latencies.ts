/** Parts that each doubling of a time is divided into: a bucket is 4.4 % wide. */
const parts = 16;
/** 2^26 µs are more than a minute. */
const bucketsMax = 26 * parts;

/** Times of very many operations, counted in buckets. Travels between processes as `counts`. */
export class Latencies {
  readonly counts: number[];
  #count: number;

  /** Without counts: none yet. */
  constructor(counts: readonly number[] = []) {
    this.counts = Array.from({ length: bucketsMax }, (_, at) => counts[at] ?? 0);
    this.#count = this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** How many. */
  get count(): number {
    return this.#count;
  }

  /** Counts one. */
  add(timeMs: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(1, timeMs * 1_000)) * parts);
    const at = Math.min(bucketsMax - 1, bucket);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.#count += 1;
  }

  /** Counts those of another process. */
  addAll(counts: readonly number[]): void {
    for (const [at, count] of counts.entries()) {
      this.counts[at] = (this.counts[at] ?? 0) + count;
      this.#count += count;
    }
  }

  /** The time in milliseconds that a part of them does not exceed; 0.5: the median. 0 for none. */
  percentileMs(part: number): number {
    let left = Math.max(1, Math.ceil(part * this.#count));
    for (const [at, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0) return Math.round(2 ** (at / parts)) / 1_000;
    }
    return 0;
  }

  /** What a report says of them. */
  summary(): LatencySummary {
    const [p50Ms, p99Ms, p999Ms, maxMs] = [0.5, 0.99, 0.999, 1].map((part) =>
      this.percentileMs(part),
    );
    return { count: this.#count, p50Ms, p99Ms, p999Ms, maxMs } as LatencySummary;
  }
}

/** Times that parts of the operations did not exceed. */
export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}
