import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { regions } from "../src/dev/picture.ts";
import { measuredRoundTripTimes, roundTripMs } from "../src/wan/round-trip-times.ts";
import { roundTripTimesOf } from "../src/wan/table.ts";

test("the measured table knows every pair of regions of the platform, the same both ways", () => {
  for (const a of regions) {
    for (const b of regions) {
      const trip = roundTripMs(measuredRoundTripTimes, a, b);
      expect(trip, `${a} ${b}`).toBe(roundTripMs(measuredRoundTripTimes, b, a));
      expect(trip === 0).toBe(a === b);
    }
  }
});

test("a file stands in for the table; a pair that it lacks is an error that names it", () => {
  const file = join(mkdtempSync(join(tmpdir(), "meridian-")), "wan.yaml");
  writeFileSync(file, "source: mine\nroundTripMs: { a: { b: 10 } }\n");
  expect(roundTripMs(roundTripTimesOf(file, ["a", "b"]), "b", "a")).toBe(10);
  expect(() => roundTripTimesOf(file, ["a", "b", "c"])).toThrow(/between a and c, b and c/);
  expect(() => roundTripTimesOf("/no/such/file", ["a"])).toThrow(/--wan is real, none or a file/);
});

test("none has no delay anywhere", () => {
  expect(roundTripMs(roundTripTimesOf("none", ["a", "b"]), "a", "b")).toBe(0);
});
