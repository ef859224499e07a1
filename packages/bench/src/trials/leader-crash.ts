import type { Figures, Row, Stage } from "../row.ts";
import { standardKeys, standardValueBytes } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { type ServerProcess, type System, systemNames } from "../system.ts";
import { heldNodes } from "./held-nodes.ts";
import { describe, type Distribution, distributionOf } from "./samples.ts";
import { sizesOf } from "./sizes.ts";
import { pause, until } from "./waiting.ts";

const goalMs = 1_000;
/** Writes under way when the leader dies. */
const outstanding = 16;
/** Long enough for the slowest of the systems to elect, and for a write after that. */
const loadSeconds = 6;
const leaderMsMax = 30_000;

/**
 * Leader of a cluster of three killed under a client that writes all the time and knows all three
 * servers: the longest time without an acknowledged write around it, for each of many crashes.
 */
export const leaderCrashRows: readonly Row[] = [
  leaderCrashRow("crash-region", "leader killed → next write, median", "p50"),
  leaderCrashRow("crash-region-longest", "leader killed → next write, longest", "max"),
];

function leaderCrashRow(name: string, title: string, figure: "p50" | "max"): Row {
  return {
    name,
    title,
    unit: "ms",
    better: "lower",
    goal: "≤ 1 s",
    systems: systemNames,
    roundsMax: 1,
    async measure(stage) {
      const gaps = await stage.once("leader-crash", () => crash(stage));
      return { value: gaps[figure], details: { ...gaps } };
    },
    judge: (figures: Figures) => byBound("lower", goalMs)(figures),
  };
}

async function crash(stage: Stage): Promise<Distribution> {
  const { leaderCrashes } = sizesOf(process.env);
  await using system = await stage.ownCluster();
  const keys = { connections: 1, outstanding, valueBytes: standardValueBytes, keys: standardKeys };
  await stage.load(system, { ...keys, kind: "create", warmUpSeconds: 0, seconds: 0 });
  const gaps: number[] = [];
  for (let trial = 1; trial <= leaderCrashes; trial += 1) {
    gaps.push(await crashOnce(stage, system));
    stage.say(`leader crash ${trial} of ${leaderCrashes}: ${Math.round(gaps.at(-1) ?? 0)} ms`);
  }
  const distribution = distributionOf(gaps);
  stage.say(`leader killed → next write: ${describe(distribution, "ms")}`);
  return distribution;
}

/** Kills the leader in the midst of a load; it is back, and all is well, when this resolves. */
async function crashOnce(stage: Stage, system: System): Promise<number> {
  const { signal } = stage;
  const leader = await leaderOf(system, signal);
  let killed: Promise<void> = Promise.resolve();
  const kill = async (): Promise<void> => {
    // Clients and servers are in the midst of their work, at no moment in particular.
    await pause(300 + Math.random() * 500, signal);
    await leader.kill();
  };
  const { longestGapMs } = await system.run(
    {
      kind: "write",
      connections: 1,
      outstanding,
      valueBytes: standardValueBytes,
      keys: standardKeys,
      warmUpSeconds: 0.5,
      seconds: loadSeconds,
    },
    {
      signal,
      onMeasuring: () => {
        killed = kill();
        killed.catch(() => {});
      },
    },
  );
  await killed;
  leader.start();
  await system.untilWritable(signal);
  await untilServing(stage, system, leader);
  return longestGapMs;
}

async function leaderOf(system: System, signal: AbortSignal): Promise<ServerProcess> {
  const patience = { what: "a server leads", deadlineMs: leaderMsMax, signal };
  return await until(patience, () => system.leader());
}

/** The server takes part again, so that the next crash leaves a quorum. */
async function untilServing(
  { signal }: Stage,
  system: System,
  server: ServerProcess,
): Promise<void> {
  const what = `${server.name} serves again`;
  await until({ what, deadlineMs: leaderMsMax, signal }, () => heldNodes(system.name, server));
}
