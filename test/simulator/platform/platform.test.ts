import { expect, test, vi } from "vitest";
import { type Outcome, outcomeOf } from "../scenario.ts";
import { EventTrace } from "../trace.ts";
import { platform } from "./platform.ts";

// Some seconds of a core that nobody else wants.
vi.setConfig({ testTimeout: 300_000 });

function run(seed: number): Promise<Outcome> {
  return outcomeOf(platform, seed, () => new EventTrace());
}

test("a platform under faults says nothing false, loses nothing and recovers", async () => {
  const outcomes: Outcome[] = [];
  for (const seed of [1, 2, 3]) outcomes.push(await run(seed));
  for (const { seed, failure } of outcomes) expect(failure, `seed ${seed}`).toBeUndefined();
  // Every run works with all tiers; which faults there are differs from seed to seed.
  for (const kind of ["strictWrites", "mirrored", "watchEvents", "reads:edge:eventual"]) {
    for (const { seed, counts } of outcomes) {
      expect(counts[kind] ?? 0, `${kind} of seed ${seed}`).toBeGreaterThan(0);
    }
  }
  // The same seed does the same, whatever ran before.
  expect((await run(1)).hash).toBe(outcomes[0]?.hash);
});
