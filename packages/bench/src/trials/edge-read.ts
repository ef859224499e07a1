import type { Meridian } from "@meridian/client";

import type { Row, Stage } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { LocalPlatform } from "./local-platform.ts";
import { describe, type Distribution, distributionOf } from "./samples.ts";
import { sizesOf } from "./sizes.ts";
import { pause, until } from "./waiting.ts";

const region = "us-west";
const directory = `/regions/${region}/bench-edge`;
const keys = 100;
const perSecond = 200;
const valueBytes = 256;
/** At the same rate, before those that count: edge and client compile what they run often. */
const warmUpReads = 4_000;
const edgeGoalMs = 1;
const cacheGoalPerSecond = 1_000_000;
/** Reads of the cache between two looks at the clock, and for how long. */
const cacheReadsPerSlice = 10_000;
const cacheMs = 1_000;
const eventual = { consistency: "eventual" } as const;

/** Eventual reads at an edge on the same host, and from a near cache in the own process. */
export const edgeReadRows: readonly Row[] = [
  edgeReadRow("edge-read", "eventual read at an edge on the same host, p99", "p99"),
  {
    name: "near-cache",
    title: "reads of a near cache in the own process",
    unit: "op/s",
    better: "higher",
    goal: "≥ 1,000,000",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const { readsPerSecond } = await readNearby(stage);
      return { value: readsPerSecond };
    },
    judge: byBound("higher", cacheGoalPerSecond),
  },
];

/** What reads nearby take. */
interface NearbyReads {
  readonly edgeMs: Distribution;
  readonly readsPerSecond: number;
}

function edgeReadRow(name: string, title: string, figure: "p50" | "p99"): Row {
  return {
    name,
    title,
    unit: "ms",
    better: "lower",
    goal: "< 1 ms",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const { edgeMs } = await readNearby(stage);
      return { value: edgeMs[figure], details: { ...edgeMs } };
    },
    judge: byBound("lower", edgeGoalMs),
  };
}

/** Both rows need the same platform. */
function readNearby(stage: Stage): Promise<NearbyReads> {
  return stage.once("nearby-reads", async () => {
    await using platform = await LocalPlatform.start(stage);
    await platform.untilWhole();
    const client = await platform.connect(region);
    await client.create(directory, "");
    const paths = Array.from({ length: keys }, (_, key) => `${directory}/${key}`);
    const value = new Uint8Array(valueBytes);
    await Promise.all(paths.map((path) => client.create(path, value)));
    const edgeMs = await readAtEdge(stage, client, paths);
    stage.say(`eventual reads at an edge: ${describe(edgeMs, "ms")}`);
    const readsPerSecond = await readCache(client, paths);
    stage.say(`near cache: ${Math.round(readsPerSecond)} reads a second`);
    return { edgeMs, readsPerSecond };
  });
}

/** One read at a time is begun, whether or not those before are answered. */
async function readAtEdge(
  { signal }: Stage,
  client: Meridian,
  paths: readonly string[],
): Promise<Distribution> {
  await until({ what: "the edge has all", deadlineMs: 10_000, signal }, async () => {
    const { receipt } = await client.get(paths.at(-1) ?? "", eventual);
    return receipt.servedBy.tier === "edge" ? true : undefined;
  });
  const { edgeReads } = sizesOf(process.env);
  const took: number[] = [];
  const reads: Promise<void>[] = [];
  const startedAtMs = performance.now();
  for (let place = 0; place < warmUpReads + edgeReads; place += 1) {
    const dueMs = startedAtMs + (place * 1_000) / perSecond;
    await pause(dueMs - performance.now(), signal);
    const path = paths[place % paths.length] ?? "";
    reads.push(
      readOnce(client, path).then((ms) => {
        if (place >= warmUpReads) took.push(ms);
      }),
    );
  }
  await Promise.all(reads);
  return distributionOf(took);
}

/** From when it was sent: the timer of this process is late by more than such a read takes. */
async function readOnce(client: Meridian, path: string): Promise<number> {
  const sentAtMs = performance.now();
  const { receipt } = await client.get(path, eventual);
  const ms = performance.now() - sentAtMs;
  const { tier } = receipt.servedBy;
  if (tier !== "edge") throw new Error(`a read was served by the tier ${tier}, not by an edge`);
  return ms;
}

async function readCache(client: Meridian, paths: readonly string[]): Promise<number> {
  await using cache = await client.nearCache(directory);
  let reads = 0;
  let bytes = 0;
  const startedAtMs = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < cacheMs) {
    for (let place = 0; place < cacheReadsPerSlice; place += 1) {
      bytes += cache.get(paths[place % paths.length] ?? "")?.data.byteLength ?? 0;
    }
    reads += cacheReadsPerSlice;
    // Events of the watch that keeps it fresh have to come through as well.
    await new Promise((resolve) => setImmediate(resolve));
    elapsedMs = performance.now() - startedAtMs;
  }
  if (bytes !== reads * valueBytes) throw new Error("the near cache did not hold what was written");
  return (reads * 1_000) / elapsedMs;
}
