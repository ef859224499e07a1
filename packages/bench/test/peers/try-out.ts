import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PortBlocks } from "../../src/comparison/ports.ts";
import type { Place, System } from "../../src/system.ts";
import type { LoadResult, Workload } from "../../src/workload.ts";

/** What a peer did when it was tried out. */
export interface TryOut {
  readonly results: Readonly<Record<Workload["kind"], LoadResult>>;
  /** How often it was told that a workload is being measured. */
  readonly measured: number;
  /** Name of the server that led, and of the one that led after it was killed. */
  readonly leaders: readonly (string | undefined)[];
  /** What came of reads once all servers were back. */
  readonly last: LoadResult;
  /** Processes of servers while it ran, and after its end. */
  readonly processes: readonly number[];
}

const base = { connections: 4, outstanding: 16, valueBytes: 64, keys: 100 } as const;
const moment = { warmUpSeconds: 0.1, seconds: 0.3 } as const;
/** What the workloads ask for beside that. */
export const asked = { keys: base.keys, ratePerSecond: 100, watchers: 40, changes: 3 } as const;

/** Two runs of tests beside each other have ports of their own. */
const portsPerProcess = 200;
const ports = new PortBlocks(12_000 + (process.pid % 20) * portsPerProcess);

/** Does every workload for a moment, kills the leader and starts it again, and ends all of it. */
export async function tryOut(start: (place: Place) => Promise<System>): Promise<TryOut> {
  const directory = mkdtempSync(join(tmpdir(), "meridian-peers-"));
  const { signal } = new AbortController();
  try {
    const basePort = await ports.take();
    const { system, ...tried } = await tryAll(() => start({ directory, basePort, signal }), signal);
    const during = running(directory);
    await system[Symbol.asyncDispose]();
    return { ...tried, processes: [during, running(directory)] };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function tryAll(start: () => Promise<System>, signal: AbortSignal) {
  const system = await start();
  let measured = 0;
  const run = (workload: Partial<Workload> & Pick<Workload, "kind">): Promise<LoadResult> =>
    system.run(
      { ...base, ...moment, ...workload },
      { signal, onMeasuring: () => void (measured += 1) },
    );
  const { ratePerSecond, watchers, changes } = asked;
  try {
    const results = {
      create: await run({ kind: "create" }),
      write: await run({ kind: "write" }),
      read: await run({ kind: "read" }),
      "strict-read": await run({ kind: "strict-read" }),
      "paced-write": await run({ kind: "paced-write", ratePerSecond }),
      "fan-out": await run({ kind: "fan-out", watchers, changes }),
    };
    const leader = await system.leader();
    await leader?.kill();
    await system.untilWritable(signal);
    const leaders = [leader?.name, (await system.leader())?.name];
    leader?.start();
    await system.untilWritable(signal);
    const last = await run({ kind: "read" });
    return { system, results, measured, leaders, last };
  } catch (error) {
    await system[Symbol.asyncDispose]();
    throw error;
  }
}

/** Servers: processes that have a directory on their command line, but for loaders. */
function running(directory: string): number {
  return readdirSync("/proc").filter((pid) => {
    const path = `/proc/${pid}/cmdline`;
    if (!/^\d+$/.test(pid) || !existsSync(path)) return false;
    const command = commandOf(path);
    return command.includes(directory) && !command.includes("ZookeeperLoad");
  }).length;
}

/** Empty of a process that has ended meanwhile. */
function commandOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
