import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareStamps,
  compareTimes,
  driftMaxMs,
  type HybridTime,
  hybridStart,
  observe,
  type Stamp,
  tick,
} from "../src/index.ts";

const ms = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 2 ** 31 }), fc.constant(2 ** 52));
const time: fc.Arbitrary<HybridTime> = fc.record({ ms, counter: fc.nat({ max: 5 }) });
const stamp: fc.Arbitrary<Stamp> = fc.record({
  ms: fc.nat({ max: 4 }),
  counter: fc.nat({ max: 2 }),
  region: fc.constantFrom("ap", "eu", "us", "é", "z"),
});
const event = fc.oneof(
  fc.record({ kind: fc.constant("tick" as const), wallMs: ms }),
  fc.record({ kind: fc.constant("observe" as const), wallMs: ms, seen: time }),
);

test("each tick is later than all before it, whatever the wall clock does", () => {
  fc.assert(
    fc.property(time, fc.array(event), (start, events) => {
      let clock = start;
      for (const { wallMs, ...rest } of events) {
        const next = rest.kind === "tick" ? tick(clock, wallMs) : observe(clock, rest.seen, wallMs);
        const least = rest.kind === "tick" ? 1 : 0;
        expect(Math.sign(compareTimes(next, clock))).toBeGreaterThanOrEqual(least);
        clock = next;
      }
    }),
  );
});

test("a tick is the wall clock as long as that goes forward", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { minLength: 1 }), (times) => {
      let clock = hybridStart;
      for (const wallMs of times.map((at) => at + 1).toSorted((a, b) => a - b)) {
        clock = tick(clock, wallMs);
        expect(clock).toEqual({ ms: wallMs, counter: 0 });
      }
    }),
  );
});

test("an event after having seen another is later, if that one's clock can be right", () => {
  fc.assert(
    fc.property(time, time, ms, ms, (clock, seen, wallMs, laterMs) => {
      fc.pre(seen.ms <= wallMs + driftMaxMs);
      expect(compareTimes(tick(observe(clock, seen, wallMs), laterMs), seen)).toBeGreaterThan(0);
    }),
  );
});

test("a clock too far ahead is not followed, exactly from the bound on", () => {
  const clock = { ms: 1_000, counter: 4 };
  const ahead = { ms: 1_000 + driftMaxMs, counter: 7 };
  expect(observe(clock, ahead, 1_000)).toEqual(ahead);
  expect(observe(clock, { ...ahead, ms: ahead.ms + 1 }, 1_000)).toBe(clock);
  expect(observe(clock, { ms: 3_600_000, counter: 0 }, 1_000)).toBe(clock);
});

test("a clock is never carried further than the bound beyond its own wall clock", () => {
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let clock = hybridStart;
      let highestMs = 0;
      for (const { wallMs, ...rest } of events) {
        highestMs = Math.max(highestMs, wallMs);
        clock = rest.kind === "tick" ? tick(clock, wallMs) : observe(clock, rest.seen, wallMs);
        expect(clock.ms).toBeLessThanOrEqual(highestMs + driftMaxMs);
      }
    }),
  );
});

test("stamps are ordered totally, by time before region, alike for everybody", () => {
  fc.assert(
    fc.property(stamp, stamp, stamp, (a, b, c) => {
      expect(Math.sign(compareStamps(a, b))).toBe(0 - Math.sign(compareStamps(b, a)));
      const isSame = a.ms === b.ms && a.counter === b.counter && a.region === b.region;
      expect(compareStamps(a, b) === 0).toBe(isSame);
      const [first, second, third] = [a, b, c].toSorted(compareStamps) as [Stamp, Stamp, Stamp];
      expect(compareStamps(first, second)).toBeLessThanOrEqual(0);
      expect(compareStamps(second, third)).toBeLessThanOrEqual(0);
      expect(compareStamps(first, third)).toBeLessThanOrEqual(0);
      const byTime = compareTimes(a, b);
      expect(Math.sign(compareStamps(a, b))).toBe(
        byTime === 0
          ? Math.sign(compareStamps({ ...a, ms: 0 }, { ...b, ms: 0 }))
          : Math.sign(byTime),
      );
    }),
  );
});

test("regions are ordered by code units, not by any language", () => {
  const at = (region: string): Stamp => ({ ms: 1, counter: 0, region });
  const order = [at("é"), at("z"), at("a"), at("Z")].toSorted(compareStamps);
  expect(order.map(({ region }) => region)).toEqual(["Z", "a", "z", "é"]);
});
