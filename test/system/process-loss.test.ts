/** A process for every node: any one of them is killed at any time, while checked writes go on. */
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { AcknowledgedWrites } from "./support/acknowledged-writes.ts";
import { until } from "./support/condition.ts";
import { printFigure } from "./support/figures.ts";
import { platformOfFile } from "./support/file-platform.ts";
import { hasProcessTable, killNow, residentBytes } from "./support/process-table.ts";

const platform = platformOfFile({ profile: "full" });

/** Longest interruption of a tier by the loss of one process. */
const pauseMsMax = 3_000;
/** Time under load on both sides of a kill. */
const aroundMs = 500;
const restartMsMax = 20_000;

test("thirty-eight processes take at most 4 GB of memory", (context) => {
  context.skip(!hasProcessTable, "needs /proc");
  const bytes = residentBytes(platform().processes());
  printFigure("memory of the full profile (promised: 4 GB)", `${(bytes / 1e9).toFixed(2)} GB`);
  expect(bytes).toBeLessThan(4e9);
});

test("the death of a process of the global tier loses nothing and pauses it briefly", async () => {
  const clients = [await platform().connect("eu-west"), await platform().connect("us-central")];
  const directory = "/global/process-loss";
  await using writes = await AcknowledgedWrites.start({ directory, clients, paceMs: 20 });
  await until("some are acknowledged", 30_000, () => (writes.count >= 5 ? true : undefined));
  const leader = await until("a leader", 30_000, () => platform().leaderOf("global"));
  await losesNode(leader.leader, leader.leaderRegion, writes);
  await losesNode("us-west-witness", "us-west", writes);
  await writes.stop();
  await holdsWord(writes, "apac");
});

test("the death of a process of a region loses nothing and pauses it briefly", async () => {
  const clients = [await platform().connect("us-west"), await platform().connect("us-west")];
  const directory = "/regions/us-west/process-loss";
  await using writes = await AcknowledgedWrites.start({ directory, clients, paceMs: 20 });
  await until("some are acknowledged", 30_000, () => (writes.count >= 5 ? true : undefined));
  const leader = await until("a leader", 30_000, () => platform().leaderOf("us-west"));
  const follower = ["us-west-1", "us-west-2"].find((name) => name !== leader.leader) ?? "";
  for (const victim of [leader.leader, follower, "us-west-observer"]) {
    await losesNode(victim, "us-west", writes);
  }
  await writes.stop();
  await holdsWord(writes, "us-west");
});

test("the death of an edge pauses the reads of its region briefly", async () => {
  const client = await platform().connect("sa-east");
  await client.create("/regions/sa-east/read", "v");
  await until("the edge serves it", 30_000, () => servedBy("edge"));
  killNow(platform().pidOf("sa-east-edge"));
  const killedMs = performance.now();
  let longestMs = 0;
  for (let lastMs = killedMs; lastMs - killedMs < 2_000; await sleep(5)) {
    const { text } = await client.get("/regions/sa-east/read", { consistency: "eventual" });
    expect(text).toBe("v");
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }
  printFigure("longest pause of eventual reads (promised: 3 s)", `${Math.round(longestMs)} ms`);
  expect(longestMs).toBeLessThan(pauseMsMax);
  await until("the edge serves again", restartMsMax, () => servedBy("edge"));

  async function servedBy(tier: string): Promise<true | undefined> {
    const read = await client.get("/regions/sa-east/read", { consistency: "eventual" });
    return read.receipt.servedBy.tier === tier ? true : undefined;
  }
});

/** Kills the process of a node under load, and waits until it is back. */
async function losesNode(name: string, region: string, writes: AcknowledgedWrites): Promise<void> {
  const seen = platform().events.length;
  await sleep(aroundMs);
  const killedMs = performance.now();
  killNow(platform().pidOf(name));
  await platform().events.next("process-started", restartMsMax, {
    from: seen,
    matches: (event) => event["process"] === name,
  });
  await until(`${name} is back`, restartMsMax, async () => {
    const nodes = await platform().statusWithin(region);
    const found = nodes.find(({ node }) => node === name);
    return found?.reachable === true && found.leader !== "" ? true : undefined;
  });
  await sleep(aroundMs);
  const pauseMs = writes.longestPauseMs(killedMs);
  printFigure(
    `longest pause after kill -9 of ${name} (promised: 3 s)`,
    `${Math.round(pauseMs)} ms`,
  );
  expect(pauseMs).toBeLessThan(pauseMsMax);
}

async function holdsWord(writes: AcknowledgedWrites, region: string): Promise<void> {
  const { count, refusals, unknowns } = writes;
  printFigure("writes", `${count} acknowledged, ${refusals.length} refused, ${unknowns} unknown`);
  const reader = await platform().connect(region);
  expect(await writes.broken(reader)).toEqual({ missing: [], applied: [] });
}
