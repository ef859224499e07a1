/** A point of the hybrid logical clock: wall clock milliseconds and a counter for events within one. */
export interface HybridTime {
  readonly ms: number;
  readonly counter: number;
}

/** When and where a value was written. Stamps of one region only grow, so no two are equal. */
export interface Stamp extends HybridTime {
  readonly region: string;
}

/** Orders hybrid times: negative when `a` is earlier. */
export function compareTimes(a: HybridTime, b: HybridTime): number {
  return a.ms - b.ms || a.counter - b.counter;
}

/** Orders stamps by time, then by region name in code units, so that every region decides alike. */
export function compareStamps(a: Stamp, b: Stamp): number {
  const byTime = compareTimes(a, b);
  if (byTime !== 0 || a.region === b.region) return byTime;
  return a.region < b.region ? -1 : 1;
}
