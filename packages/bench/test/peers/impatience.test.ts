import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Impatience } from "../../src/peers/impatience.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("requests are given up only while nothing at all is answered", () => {
  const givenUp: number[] = [];
  const impatience = new Impatience([{ giveUpOldest: (olderThanMs) => givenUp.push(olderThanMs) }]);
  const go = (ms: number): void => void vi.advanceTimersByTime(ms);
  for (let round = 0; round < 10; round += 1) {
    go(400);
    impatience.onSuccess();
  }
  expect(givenUp).toEqual([]);
  go(2_000);
  const during = givenUp.length;
  expect(during).toBeGreaterThan(50);
  expect(Math.min(...givenUp)).toBeGreaterThanOrEqual(100);
  impatience.onSuccess();
  go(400);
  expect(givenUp.length).toBe(during);
  impatience.stop();
  go(10_000);
  expect(givenUp.length).toBe(during);
});
