import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/**
 * How much the heap may grow, in percent of what is alive, before it is collected. Left alone, V8
 * lets a small heap grow threefold: under a stream of writes a server then takes some 45 MB more.
 * Half as much growth would save little more, and cost a tenth of the writes.
 */
const heapGrowthPercent = 100;

/**
 * Size from which the young generation is not to grow, both halves together. It grows by doubling,
 * and does so once or twice until this is heard of: 8 or 16 MB, where V8 would go to 33. What a
 * server makes lives for less than a turn or for long, and what stays in the caches of a processor
 * is collected with less work.
 */
const youngBytesMax = 4 * 1024 * 1024;

/**
 * Bounds the heap of this process: memory under load is what is alive and not much more. A flag
 * that the process was started with, such as `--max-semi-space-size`, bounds it further.
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`);
  let grows = true;
  // V8 also makes it smaller, where little is going on: then it may grow again.
  const decide = (): void => {
    if (youngBytes() < youngBytesMax === grows) return;
    grows = !grows;
    setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  };
  decide();
  new PerformanceObserver(decide).observe({ entryTypes: ["gc"] });
}

function youngBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return young?.space_size ?? Infinity;
}
