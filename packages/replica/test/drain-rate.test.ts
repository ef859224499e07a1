import { expect, test } from "vitest";
import { DrainRate } from "../src/drain-rate.ts";

const lateMs = 250;

/** Batches of `size` writes that leave every `everyMs`, each after `waitedMs`. */
function drain(
  rate: DrainRate,
  from: { readonly atMs: number; readonly everyMs: number },
  batches: number,
  size: number,
  waitedMs: number,
): number {
  let { atMs } = from;
  for (let batch = 0; batch < batches; batch += 1, atMs += from.everyMs) {
    for (let write = 0; write < size; write += 1) rate.left(atMs, waitedMs);
  }
  return atMs;
}

test("as long as nobody has to wait nothing is known of what could be done", () => {
  const rate = new DrainRate(lateMs);
  drain(rate, { atMs: 0, everyMs: 1 }, 5_000, 2, 10);
  expect(rate.perMs).toBeUndefined();
});

test("when many wait, what is done is what can be done, in whatever batches", () => {
  for (const [everyMs, size] of [
    [1, 20],
    [10, 200],
    [40, 800],
  ] as const) {
    const rate = new DrainRate(lateMs);
    drain(rate, { atMs: 0, everyMs }, 2_000 / everyMs, size, 400);
    expect(rate.perMs).toBeCloseTo(20, 0);
  }
});

test("little to do does not look like less that could be done, more than was known does", () => {
  const rate = new DrainRate(lateMs);
  let atMs = drain(rate, { atMs: 0, everyMs: 10 }, 100, 100, 400);
  atMs = drain(rate, { atMs, everyMs: 10 }, 500, 1, 5);
  expect(rate.perMs).toBeCloseTo(10, 0);
  drain(rate, { atMs, everyMs: 10 }, 500, 400, 5);
  expect(rate.perMs).toBeCloseTo(40, 0);
});

test("a time in which nothing was done is seen, and forgotten within a second", () => {
  const rate = new DrainRate(lateMs);
  let atMs = drain(rate, { atMs: 0, everyMs: 10 }, 100, 100, 400);
  atMs = drain(rate, { atMs: atMs + 3_000, everyMs: 10 }, 12, 100, 3_400);
  expect(rate.perMs).toBeLessThan(8);
  drain(rate, { atMs, everyMs: 10 }, 100, 100, 400);
  expect(rate.perMs).toBeGreaterThan(9);
});

test("slowness is seen however seldom something is done", () => {
  const rate = new DrainRate(lateMs);
  const atMs = drain(rate, { atMs: 0, everyMs: 10 }, 100, 100, 400);
  drain(rate, { atMs: atMs + 700, everyMs: 700 }, 10, 100, 5_000);
  expect(rate.perMs).toBeLessThan(0.2);
});

test("a burst after nothing is not measured over the time in which nothing came", () => {
  const rate = new DrainRate(lateMs);
  const atMs = drain(rate, { atMs: 0, everyMs: 10 }, 100, 100, 400);
  drain(rate, { atMs: atMs + 60_000, everyMs: 10 }, 100, 100, 300);
  expect(rate.perMs).toBeCloseTo(10, 0);
});
