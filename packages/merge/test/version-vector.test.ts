import fc from "fast-check";
import { expect, test } from "vitest";
import { compareVectors, mergeVectors, type VersionVector } from "../src/index.ts";

const regions = ["ap", "eu", "us"];
const vector: fc.Arbitrary<VersionVector> = fc
  .array(fc.tuple(fc.constantFrom(...regions), fc.nat({ max: 3 })), { maxLength: 4 })
  .map((entries) => new Map(entries));

const of = (entries: Record<string, number>): VersionVector => new Map(Object.entries(entries));

/** Whether a vector includes all that another does, by definition. */
function includes(a: VersionVector, b: VersionVector): boolean {
  return regions.every((region) => (a.get(region) ?? 0) >= (b.get(region) ?? 0));
}

test.each([
  ["nothing with nothing", {}, {}, "equal"],
  ["the same", { eu: 1, us: 2 }, { us: 2, eu: 1 }, "equal"],
  ["a region at 0 with one that is missing", { eu: 1, us: 0 }, { eu: 1 }, "equal"],
  ["nothing with something", {}, { eu: 1 }, "before"],
  ["less with more", { eu: 1 }, { eu: 2 }, "before"],
  ["a region more", { eu: 1, us: 1 }, { eu: 1 }, "after"],
  ["each ahead somewhere", { eu: 2, us: 1 }, { eu: 1, us: 2 }, "concurrent"],
  ["regions that know nothing of each other", { eu: 1 }, { us: 1 }, "concurrent"],
  ["large counters", { eu: 2 ** 53 - 1 }, { eu: 2 ** 53 - 2 }, "after"],
] as const)("%s: decided by what is included", (_what, a, b, order) => {
  expect(compareVectors(of(a), of(b))).toBe(order);
});

test("the order of two vectors is that of what they include, whatever they leave out", () => {
  fc.assert(
    fc.property(vector, vector, (a, b) => {
      const [ahead, behind] = [includes(a, b), includes(b, a)];
      const either = ahead ? "after" : behind ? "before" : "concurrent";
      expect(compareVectors(a, b)).toBe(ahead && behind ? "equal" : either);
    }),
    { numRuns: 1_000 },
  );
});

test("merging is commutative, associative and idempotent", () => {
  fc.assert(
    fc.property(vector, vector, vector, (a, b, c) => {
      const same = (left: VersionVector, right: VersionVector): string =>
        compareVectors(left, right);
      expect(same(mergeVectors(a, b), mergeVectors(b, a))).toBe("equal");
      const [left, right] = [
        mergeVectors(mergeVectors(a, b), c),
        mergeVectors(a, mergeVectors(b, c)),
      ];
      expect(same(left, right)).toBe("equal");
      expect(same(mergeVectors(a, a), a)).toBe("equal");
    }),
    { numRuns: 1_000 },
  );
});

test("merging gives the least vector that includes both, and changes neither", () => {
  fc.assert(
    fc.property(vector, vector, vector, (a, b, other) => {
      const [before, beside] = [new Map(a), new Map(b)];
      const merged = mergeVectors(a, b);
      expect(includes(merged, a) && includes(merged, b)).toBe(true);
      expect(!(includes(other, a) && includes(other, b)) || includes(other, merged)).toBe(true);
      expect([a, b]).toEqual([before, beside]);
    }),
    { numRuns: 1_000 },
  );
});
