import {
  type MeasuredLoad,
  type Measurement,
  type Row,
  type Stage,
  standardKeys,
  standardValueBytes,
} from "../row.ts";
import { systemNames } from "../system.ts";
import type { Workload } from "../workload.ts";
import { byMargins, type Margins } from "./goal.ts";

/** Watches of one node, and how often it is changed. */
const watchers = 10_000;
const watchingConnections = 100;
const changes = 10;
const pacedPerSecond = 1_000;

/** Rows of load on the cluster that is shared. */
export const loadRows: readonly Row[] = [
  rateRow({
    name: "write-1000x1",
    title: "writes, 1,000 outstanding, 1 connection",
    goal: "≥ 3 × ZooKeeper, ≥ 10 × etcd",
    margins: { zookeeper: 3, etcd: 10 },
    load: { kind: "write", connections: 1, outstanding: 1_000 },
  }),
  rateRow({
    name: "write-1000x10",
    title: "writes, 1,000 outstanding, 10 connections",
    goal: "≥ 3 × ZooKeeper, ≥ 10 × etcd",
    margins: { zookeeper: 3, etcd: 10 },
    load: { kind: "write", connections: 10, outstanding: 1_000 },
  }),
  rateRow({
    name: "write-1x500",
    title: "writes, 500 connections × 1 outstanding",
    goal: "≥ 1.5 × ZooKeeper, ≥ 4 × etcd",
    margins: { zookeeper: 1.5, etcd: 4 },
    load: { kind: "write", connections: 500, outstanding: 500 },
  }),
  rateRow({
    name: "read-1000x1",
    title: "reads at a replica, 1,000 outstanding, 1 connection",
    goal: "≥ 3 × ZooKeeper",
    margins: { zookeeper: 3 },
    load: { kind: "read", connections: 1, outstanding: 1_000 },
  }),
  rateRow({
    name: "read-1000x10",
    title: "reads at a replica, 1,000 outstanding, 10 connections",
    goal: "≥ 3 × ZooKeeper",
    margins: { zookeeper: 3 },
    load: { kind: "read", connections: 10, outstanding: 1_000 },
  }),
  rateRow({
    name: "strict-read-1000x10",
    title: "strict reads, 1,000 outstanding, 10 connections",
    goal: "≥ 5 × etcd's linearizable reads",
    margins: { etcd: 5 },
    load: { kind: "strict-read", connections: 10, outstanding: 1_000 },
  }),
  latencyRow("latency-p50", "write latency at 1,000 op/s, p50", "p50"),
  latencyRow("latency-p99", "write latency at 1,000 op/s, p99", "p99"),
  {
    name: "fan-out",
    title: "1 change to 10,000 watchers",
    unit: "ms",
    better: "lower",
    goal: "≤ ZooKeeper's time",
    systems: systemNames,
    measure: measureFanOut,
    judge: byMargins("lower", { zookeeper: 1 }),
  },
];

/** What rows of a rate differ in. */
interface RateOptions {
  readonly name: string;
  readonly title: string;
  readonly goal: string;
  readonly margins: Margins;
  readonly load: Pick<Workload, "kind" | "connections" | "outstanding">;
}

function rateRow({ name, title, goal, margins, load }: RateOptions): Row {
  return {
    name,
    title,
    unit: "op/s",
    better: "higher",
    goal,
    systems: systemNames,
    judge: byMargins("higher", margins),
    async measure(stage) {
      const loaded = await stage.load(await stage.cluster(), standardLoad(stage, load));
      return { value: loaded.operationsPerSecond, details: detailsOf(loaded) };
    },
  };
}

function latencyRow(name: string, title: string, percentile: "p50" | "p99"): Row {
  return {
    name,
    title,
    unit: "ms",
    better: "lower",
    goal: "≤ ZooKeeper's and etcd's",
    systems: systemNames,
    judge: byMargins("lower", { zookeeper: 1, etcd: 1 }),
    async measure(stage) {
      // Both percentiles are of one run.
      const loaded = await stage.once("paced-write", async () => {
        const load = { kind: "paced-write", connections: 10, outstanding: 1_000 } as const;
        const workload = { ...standardLoad(stage, load), ratePerSecond: pacedPerSecond };
        return await stage.load(await stage.cluster(), workload);
      });
      return { value: loaded.latencyUs[percentile] / 1_000, details: detailsOf(loaded) };
    },
  };
}

async function measureFanOut(stage: Stage): Promise<Measurement> {
  const loaded = await stage.load(await stage.cluster(), {
    ...standardLoad(stage, { kind: "fan-out", connections: watchingConnections, outstanding: 1 }),
    watchers,
    changes,
  });
  return { value: loaded.latencyUs.p50 / 1_000, details: detailsOf(loaded) };
}

function standardLoad(
  { seconds, warmUpSeconds }: Stage,
  load: Pick<Workload, "kind" | "connections" | "outstanding">,
): Workload {
  return { ...load, valueBytes: standardValueBytes, keys: standardKeys, warmUpSeconds, seconds };
}

/** Everything that is known of a load, as JSON. */
function detailsOf(loaded: MeasuredLoad): Readonly<Record<string, unknown>> {
  return { ...loaded };
}
