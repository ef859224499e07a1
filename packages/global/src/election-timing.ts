import type { Timing } from "@meridian/consensus";

/** Preference of a group: the lower, the sooner its voters campaign. */
export type GroupRank = 0 | 1 | 2;

/** Milliseconds of one tick of the global tier. */
export const globalTickMs = 100;

/** Silence after which the voters of each rank campaign, in ticks. */
const electionTicks = [12, 25, 40] as const;
const jitterTicks = [8, 12, 12] as const;

/**
 * Timeouts that make leadership prefer the primary group: its voters campaign first, then the
 * secondary's, then witnesses. All voters stick to a leader for the shortest of the three only, or
 * the crash of one primary node would wait for the slowest group. The gaps between ranks exceed the
 * longest round trip between regions.
 */
export function electionTiming(rank: GroupRank): Timing & { readonly tickMs: number } {
  return {
    tickMs: globalTickMs,
    electionTicks: electionTicks[rank],
    electionJitterTicks: jitterTicks[rank],
    heartbeatTicks: 3,
    leaseTicks: electionTicks[0],
  };
}
