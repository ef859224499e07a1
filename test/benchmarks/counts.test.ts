import { expect, test, vi } from "vitest";
import { misfit } from "../simulator/plant.ts";
import { compare, readBaseline, v8 } from "./counts/baseline.ts";
import { measure } from "./counts/child.ts";
import type { Counter } from "./counts/counter.ts";
import { regressions } from "./counts/regressions.ts";

// Five processes at a time, on a machine that may have other things to do.
vi.setConfig({ testTimeout: 180_000 });

const baseline = readBaseline();
const update = "npm run benchmark:counts -- --update";

test.concurrent("no operation takes more than it did", async () => {
  const measured = await measure([]);
  expect(measured.map(({ name }) => name)).toEqual(Object.keys(baseline.cases));
  const compared = measured.map((one) => compare(one, baseline));
  const fallen = compared.flatMap((one) => one.fallen);
  if (fallen.length > 0) {
    process.stderr.write(`Less than before; keep it so by ${update}:\n${fallen.join("\n")}\n`);
  }
  isNone(compared.flatMap((one) => one.grown));
});

for (const { what, change, workload, grows } of regressions) {
  test.concurrent(`the guard sees ${what}`, async (context) => {
    const isMemory = grows.every((counter) => /^(heap|buffer)Bytes$/u.test(counter));
    context.skip(isMemory && baseline.v8 !== v8, `memory was counted with V8 ${baseline.v8}`);
    expect(misfit(change)).toBeUndefined();
    const [measured] = await measure([workload], change);
    if (measured === undefined) throw new Error(`nothing is called ${workload}`);
    const { grown } = compare(measured, baseline);
    const seen = grown.map((line) => line.slice(workload.length + 2).split(" ")[0] as Counter);
    expect(seen).toEqual(expect.arrayContaining([...grows]));
  });
}

/** Fails with one line for each count that has grown. */
function isNone(grown: readonly string[]): void {
  expect(grown.length, `\n${grown.join("\n")}\n\nIf that is meant: ${update}\n`).toBe(0);
}
