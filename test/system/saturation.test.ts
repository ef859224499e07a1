import { expect, test } from "vitest";

import { saturate } from "../scale/saturate.ts";
import { Cluster } from "./support/cluster.ts";
import { printFigure } from "./support/figures.ts";
import { hasProcessTable } from "./support/process-table.ts";
import { Scratch } from "./support/scratch.ts";

test("more load than a cluster can take is refused, and harms nothing else", async (context) => {
  context.skip(!hasProcessTable, "needs /proc to look at memory");
  await using scratch = new Scratch("saturation");
  await using cluster = await Cluster.start(scratch, 3);
  const report = await saturate(cluster, {
    seconds: 3,
    probeSeconds: 1,
    factor: 3,
    sessions: 6,
    processes: 1,
    bytes: 256,
    say: () => undefined,
  });
  const { done, refused, capacityPerSecond, donePerSecond } = report;
  printFigure(
    "writes/s with 1,000 outstanding, and of three times as many",
    `${capacityPerSecond}, ${donePerSecond}`,
  );
  printFigure("done after", `p50 ${done.p50Ms} ms, p99 ${done.p99Ms} ms (${done.count})`);
  printFigure(
    "refused after",
    `p50 ${refused.p50Ms} ms, p99 ${refused.p99Ms} ms (${refused.count})`,
  );
  expect(report.failures).toEqual({});
  expect(report.termsChanged).toBe(0);
  expect(report.sessionsExpired).toBe(0);
  expect(done.count).toBeGreaterThan(0);
  expect(report.after.count).toBeGreaterThan(0);
});
