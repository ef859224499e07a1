import { expect, test } from "vitest";

import { Pulse } from "./pulse.ts";

test("the longest time without a write counts from the start and up to now", () => {
  const pulse = new Pulse(1_000);
  expect(pulse.longest(1_500)).toEqual({ fromMs: 0, toMs: 500 });
  pulse.beat(3_000);
  pulse.beat(3_500);
  expect(pulse.longest(4_000)).toEqual({ fromMs: 0, toMs: 2_000 });
  expect(pulse.longest(9_500)).toEqual({ fromMs: 2_500, toMs: 8_500 });
  expect(pulse.count).toBe(2);
});
