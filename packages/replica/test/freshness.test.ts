import { expect, test } from "vitest";
import { Freshness } from "../src/freshness.ts";
import { randomOf } from "./harness/index.ts";

test("nothing is known of the age of an origin that nobody told of", () => {
  expect(new Freshness().ageMs("global", 10, 5)).toBe(Infinity);
});

test("a proof counts once its index has been applied", () => {
  const freshness = new Freshness();
  freshness.note("global", 10, 100);
  expect(freshness.ageMs("global", 9, 150)).toBe(Infinity);
  expect(freshness.ageMs("global", 10, 150)).toBe(50);
});

test("an old answer with a lower index cannot borrow the time of a newer one", () => {
  const freshness = new Freshness();
  freshness.note("global", 20, 100);
  freshness.note("global", 10, 50);
  expect(freshness.ageMs("global", 10, 200)).toBe(150);
});

test("ages go on falling while more answers come than entries are applied", () => {
  const freshness = new Freshness();
  const lag = 500;
  for (let index = 1; index <= 5_000; index += 1) {
    freshness.note("global", index, index);
    freshness.ageMs("global", index - lag, index);
  }
  expect(freshness.ageMs("global", 4_500, 5_000)).toBeLessThan(2_000);
});

test("the age of something is never less than nothing", () => {
  const freshness = new Freshness();
  freshness.note("global", 1, 100.5);
  expect(freshness.ageMs("global", 1, 100)).toBe(0);
});

test("with frozen propagation the age grows as time does", () => {
  const freshness = new Freshness();
  freshness.note("global", 1, 100);
  expect([100, 1_100, 3_600_100].map((nowMs) => freshness.ageMs("global", 1, nowMs))).toEqual([
    0, 1_000, 3_600_000,
  ]);
});

test("no order of answers makes data look fresher than it is", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = randomOf(seed);
    const freshness = new Freshness();
    // The origin commits index i at time 10 * i; an answer may be late and may have looked early.
    let applied = 0;
    for (let nowMs = 0; nowMs < 2_000; nowMs += 7) {
      const asOfMs = Math.floor(random() * nowMs);
      freshness.note("global", Math.floor(asOfMs / 10), asOfMs);
      applied += Math.floor(random() * 3) * (applied * 10 < nowMs - 30 ? 1 : 0);
      const trueAgeMs = Math.max(0, nowMs - (applied + 1) * 10);
      const told = freshness.ageMs("global", applied, nowMs);
      if (told < trueAgeMs) throw new Error(`seed ${seed}: ${told} ms, really ${trueAgeMs} ms`);
    }
  }
  expect(true).toBe(true);
});

test("the newest proof can be told to others before it is applied", () => {
  const freshness = new Freshness();
  expect(freshness.newest("global")).toBeUndefined();
  freshness.note("global", 10, 100);
  freshness.note("global", 12, 140);
  expect(freshness.newest("global")).toEqual({ index: 12, asOfMs: 140 });
  freshness.ageMs("global", 12, 150);
  expect(freshness.newest("global")).toEqual({ index: 12, asOfMs: 140 });
});
