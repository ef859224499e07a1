import { expect, test } from "vitest";

import { Budget } from "./budget.ts";
import { operationsByKey } from "./history.ts";
import type { ModelName } from "./model.ts";
import { judge, models } from "./judge.ts";
import { judgeLifetimes } from "./lifetimes.ts";
import { search } from "./search.ts";
import { type HistoryShape, atomicHistory, mutated } from "./support/atomic-object.ts";
import { hasOrder } from "./support/exhaustive.ts";
import { Random } from "./support/random.ts";

const objects: readonly ModelName[] = ["kv", "mutex", "register"];

test("the history of an atomic object is linearizable", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    for (const object of objects) {
      const { verdict, explanation } = judge(atomicHistory(shapeOf(seed, object, 200)), object);
      expect(verdict, `seed ${seed}, ${object}: ${explanation}`).toBe("linearizable");
    }
  }
});

test("small histories get the verdict that trying every order gives", () => {
  const counts = { linearizable: 0, violated: 0 };
  for (let seed = 1; seed <= 3_000; seed += 1) {
    for (const object of objects) {
      const good = atomicHistory(shapeOf(seed, object, 8));
      const events = mutated(good, seed);
      for (const operations of operationsByKey(events).values()) {
        const machine = models[object].machine(operations, null);
        const expected = hasOrder(operations, machine) ? "linearizable" : "violated";
        const found = search(operations, machine, new Budget({}));
        expect(found, `seed ${seed}, ${object}\n${JSON.stringify(events)}`).toBe(expected);
        const quick = judgeLifetimes(operations, machine) ?? expected;
        expect(quick, `seed ${seed}, ${object}\n${JSON.stringify(events)}`).toBe(expected);
        counts[expected] += 1;
      }
    }
  }
  expect(counts.violated).toBeGreaterThan(300);
});

function shapeOf(seed: number, object: ModelName, operations: number): HistoryShape {
  const random = new Random(seed);
  const shape = { seed, operations, object, keys: 1, processes: 2 + random.below(5) };
  const lost = random.pick([0, 0.1, 0.3]);
  return random.chance(0.5) ? { ...shape, lost } : { ...shape, lost, values: 1 + random.below(4) };
}
