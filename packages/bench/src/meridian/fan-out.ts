import { connect } from "@meridian/client";

import { Tally } from "../load/tally.ts";
import type { LoadResult } from "../workload.ts";
import { keyPath, type MeridianPlan } from "./plan.ts";
import { openWatchers } from "./watcher.ts";

/** Time for all watchers to be told of a change. */
const toldMs = 60_000;
const quietMs = 100;

/**
 * Changes one node that many sessions watch, one change after the other: how long it takes until
 * the last watcher knows.
 */
export async function fanOut(plan: MeridianPlan, onMeasuring: () => void): Promise<LoadResult> {
  const { endpoints, region, prefix, workload } = plan;
  const { watchers = 1, changes = 1, connections, valueBytes, warmUpSeconds } = workload;
  await using client = await connect({ endpoints, region });
  const path = keyPath(prefix, 0);
  let told = 0;
  let onTold: () => void = () => {};
  const crowd = await openWatchers({ endpoints, region, path, watchers, connections }, () => {
    told += 1;
    if (told % watchers === 0) onTold();
  });
  const data = new Uint8Array(valueBytes).fill(120);
  const change = async (): Promise<number> => {
    const all = new Promise<void>((resolve) => {
      onTold = resolve;
    });
    const sentAtMs = performance.now();
    await client.set(path, data);
    await within(toldMs, all, () => `only ${told % watchers} of ${watchers} were told`);
    return sentAtMs;
  };
  const warmUntilMs = performance.now() + warmUpSeconds * 1_000;
  while (performance.now() < warmUntilMs) await change();
  const tally = new Tally();
  tally.begin();
  onMeasuring();
  for (let count = 0; count < changes; count += 1) {
    tally.succeeded(await change());
    // What is left to do after a change is no part of the next one.
    await new Promise((resolve) => void setTimeout(resolve, quietMs));
  }
  const result = { ...tally.result(), operations: changes * watchers };
  crowd.close();
  return result;
}

async function within(ms: number, promise: Promise<void>, why: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${ms} ms ${why()}`)), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
