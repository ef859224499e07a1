import { compareTimes, type HybridTime } from "./stamp.ts";

/** How far a remote clock may be ahead before the own one no longer follows it. */
export const driftMaxMs: number = 60_000;

/** The clock before its first event. */
export const hybridStart: HybridTime = { ms: 0, counter: 0 };

/**
 * Time of a new local event: later than everything seen so far, and as close to the wall clock as
 * that permits. Kulkarni et al., "Logical Physical Clocks", 2014.
 */
export function tick(clock: HybridTime, wallMs: number): HybridTime {
  return wallMs > clock.ms
    ? { ms: wallMs, counter: 0 }
    : { ms: clock.ms, counter: clock.counter + 1 };
}

/**
 * The clock after seeing a remote time, so that later local events come after it. A time more than
 * `driftMaxMs` ahead of the wall clock is not followed: one wrong clock must not carry all others
 * along. Whoever then overwrites what bears such a time must stamp it later than that by itself.
 */
export function observe(clock: HybridTime, seen: HybridTime, wallMs: number): HybridTime {
  if (seen.ms > wallMs + driftMaxMs) return clock;
  return compareTimes(seen, clock) > 0 ? { ms: seen.ms, counter: seen.counter } : clock;
}
