import { expect, test } from "vitest";

import { operationsOf } from "./operation.ts";
import { scriptOf } from "./script.ts";
import { prefix, shrink } from "./shrink.ts";

test("a failing script becomes as small as what makes it fail", async () => {
  const script = scriptOf({ seed: 3, operations: 400, abandons: 0 });
  const needed = [20, 77, 301];
  let tries = 0;
  const fails = async (smaller: typeof script): Promise<boolean> => {
    tries += 1;
    await Promise.resolve();
    const ids = operationsOf(smaller).map(({ id }) => id);
    return needed.every((id) => ids.includes(id));
  };
  const smallest = await shrink(prefix(script, 301), fails, 2_000);
  expect(operationsOf(smallest).map(({ id }) => id)).toEqual(needed);
  expect(smallest.every(({ kind }) => kind === "open" || kind === "burst")).toBe(true);
  expect(tries).toBeLessThan(2_000);
});

test("the same seed gives the same script", () => {
  const options = { seed: 9, operations: 500, abandons: 2 };
  expect(scriptOf(options)).toEqual(scriptOf(options));
  expect(scriptOf({ ...options, seed: 10 })).not.toEqual(scriptOf(options));
});
