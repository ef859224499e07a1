/** A point of the hybrid logical clock. */
export interface HybridTime {
  /** Wall clock, milliseconds since 1970. */
  readonly ms: number;
  /** Tells events of one millisecond apart. */
  readonly counter: number;
}

/**
 * When and where a value was written. Stamps that one region gives to one register only grow, so
 * that no two values of it bear the same.
 */
export interface Stamp extends HybridTime {
  readonly region: string;
}

/** Orders hybrid times: negative when `a` is earlier, 0 when they are equal. */
export function compareTimes(a: HybridTime, b: HybridTime): number {
  return a.ms - b.ms || a.counter - b.counter;
}

/** Orders stamps by time, then by region name in code units, so that every region decides alike. */
export function compareStamps(a: Stamp, b: Stamp): number {
  const byTime = compareTimes(a, b);
  if (byTime !== 0 || a.region === b.region) return byTime;
  return a.region < b.region ? -1 : 1;
}
