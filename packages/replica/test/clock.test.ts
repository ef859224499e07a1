import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { every, inStep, systemClock } from "../src/clock.ts";
import { VirtualClock } from "./harness/index.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("what a process does in step it wakes up for once, whoever asked and when", () => {
  const moments: number[][] = [[], [], []];
  const cancels = moments.map((seen) => {
    vi.advanceTimersByTime(7);
    return inStep(systemClock, 250, () => seen.push(performance.now()));
  });
  vi.advanceTimersByTime(2_500);
  const [first = []] = moments;
  expect(first).toHaveLength(10);
  expect(moments).toEqual([first, first, first]);
  for (const atMs of first) expect(atMs % 250).toBeLessThan(2);
  expect(vi.getTimerCount()).toBe(1);
  for (const cancel of cancels) cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(2_500);
  expect(first).toHaveLength(10);
});

test("what is done with one period comes along with what is done with its parts", () => {
  const seen = new Map<number, number[]>();
  const cancels = [100, 500].map((periodMs) => {
    seen.set(periodMs, []);
    return inStep(systemClock, periodMs, () => seen.get(periodMs)?.push(performance.now()));
  });
  vi.advanceTimersByTime(3_000);
  expect(seen.get(500)).toHaveLength(6);
  expect(seen.get(100)).toEqual(expect.arrayContaining(seen.get(500) ?? []));
  for (const cancel of cancels) cancel();
});

test("a clock of one node alone needs no steps", async () => {
  vi.useRealTimers();
  const clock = new VirtualClock();
  const own = { nowMs: () => clock.nowMs(), wallMs: () => 0, after: clock.after.bind(clock) };
  const node = { ...own, defer: (callback: () => void) => void clock.after(0, callback) };
  const seen: string[] = [];
  await clock.run(30);
  const cancels = [
    every(node, 100, () => seen.push(`every ${clock.nowMs()}`)),
    inStep(node, 100, () => seen.push(`in step ${clock.nowMs()}`)),
  ];
  await clock.run(200);
  expect(seen).toEqual(["every 130", "in step 130", "every 230", "in step 230"]);
  for (const cancel of cancels) cancel();
});
