import type { LoadResult, Workload } from "../workload.ts";
import { Tally } from "./tally.ts";

/** Time for all watchers to be told of a change. */
const toldMs = 60_000;
/** What is left to do after a change is no part of the next one. */
const quietMs = 100;

/** What is watched, and who changes it. */
export interface FanOutOptions {
  readonly workload: Pick<Workload, "watchers" | "changes" | "warmUpSeconds">;
  /** Opens all watchers; resolves when their watches run. Each event of each is told. */
  readonly watch: (onEvent: () => void) => Promise<void>;
  /** Changes what they watch; resolves when the change is acknowledged. */
  readonly change: () => Promise<void>;
  readonly onMeasuring: () => void;
}

/** Makes one change after the other: how long it takes until the last watcher knows of each. */
export async function driveFanOut(options: FanOutOptions): Promise<LoadResult> {
  const { watchers = 1, changes = 1, warmUpSeconds } = options.workload;
  let told = 0;
  let onTold: () => void = () => {};
  await options.watch(() => {
    told += 1;
    if (told % watchers === 0) onTold();
  });
  const change = async (): Promise<{ sentAtMs: number; toldAtMs: number }> => {
    const all = new Promise<number>((resolve) => {
      onTold = () => resolve(performance.now());
    });
    const sentAtMs = performance.now();
    await options.change();
    const why = (): string => `only ${told % watchers} of ${watchers} were told`;
    return { sentAtMs, toldAtMs: await within(toldMs, all, why) };
  };
  const warmUntilMs = performance.now() + warmUpSeconds * 1_000;
  while (performance.now() < warmUntilMs) await change();
  const tally = new Tally();
  tally.begin();
  options.onMeasuring();
  for (let count = 0; count < changes; count += 1) {
    const { sentAtMs, toldAtMs } = await change();
    tally.took(toldAtMs - sentAtMs);
    await new Promise((resolve) => void setTimeout(resolve, quietMs));
  }
  return { ...tally.result(), operations: changes * watchers };
}

async function within<T>(ms: number, promise: Promise<T>, why: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${ms} ms ${why()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
