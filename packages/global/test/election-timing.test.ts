import { electionTiming, globalTickMs, type GroupRank } from "@meridian/global";
import { expect, test } from "vitest";

const ranks: readonly GroupRank[] = [0, 1, 2];
const timings = ranks.map(electionTiming);

test("every voter of the primary campaigns before any of the secondary, and so on", () => {
  for (const [place, timing] of timings.slice(1).entries()) {
    const sooner = timings[place];
    const latest = (sooner?.electionTicks ?? 0) + (sooner?.electionJitterTicks ?? 0);
    // A campaign needs a round trip between regions before others can hear of its end.
    expect((timing.electionTicks - latest) * globalTickMs).toBeGreaterThanOrEqual(300);
  }
});

test("all stick to a leader for the same time, the shortest of the three", () => {
  const leases = new Set(timings.map(({ leaseTicks }) => leaseTicks));
  expect([...leases]).toEqual([Math.min(...timings.map(({ electionTicks }) => electionTicks))]);
});

test("heartbeats fit into a lease, and the last to campaign does so soon enough", () => {
  for (const {
    leaseTicks,
    heartbeatTicks,
    electionTicks,
    electionJitterTicks,
    tickMs,
  } of timings) {
    expect(leaseTicks).toBeGreaterThanOrEqual(4 * heartbeatTicks);
    expect((electionTicks + electionJitterTicks) * tickMs).toBeLessThan(10_000);
  }
});
