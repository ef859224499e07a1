import { expect, test } from "vitest";
import { Coverage } from "../src/coverage.ts";

const at = (index: number, incarnation = 1) => ({ cluster: "global", incarnation, index });

test("a mirror of which nothing was told reaches as far as its cursor", () => {
  expect(new Coverage().reach(at(7))).toBe(7);
});

test("a proof counts once its index has been taken over, and does not get lost", () => {
  const coverage = new Coverage();
  coverage.note(at(7), 20);
  expect([6, 7].map((index) => coverage.reach(at(index)))).toEqual([6, 20]);
  coverage.note(at(25), 30);
  expect([7, 24, 25, 31].map((index) => coverage.reach(at(index)))).toEqual([20, 24, 30, 31]);
});

test("an older proof does not take back what a newer one has shown", () => {
  const coverage = new Coverage();
  coverage.note(at(7), 20);
  expect(coverage.reach(at(7))).toBe(20);
  coverage.note(at(6), 9);
  expect(coverage.reach(at(7))).toBe(20);
});

test("a mirror that begins anew does not reach as far as it did before", () => {
  const coverage = new Coverage();
  coverage.note(at(7), 20);
  expect(coverage.reach(at(7))).toBe(20);
  expect(coverage.reach(at(0))).toBe(0);
});

test("nothing is concluded from one incarnation for another", () => {
  const coverage = new Coverage();
  coverage.note(at(7), 20);
  expect(coverage.reach(at(8, 2))).toBe(8);
  coverage.note(at(9, 2), 12);
  expect(coverage.reach(at(9, 2))).toBe(12);
  expect(coverage.reach(at(9, 1))).toBe(9);
});
