/** What many measurements of one thing come down to. All in the unit of the samples. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The distribution of at least one sample; percentiles are samples themselves (nearest rank). */
export function distributionOf(samples: Iterable<number>): Distribution {
  const sorted = Float64Array.from(samples).sort();
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** For a line of progress. */
export function describe({ count, p50, p90, p99, max }: Distribution, unit: string): string {
  const [median, ninety, last, worst] = [p50, p90, p99, max].map((each) => round(each));
  return `p50 ${median}, p90 ${ninety}, p99 ${last}, max ${worst} ${unit} of ${count}`;
}

/** Three significant digits, which is more than any of these figures can be trusted with. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
