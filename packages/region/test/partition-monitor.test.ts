import { PartitionMonitor, partitionThresholds } from "@meridian/region";
import { expect, test } from "vitest";

const fresh = 100;
const { suspectMs, isolatedMs } = partitionThresholds;

/** Looks every 250 ms, as a region's leader does, and notes every change of state. */
function watched(startedAtMs: number = 0) {
  const monitor = new PartitionMonitor(partitionThresholds, startedAtMs);
  const states: string[] = [];
  let nowMs = startedAtMs;
  const look = (globalAgeMs: (nowMs: number) => number, othersAgeMs: number, forMs: number) => {
    for (const untilMs = nowMs + forMs; nowMs < untilMs;) {
      nowMs += 250;
      const event = monitor.observe(globalAgeMs(nowMs), othersAgeMs, nowMs, 0);
      if (event !== undefined) states.push(event.state);
    }
  };
  return { monitor, states, look, now: () => nowMs };
}

test("a cut goes through every state, in order, and back", () => {
  const { monitor, states, look, now } = watched();
  look(() => fresh, fresh, 10_000);
  const cutAtMs = now();
  look((nowMs) => fresh + nowMs - cutAtMs, fresh, 20_000);
  look(() => fresh, 60_000, 5_000);
  look(() => fresh, fresh, 1_000);
  expect(states).toEqual(["SUSPECT", "ISOLATED", "HEALING", "CONNECTED"]);
  expect(monitor.events.map(({ lastedMs }) => lastedMs)).toEqual([12_000, 3_000, 15_250, 5_000]);
});

test("a short silence is a suspicion and no more", () => {
  const { states, look, now } = watched();
  const cutAtMs = now();
  look((nowMs) => nowMs - cutAtMs, fresh, suspectMs + 1_000);
  look(() => fresh, fresh, 1_000);
  expect(states).toEqual(["SUSPECT", "CONNECTED"]);
});

test("no state is passed over, even when the age jumps", () => {
  const { states, look } = watched();
  look(() => fresh, fresh, 1_000);
  look(() => 1_000_000, fresh, 1_000);
  look(() => fresh, fresh, 1_000);
  expect(states).toEqual(["SUSPECT", "ISOLATED", "HEALING", "CONNECTED"]);
});

test("a cut while healing isolates again", () => {
  const { states, look } = watched();
  look(() => isolatedMs + 1, fresh, 1_000);
  look(() => fresh, 60_000, 1_000);
  look(() => isolatedMs + 1, 60_000, 1_000);
  expect(states).toEqual(["SUSPECT", "ISOLATED", "HEALING", "ISOLATED"]);
});

test("a region that has just begun is not isolated because it knows nothing yet", () => {
  const { states, look } = watched(123_456);
  look(() => Infinity, 0, 1_500);
  look(() => fresh, fresh, 1_000);
  expect(states).toEqual([]);
});

test("a region that never hears of the global tier is isolated in the end", () => {
  const { monitor, look } = watched(123_456);
  look(() => Infinity, 0, isolatedMs + 1_000);
  expect(monitor.state).toBe("ISOLATED");
});

test("the log of events is bounded, and followers take over what they are told", () => {
  const { monitor, look } = watched();
  for (let count = 0; count < 1_200; count += 1) {
    look(() => suspectMs + 1, fresh, 250);
    look(() => fresh, fresh, 250);
  }
  expect(monitor.events).toHaveLength(1_000);
  monitor.adopt("ISOLATED", 0);
  expect(monitor.state).toBe("ISOLATED");
  expect(monitor.events).toHaveLength(1_000);
});
