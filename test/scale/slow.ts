import type { Cluster } from "../system/support/cluster.ts";
import { until } from "../system/support/condition.ts";
import { RawWatcher } from "./raw-watcher.ts";
import { statesOf } from "./servers.ts";

/** How many readers that do not read, and what they miss. */
export interface SlowOptions {
  readonly watchers: number;
  readonly events: number;
  readonly bytes: number;
  readonly say: (line: string) => void;
}

/** What became of the servers, of those who read, and of those who did not. */
export interface SlowReport {
  /** Resident memory of each server before anything was written. */
  readonly freshBytes: readonly number[];
  /** Likewise after a tenth, all read; then some stop to read, and the most that it was more. */
  readonly beforeBytes: readonly number[];
  readonly growthBytes: readonly number[];
  /** Processor time of each server until all events were written. */
  readonly processorMs: readonly number[];
  /** Values that the reading watchers missed, or had twice. */
  readonly readersGaps: number;
  /** Watches that are left at the servers when all events were written. */
  readonly watchesLeft: number;
  /** What ended the watches of the slow ones, once they read again. */
  readonly ends: Readonly<Record<string, number>>;
  /** Values that they missed without a word, or had twice. */
  readonly slowGaps: number;
}

const path = "/regions/local/loud";
const outstanding = 500;
const patienceMs = 300_000;

/** Watchers that never read while many large events come by, beside others that do. */
export async function watchSlowly(cluster: Cluster, options: SlowOptions): Promise<SlowReport> {
  const { watchers, events, say } = options;
  const client = await cluster.client();
  await client.create(path, "0");
  const addresses = cluster.nodes.map(({ address }) => address);
  const make = (count: number): readonly RawWatcher[] =>
    Array.from({ length: count }, (_, at) => new RawWatcher(addresses[at % 3] ?? "", path));
  const [slow, readers] = [make(watchers), make(3)];
  await until("all watches run", patienceMs, () =>
    [...slow, ...readers].every(({ isRunning }) => isRunning) ? true : undefined,
  );
  const freshBytes = await residentBytes(cluster);
  say(`fresh: ${freshBytes.map(megabytes).join(", ")}`);
  // From here on code is compiled, and histories, caches and the young generation are full.
  let written = await write(cluster, 1, Math.ceil(events / 10), options.bytes);
  for (const watcher of slow) watcher.isReading = false;
  const beforeBytes = await residentBytes(cluster);
  const growthBytes = beforeBytes.map(() => 0);
  say(`before: ${beforeBytes.map(megabytes).join(", ")}`);
  for (let part = 0; part < 10; part += 1) {
    written = await write(cluster, written, written + Math.ceil(events / 10), options.bytes);
    const nowBytes = await residentBytes(cluster);
    for (const [at, bytes] of nowBytes.entries()) {
      const grownBytes = bytes - (beforeBytes[at] ?? 0);
      growthBytes[at] = Math.max(growthBytes[at] ?? 0, grownBytes);
    }
    say(`${written} written: ${nowBytes.map(megabytes).join(", ")}`);
  }
  await until("those who read have all", patienceMs, () =>
    readers.every(({ last }) => last === written - 1) ? true : undefined,
  );
  const states = await statesOf(cluster);
  const processorMs = states.map((state) => state.processorMs);
  const watchesLeft = states.reduce((sum, { status }) => sum + (status?.watches ?? 0), 0);
  for (const watcher of slow) watcher.isReading = true;
  await until("the slow have heard that they were cut", patienceMs, () =>
    slow.every(({ ends, lost }) => ends.length + lost > 0) ? true : undefined,
  );
  written = await write(cluster, written, written + 100, options.bytes);
  await until("the slow have the last value", patienceMs, () =>
    [...slow, ...readers].every(({ last }) => last === written - 1) ? true : undefined,
  );
  const ends: Record<string, number> = {};
  for (const name of slow.flatMap((watcher) => watcher.ends)) ends[name] = (ends[name] ?? 0) + 1;
  ends["streams"] = slow.reduce((sum, { lost }) => sum + lost, 0);
  for (const watcher of [...slow, ...readers]) watcher.close();
  const gapsOf = (some: readonly RawWatcher[]): number =>
    some.reduce((sum, { gaps }) => sum + gaps, 0);
  return {
    freshBytes,
    beforeBytes,
    growthBytes,
    processorMs,
    readersGaps: gapsOf(readers),
    watchesLeft,
    ends,
    slowGaps: gapsOf(slow),
  };
}

/** Writes the values `[from, to)` in their order; gives back `to`. */
async function write(cluster: Cluster, from: number, to: number, bytes: number): Promise<number> {
  const client = await cluster.client();
  const open = new Set<Promise<unknown>>();
  for (let value = from; value < to; value += 1) {
    const one = client.set(path, String(value).padEnd(bytes, " ")).finally(() => open.delete(one));
    open.add(one);
    if (open.size >= outstanding) await Promise.race(open);
  }
  await Promise.all(open);
  return to;
}

async function residentBytes(cluster: Cluster): Promise<readonly number[]> {
  const states = await statesOf(cluster);
  return states.map((state) => state.residentBytes);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
