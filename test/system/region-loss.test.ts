/** A region of the global tier is lost and comes back, while strict writes go on. */
import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { AcknowledgedWrites } from "./support/acknowledged-writes.ts";
import { until } from "./support/condition.ts";
import { printFigure, timed } from "./support/figures.ts";
import { platformOfFile } from "./support/file-platform.ts";
import type { ClusterStatus } from "./support/platform.ts";

const platform = platformOfFile({ profile: "compact" });

/** A strict operation waits as long for another region to take over. */
const deadlineMs = 15_000;
/** Time under load on both sides of what is looked at. */
const aroundMs = 1_000;

test("when the primary region dies the secondary takes over, and nothing is lost", async () => {
  const clients = [await platform().connect("eu-west"), await platform().connect("apac")];
  // The first election is free to fall to another region when that one was up first.
  await platform().ok("global", "transfer", "--region", "us-east");
  expect(await leadingRegion()).toBe("us-east");
  await using writes = await startWrites("/global/primary-loss", clients);
  await platform().ok("chaos", "kill", "us-east");
  const killedMs = performance.now();
  const survivor = await platform().connect("eu-west");
  const first = await timed(() => survivor.create("/global/after", "", { deadlineMs }));
  printFigure("strict write after the primary died (promised: 15 s)", ms(first.elapsedMs));
  expect(first.elapsedMs).toBeLessThan(deadlineMs);
  const leader = await until("the status names the new leader", 30_000, () => otherLeader());
  expect(leader.leaderRegion).toBe("eu-central");
  await sleep(aroundMs);
  await writes.stop();
  printFigure("longest pause", ms(writes.longestPauseMs(killedMs - aroundMs)));
  await holdsWord(writes);
});

test("the old primary comes back as a follower, and a transfer takes at most 2 s", async () => {
  const clients = [await platform().connect("eu-west"), await platform().connect("us-west")];
  await using writes = await startWrites("/global/transfer", clients);
  await platform().ok("chaos", "restart", "us-east");
  const { nodes } = await platform().untilWhole(60_000);
  const returned = nodes.filter(({ region }) => region === "us-east");
  expect(returned.map(({ state }) => state)).toEqual(returned.map(() => "follower"));
  const movedMs = performance.now();
  const { value } = await timed(() =>
    platform().json<{ region: string; pauseMs: number }>(
      "global",
      "transfer",
      "--region",
      "us-east",
    ),
  );
  await sleep(aroundMs);
  await writes.stop();
  const pauseMs = writes.longestPauseMs(movedMs);
  printFigure("transfer (promised: 2 s)", `${ms(value.pauseMs)}, ${ms(pauseMs)} without an answer`);
  expect(value.region).toBe("us-east");
  expect(await leadingRegion()).toBe("us-east");
  expect(pauseMs).toBeLessThan(2_000);
  await holdsWord(writes);
});

test("the death of the secondary interrupts nothing for longer than one deadline", async () => {
  const clients = [await platform().connect("eu-west"), await platform().connect("apac")];
  await using writes = await startWrites("/global/secondary-loss", clients);
  const killedMs = performance.now();
  await platform().ok("chaos", "kill", "eu-central");
  const before = writes.count;
  await until("writes go on", deadlineMs, () => (writes.count > before + 10 ? true : undefined));
  await sleep(aroundMs);
  await platform().ok("chaos", "restart", "eu-central");
  await platform().untilWhole(60_000);
  await writes.stop();
  printFigure("longest pause", ms(writes.longestPauseMs(killedMs)));
  printFigure("slowest strict write", ms(writes.slowestMs(killedMs)));
  expect(writes.refusals).toEqual([]);
  expect(writes.slowestMs(killedMs)).toBeLessThan(deadlineMs);
  await holdsWord(writes);
});

async function startWrites(
  directory: string,
  clients: Awaited<ReturnType<ReturnType<typeof platform>["connect"]>>[],
): Promise<AcknowledgedWrites> {
  const writes = await AcknowledgedWrites.start({ directory, clients, paceMs: 20, deadlineMs });
  await until("some are acknowledged", 30_000, () => (writes.count >= 10 ? true : undefined));
  return writes;
}

/** Every acknowledged write is there, and no refused one, as a strict read in apac sees it. */
async function holdsWord(writes: AcknowledgedWrites): Promise<void> {
  const { count, refusals, unknowns } = writes;
  printFigure("writes", `${count} acknowledged, ${refusals.length} refused, ${unknowns} unknown`);
  const reader = await platform().connect("apac");
  expect(await writes.broken(reader)).toEqual({ missing: [], applied: [] });
}

async function leadingRegion(): Promise<string> {
  const leader = await until("a global leader", 30_000, () => platform().leaderOf("global"));
  return leader.leaderRegion;
}

async function otherLeader(): Promise<ClusterStatus | undefined> {
  const leader = await platform().leaderOf("global");
  return leader?.leaderRegion === "us-east" ? undefined : leader;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}
