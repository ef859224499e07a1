import { text } from "node:stream/consumers";

import { driveFanOut } from "../load/fan-out.ts";
import { inParallel } from "../load/parallel.ts";
import type { Workload } from "../workload.ts";
import { ZookeeperSession } from "./zookeeper-session.ts";

/** What the loader of watchers is told to do. */
export interface ZookeeperWatchersPlan {
  readonly addresses: readonly string[];
  /** The node that is watched and changed. */
  readonly path: string;
  readonly workload: Workload;
}

/** Sessions that are being opened at a time. */
const openingsMax = 300;

const plan = JSON.parse(await text(process.stdin)) as ZookeeperWatchersPlan;
const { addresses, path, workload } = plan;
const writer = await open(0, () => {});
const value = Buffer.alloc(workload.valueBytes, "x");
const result = await driveFanOut({
  workload,
  onMeasuring: () => tell({ event: "measuring" }),
  watch: (onEvent) =>
    inParallel(workload.watchers ?? 1, openingsMax, async (index) => {
      const session = await open(index, onEvent);
      await session.watch(path);
    }),
  change: () => writer.setData(path, value),
});
tell({ event: "result", ...result });
process.exit(0);

function open(index: number, onEvent: () => void): Promise<ZookeeperSession> {
  const address = addresses[index % addresses.length] ?? "";
  return ZookeeperSession.open(address, onEvent, () => {
    // Its figures would be those of fewer watchers.
    process.stderr.write("a session was lost\n");
    process.exit(1);
  });
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
