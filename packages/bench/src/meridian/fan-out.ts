import { connect } from "@meridian/client";

import { driveFanOut } from "../load/fan-out.ts";
import type { LoadResult } from "../workload.ts";
import { keyPath, type MeridianPlan } from "./plan.ts";
import { openWatchers } from "./watcher.ts";

/** Changes one node that many sessions watch. */
export async function fanOut(plan: MeridianPlan, onMeasuring: () => void): Promise<LoadResult> {
  const { endpoints, region, prefix, workload } = plan;
  const { watchers = 1, connections } = workload;
  await using client = await connect({ endpoints, region });
  const path = keyPath(prefix, 0);
  const data = new Uint8Array(workload.valueBytes).fill(120);
  return await driveFanOut({
    workload,
    onMeasuring,
    watch: (onEvent) => openWatchers({ endpoints, region, path, watchers, connections }, onEvent),
    change: async () => {
      await client.set(path, data);
    },
  });
}
