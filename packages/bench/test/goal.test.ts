import { expect, test } from "vitest";

import type { Figures } from "../src/row.ts";
import { byBound, byMargins, ratio } from "../src/rows/goal.ts";

function figures(meridian: number | null, zookeeper: number | null, etcd: number | null): Figures {
  return { meridian, zookeeper, etcd };
}

test("a ratio above 1 is better, whichever way a row counts", () => {
  expect(ratio("higher", 30, 10)).toBe(3);
  expect(ratio("lower", 10, 30)).toBe(3);
  expect(ratio("higher", 30, null)).toBeUndefined();
  expect(ratio("lower", 0, 30)).toBeUndefined();
});

test("a goal of margins is met exactly at them", () => {
  const judge = byMargins("higher", { zookeeper: 3, etcd: 10 });
  expect(judge(figures(30, 10, 3))).toBe(true);
  expect(judge(figures(29.9, 10, 2))).toBe(false);
  expect(judge(figures(30, 10, 3.1))).toBe(false);
  const lower = byMargins("lower", { zookeeper: 1 });
  expect(lower(figures(5, 5, null))).toBe(true);
  expect(lower(figures(5.1, 5, null))).toBe(false);
});

test("a goal is neither met nor missed for want of a peer, unless another one is enough", () => {
  const judge = byMargins("higher", { zookeeper: 3, etcd: 10 });
  expect(judge(figures(30, null, 3))).toBeNull();
  expect(judge(figures(null, 10, 3))).toBeNull();
  expect(judge(figures(20, 10, null))).toBe(false);
});

test("a bound judges Meridian alone", () => {
  expect(byBound("lower", 10)(figures(10, null, null))).toBe(true);
  expect(byBound("lower", 10)(figures(10.1, 1, 1))).toBe(false);
  expect(byBound("higher", 10)(figures(9, null, null))).toBe(false);
  expect(byBound("higher", 10)(figures(null, 1, 1))).toBeNull();
});
