import type { Row, Stage } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { sizesOf } from "./sizes.ts";

const smallKeys = 10_000;
const valueBytes = 100;
const load = { connections: 10, outstanding: 1_000, valueBytes } as const;
/** Beyond it a cost is not called flat: less is within what two runs of one load differ by. */
const flatRatio = 1.25;

/** Processor time of all servers for a write in a large tree, over that in a small one. */
export const treeGrowthRows: readonly Row[] = [
  {
    name: "growth-tree",
    title: "cost of a write, 1 M znodes ÷ 10,000 znodes",
    unit: "×",
    better: "lower",
    goal: "flat: ≤ 1.25",
    systems: ["meridian", "zookeeper"],
    roundsMax: 1,
    async measure(stage) {
      const [small, large] = await grow(stage);
      const value = large.processorUs / small.processorUs;
      return { value, details: { small, large } };
    },
    judge: byBound("lower", flatRatio),
  },
];

/** What writing costs in a tree. */
interface Cost {
  readonly znodes: number;
  /** Of all servers, for each write. */
  readonly processorUs: number;
  readonly writesPerSecond: number;
}

async function grow(stage: Stage): Promise<readonly [Cost, Cost]> {
  const { znodes } = sizesOf(process.env);
  await using system = await stage.ownCluster();
  const cost = async (keys: number): Promise<Cost> => {
    const create = { ...load, kind: "create", keys, warmUpSeconds: 0, seconds: 0 } as const;
    await stage.load(system, create);
    const { warmUpSeconds, seconds } = stage;
    const write = { ...load, kind: "write", keys, warmUpSeconds, seconds } as const;
    const measured = await stage.load(system, write);
    const processorUs = measured.serverProcessorUsPerOperation;
    stage.say(`${stage.system}: ${processorUs.toFixed(1)} µs a write in ${keys} znodes`);
    return { znodes: keys, processorUs, writesPerSecond: measured.operationsPerSecond };
  };
  return [await cost(smallKeys), await cost(znodes)];
}
