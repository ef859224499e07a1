import { expect, test } from "vitest";

import { DelayLine } from "../src/wan/delay-line.ts";

function lineOf(delayMs: number): {
  readonly line: DelayLine;
  readonly arrived: string[];
  readonly put: (name: string, nowMs: number, bytes?: number) => void;
} {
  const line = new DelayLine("a", "b", delayMs);
  const arrived: string[] = [];
  return {
    line,
    arrived,
    put: (name, nowMs, bytes = 1) =>
      line.put({ bytes, deliver: () => void arrived.push(name) }, nowMs),
  };
}

test("everything arrives one delay later, in order", () => {
  const { line, arrived, put } = lineOf(40);
  put("one", 0);
  put("two", 10);
  expect(line.nextDueMs()).toBe(40);
  line.advance(39);
  expect(arrived).toEqual([]);
  line.advance(40);
  expect(arrived).toEqual(["one"]);
  line.advance(50);
  expect(arrived).toEqual(["one", "two"]);
  expect(line.nextDueMs()).toBeUndefined();
});

test("taking an extra delay away lets nothing overtake", () => {
  const { line, arrived, put } = lineOf(10);
  line.extraMs = 500;
  put("slow", 0);
  line.extraMs = 0;
  put("fast", 1);
  line.advance(100);
  expect(arrived).toEqual([]);
  line.advance(510);
  expect(arrived).toEqual(["slow", "fast"]);
});

test("nothing arrives while cut, and all of it, in order, after healing", () => {
  const { line, arrived, put } = lineOf(10);
  put("before", 0);
  line.cut = true;
  put("during", 5);
  line.advance(1_000);
  expect(arrived).toEqual([]);
  expect(line.nextDueMs()).toBeUndefined();
  line.cut = false;
  line.advance(1_000);
  expect(arrived).toEqual(["before", "during"]);
});

test("bytes are counted when they arrive", () => {
  const { line, put } = lineOf(10);
  put("a", 0, 100);
  put("b", 5, 20);
  line.advance(10);
  expect(line.carriedBytes).toBe(100);
  line.advance(15);
  expect(line.carriedBytes).toBe(120);
});

test("a line without delay delivers at once, but never past what waits", () => {
  const { line, arrived, put } = lineOf(0);
  put("now", 0);
  expect(arrived).toEqual(["now"]);
  line.cut = true;
  put("held", 1);
  line.cut = false;
  put("behind", 2);
  expect(arrived).toEqual(["now"]);
  line.advance(2);
  expect(arrived).toEqual(["now", "held", "behind"]);
});

test("the order holds over thousands of parcels and many partial deliveries", () => {
  const { line, arrived, put } = lineOf(7);
  for (let number = 0; number < 5_000; number += 1) {
    put(String(number), number);
    if (number % 13 === 0) line.advance(number);
  }
  line.advance(10_000);
  expect(arrived).toEqual(Array.from({ length: 5_000 }, (_, number) => String(number)));
});
