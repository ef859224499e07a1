import { expect, test, vi } from "vitest";
import { misfit } from "../simulator/plant.ts";
import { baselineOf, compare, readBaseline } from "./counts/baseline.ts";
import { measure } from "./counts/child.ts";
import type { Counter } from "./counts/counter.ts";
import { regressions } from "./counts/regressions.ts";

// Five processes at a time, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 180_000 });

const update = "npm run benchmark:counts -- --update";
/** What everything takes without a change for the worse. */
const honest = measure([]);

test.concurrent("no operation takes more than it did", async () => {
  const baseline = readBaseline();
  const measured = await honest;
  expect(measured.map(({ name }) => name)).toEqual(Object.keys(baseline.cases));
  const compared = measured.map((one) => compare(one, baseline));
  const fallen = compared.flatMap((one) => one.fallen);
  if (fallen.length > 0) {
    process.stderr.write(`Less than before; keep it so by ${update}:\n${fallen.join("\n")}\n`);
  }
  isNone(compared.flatMap((one) => one.grown));
});

for (const { what, change, workload, grows } of regressions) {
  test.concurrent(`the guard sees ${what}`, async () => {
    expect(misfit(change)).toBeUndefined();
    const [measured] = await measure([workload], change);
    if (measured === undefined) throw new Error(`nothing is called ${workload}`);
    const { grown } = compare(measured, baselineOf(await honest));
    const seen = grown.map((line) => line.slice(workload.length + 2).split(" ")[0] as Counter);
    expect(seen).toEqual(expect.arrayContaining([...grows]));
  });
}

/** Fails with one line for each count that has grown. */
function isNone(grown: readonly string[]): void {
  expect(grown.length, `\n${grown.join("\n")}\n\nIf that is meant: ${update}\n`).toBe(0);
}
