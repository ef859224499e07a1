import { expect, test } from "vitest";

import { Crowd } from "../scale/crowd.ts";
import { watchSlowly } from "../scale/slow.ts";
import { Cluster } from "./support/cluster.ts";
import { printFigure } from "./support/figures.ts";
import { hasProcessTable } from "./support/process-table.ts";
import { Scratch } from "./support/scratch.ts";

const timeoutMs = 3_000;
/** Promised are 2 s behind the timeout; a busy machine may be late, by less than two more of it. */
const lateMsMax = 2 * timeoutMs;

test("hundreds of sessions outlive the leader, and the nodes of killed clients go", async () => {
  await using scratch = new Scratch("scale");
  await using cluster = await Cluster.start(scratch, 3);
  const crowd = new Crowd(cluster, {
    sessions: 300,
    watchesPerSession: 10,
    timeoutMs,
    killed: 30,
    loaders: 1,
    sessionsPerConnection: 50,
    single: 10,
    niceness: 0,
    leaderKills: 1,
    changes: 3,
    restMs: 0,
    loopLogs: [],
    say: () => undefined,
  });
  const report = await crowd.run();
  expect(report.expired).toBe(0);
  expect(report.wrongValues).toBe(0);
  printFigure("one event to 300 watchers", `${Math.round(Math.max(...report.fanOutMs))} ms`);
  const late = `${Math.round(report.ephemeralsLateMs)} ms after the timeout, promised 2000 ms`;
  printFigure("ephemeral nodes of killed clients are gone", late);
  expect(report.ephemeralsLateMs).toBeLessThan(lateMsMax);
});

test("watchers that never read are cut and go on without a gap", async (context) => {
  context.skip(!hasProcessTable, "needs /proc to look at memory");
  await using scratch = new Scratch("slow");
  await using cluster = await Cluster.start(scratch, 3);
  const report = await watchSlowly(cluster, {
    watchers: 20,
    events: 8_000,
    bytes: 1_024,
    say: () => undefined,
  });
  expect(report.readersGaps).toBe(0);
  expect(report.slowGaps).toBe(0);
  expect(report.watchesLeft).toBeLessThan(23);
  expect(Object.keys(report.ends)).not.toEqual([]);
});
