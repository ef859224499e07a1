import { expect, test } from "vitest";

import { distributionOf } from "../src/trials/samples.ts";
import { sizesOf } from "../src/trials/sizes.ts";

test("percentiles are samples, by nearest rank, whatever the order", () => {
  const samples = Array.from({ length: 100 }, (_, place) => ((place * 37) % 100) + 1);
  expect(distributionOf(samples)).toEqual({ count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
});

test("one sample is all of its distribution", () => {
  expect(distributionOf([7])).toEqual({ count: 1, p50: 7, p90: 7, p99: 7, max: 7 });
});

test("the slowest of ten is not hidden by the 99th percentile", () => {
  const { p90, p99, max } = distributionOf([1, 1, 1, 1, 1, 1, 1, 1, 1, 900]);
  expect({ p90, p99, max }).toEqual({ p90: 1, p99: 900, max: 900 });
});

test("sizes come from the environment, and what is no size is refused", () => {
  expect(sizesOf({}).leaderCrashes).toBe(10);
  expect(sizesOf({ MERIDIAN_BENCH_CRASHES: "100" }).leaderCrashes).toBe(100);
  expect(sizesOf({ MERIDIAN_BENCH_CRASHES: "" }).leaderCrashes).toBe(10);
  for (const wrong of ["0", "-1", "1.5", "many"]) {
    expect(() => sizesOf({ MERIDIAN_BENCH_CRASHES: wrong })).toThrow(/MERIDIAN_BENCH_CRASHES/);
  }
});
