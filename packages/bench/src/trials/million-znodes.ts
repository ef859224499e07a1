import type { Row, Stage } from "../row.ts";
import { byBound, byMargins } from "../rows/goal.ts";
import type { ServerProcess, System } from "../system.ts";
import { heldNodes } from "./held-nodes.ts";
import { residentBytes } from "./process-use.ts";
import { round } from "./samples.ts";
import { sizesOf } from "./sizes.ts";
import { pause, until } from "./waiting.ts";

const valueBytes = 100;
const create = { kind: "create", connections: 10, outstanding: 1_000, valueBytes } as const;
/** For collectors that give memory back when there is nothing else to do. */
const restSeconds = 10;
const restartMsMax = 180_000;
const smallKeys = 10_000;
/** Beyond it a cost is not called flat: less is within what two runs of one load differ by. */
const flatRatio = 1.25;

/**
 * Nodes of 100 bytes in a cluster of three: what they take in memory, how long a server that was
 * killed takes until it serves all of them again, and what a write costs among them.
 */
export const millionZnodesRows: readonly Row[] = [
  znodesRow({
    name: "znode-memory",
    title: "1 M znodes of 100 B: memory of a server per znode",
    unit: "B",
    goal: "≤ ZooKeeper's",
    value: ({ bytesPerNode }) => bytesPerNode,
    judge: byMargins("lower", { zookeeper: 1 }),
  }),
  znodesRow({
    name: "znode-restart",
    title: "1 M znodes: server killed and started → serves all of them",
    unit: "ms",
    goal: "≤ ZooKeeper's",
    value: ({ restartMs }) => restartMs,
    judge: byMargins("lower", { zookeeper: 1 }),
  }),
  znodesRow({
    name: "growth-tree",
    title: "processor time of a write, 1 M znodes ÷ 10,000 znodes",
    unit: "×",
    goal: "flat: ≤ 1.25",
    value: ({ small, large }) => large.processorUs / small.processorUs,
    judge: byBound("lower", flatRatio),
  }),
];

/** What a large tree takes. */
interface LargeTree {
  readonly nodes: number;
  /** Of all servers, in the mean: what they grew by, for each node. */
  readonly bytesPerNode: number;
  /** Likewise of resident memory, which depends on how much a server is given. */
  readonly residentBytesPerNode: number;
  readonly restartMs: number;
  /** Memory of each server. */
  readonly empty: readonly Memory[];
  readonly full: readonly Memory[];
  /** Of the server that was started again, after as long a rest. */
  readonly restarted: readonly Memory[];
  readonly createSeconds: number;
  /** What a write costs before and after. */
  readonly small: Cost;
  readonly large: Cost;
}

/** What a write of one of all nodes costs. */
interface Cost {
  readonly znodes: number;
  /** Of all servers. */
  readonly processorUs: number;
  readonly writesPerSecond: number;
}

function znodesRow({
  value,
  ...row
}: Pick<Row, "name" | "title" | "unit" | "goal" | "judge"> & {
  readonly value: (tree: LargeTree) => number;
}): Row {
  return {
    ...row,
    better: "lower",
    systems: ["meridian", "zookeeper"],
    roundsMax: 1,
    async measure(stage) {
      const tree = await stage.once("million-znodes", () => grow(stage));
      return { value: value(tree), details: { ...tree } };
    },
  };
}

async function grow(stage: Stage): Promise<LargeTree> {
  const { signal } = stage;
  const { znodes } = sizesOf(process.env);
  await using system = await stage.ownCluster();
  const few = Math.min(smallKeys, Math.ceil(znodes / 2));
  await stage.load(system, { ...create, keys: few, warmUpSeconds: 0, seconds: 0 });
  // What the code itself takes, once it has run, and what is kept of recent writes, belongs to no
  // node.
  const small = await costOf(stage, system, few);
  await pause(restSeconds * 1_000, signal);
  const empty = await memoryOf(system.servers);
  stage.say(`${stage.system}: creating ${znodes} nodes`);
  const load = { ...create, keys: znodes, warmUpSeconds: 0, seconds: 0 };
  const { seconds: createSeconds } = await stage.load(system, load);
  await pause(restSeconds * 1_000, signal);
  const full = await memoryOf(system.servers);
  const growth = sum(full, "heldBytes") - sum(empty, "heldBytes");
  const bytesPerNode = growth / system.servers.length / (znodes - few);
  const residentBytesPerNode =
    (sum(full, "residentBytes") - sum(empty, "residentBytes")) /
    system.servers.length /
    (znodes - few);
  stage.say(`${stage.system}: ${round(bytesPerNode)} bytes a node; ${mebibytes(full)}`);
  const { restartMs, server } = await restart(stage, system, znodes);
  await pause(restSeconds * 1_000, signal);
  const restarted = await memoryOf([server]);
  stage.say(
    `${stage.system}: serves again after ${Math.round(restartMs)} ms; ` + mebibytes(restarted),
  );
  const large = await costOf(stage, system, znodes);
  return {
    nodes: znodes,
    bytesPerNode,
    restartMs,
    residentBytesPerNode,
    empty,
    full,
    restarted,
    createSeconds,
    small,
    large,
  };
}

/** Writes that go round all nodes. */
async function costOf(stage: Stage, system: System, keys: number): Promise<Cost> {
  const { warmUpSeconds, seconds } = stage;
  const write = { ...create, kind: "write", keys, warmUpSeconds, seconds } as const;
  const measured = await stage.load(system, write);
  const processorUs = measured.serverProcessorUsPerOperation;
  stage.say(`${stage.system}: ${processorUs.toFixed(1)} µs a write in ${keys} znodes`);
  return { znodes: keys, processorUs, writesPerSecond: measured.operationsPerSecond };
}

/** Kills a follower: the others go on, so that nothing but its own start is measured. */
async function restart(
  { signal }: Stage,
  system: System,
  nodes: number,
): Promise<{ readonly restartMs: number; readonly server: ServerProcess }> {
  const leader = await until({ what: "a server leads", deadlineMs: restartMsMax, signal }, () =>
    system.leader(),
  );
  const server = system.servers.find(({ name }) => name !== leader.name);
  if (server === undefined) throw new Error("a cluster has more than one server");
  await server.kill();
  const startedAtMs = performance.now();
  server.start();
  await until({ what: "all nodes are there again", deadlineMs: restartMsMax, signal }, async () => {
    const held = await heldNodes(system.name, server);
    return held !== undefined && held >= nodes ? true : undefined;
  });
  return { restartMs: performance.now() - startedAtMs, server };
}

/** What a server takes. */
interface Memory {
  /** Without what nobody needs any more, where the server can tell; as it is, where not. */
  readonly heldBytes: number;
  /** As it is, before anything was collected for the sake of the other figure. */
  readonly residentBytes: number;
}

async function memoryOf(servers: readonly ServerProcess[]): Promise<readonly Memory[]> {
  const found: Memory[] = [];
  for (const server of servers) {
    const resident = residentBytes(server.pid);
    const heldBytes = (await server.liveBytes?.()) ?? resident;
    found.push({ heldBytes, residentBytes: resident });
  }
  return found;
}

function mebibytes(servers: readonly Memory[]): string {
  const each = (key: keyof Memory): string =>
    servers.map((server) => Math.round(server[key] / 2 ** 20)).join(", ");
  return `${each("heldBytes")} MiB held, ${each("residentBytes")} MiB resident`;
}

function sum(servers: readonly Memory[], key: keyof Memory): number {
  return servers.reduce((total, server) => total + server[key], 0);
}
