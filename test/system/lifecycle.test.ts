/** Starting, resting, stopping and starting again on the same data. */
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { printFigure, timed } from "./support/figures.ts";
import { Platform } from "./support/platform.ts";
import {
  hasProcessTable,
  killNow,
  processorMs,
  residentBytes,
  type RunningProcess,
} from "./support/process-table.ts";
import { claimPorts, Scratch } from "./support/scratch.ts";

const memoryBytesMax = 1.8e9;
/** Promised are 40 % of a core for all processes; one that never rests takes all that it gets. */
const restShareMax = 1.5;
const processRestShareMax = 0.5;
/** Window in which a platform at rest is watched, and how many of them there may be. */
const restWindowMs = 3_000;
const restWindowsMax = 5;
/** Time that processes get to follow the one that was told to stop, or that was killed. */
const goneMsMax = 10_000;

/** One node in each kind of zone. */
const written = {
  "/global/kept": "strict",
  "/regions/eu-west/kept": "regional",
  "/shared/kept": "eventual",
};

let scratch: Scratch;
/** Started one after the other on the same data; each serves until a test ends it. */
let second: Platform | undefined;
let third: Platform | undefined;

beforeAll(() => {
  scratch = new Scratch("lifecycle");
});

afterAll(async () => {
  await third?.[Symbol.asyncDispose]();
  await second?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test("npm start serves, rests cheaply and leaves nothing after SIGINT", async (context) => {
  context.skip(!hasProcessTable, "needs /proc");
  await using platform = await Platform.start(scratch, { byNpm: true });
  printFigure("npm start until it serves (promised: 15 s)", seconds(platform.readyMs));
  const client = await platform.connect("eu-west");
  for (const [path, data] of Object.entries(written)) await client.create(path, data);
  const shares = await restingShares(platform);
  const share = sum(shares);
  const bytes = residentBytes(platform.processes());
  printFigure("at rest (promised: 40 % of a core)", `${(share * 100).toFixed(1)} %`);
  printFigure("memory (promised: 1.8 GB)", `${(bytes / 1e9).toFixed(2)} GB`);
  const { elapsedMs } = await timed(() => platform.stop("SIGINT"));
  printFigure("SIGINT until the end (promised: 2 s)", seconds(elapsedMs));
  await holdsNothing(platform);
  expect(bytes).toBeLessThan(memoryBytesMax);
  expect(share).toBeLessThan(restShareMax);
  expect(Math.max(...shares)).toBeLessThan(processRestShareMax);
});

test("a second start has the same data, and works around a port that is taken", async () => {
  const basePort = await claimPorts("platform");
  await using listener = await Listener.on(basePort);
  second = await Platform.start(scratch, { basePort });
  const [taken] = second.events.of("port-taken");
  const holder = hasProcessTable ? { pid: process.pid } : undefined;
  expect(taken).toMatchObject({ port: listener.port, ...(holder && { holder }) });
  await holdsData(second);
});

test("a directory serves one platform at a time", async () => {
  const platform = running(second);
  const again = await platform.run("dev", "--headless", "--data", platform.data);
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain("[IN_USE]");
  await holdsData(platform);
});

test("nothing is left behind, and nothing lost, when the supervisor is killed", async (context) => {
  context.skip(!hasProcessTable, "needs /proc");
  const platform = running(second);
  const client = await platform.connect("eu-west");
  await client.set("/global/kept", "strict");
  killNow(platform.pid);
  await platform.exited;
  await holdsNothing(platform);
  third = await Platform.start(scratch);
  await holdsData(third);
});

test("SIGTERM ends a platform with nothing to complain of, and leaves nothing", async () => {
  const platform = running(third ?? second);
  const { value, elapsedMs } = await timed(() => platform.stop("SIGTERM"));
  printFigure("SIGTERM until the end (promised: 2 s)", seconds(elapsedMs));
  expect(value).toEqual({ code: 0, signal: null });
  await holdsNothing(platform);
});

/** A platform that an earlier test has started. */
function running(platform: Platform | undefined): Platform {
  if (platform === undefined) throw new Error("it did not start");
  return platform;
}

/**
 * The part of one core that each process uses while nobody asks for anything. A window in which
 * they still warmed up is followed by another.
 */
async function restingShares(platform: Platform): Promise<readonly number[]> {
  await platform.untilWhole(60_000);
  let least: readonly number[] = [];
  for (let window = 0; window < restWindowsMax; window += 1) {
    const shares = await sharesWithin(platform.processes(), restWindowMs);
    if (window === 0 || sum(shares) < sum(least)) least = shares;
    if (sum(least) < restShareMax && Math.max(...least) < processRestShareMax) break;
  }
  return least;
}

async function sharesWithin(processes: readonly RunningProcess[], ms: number): Promise<number[]> {
  const before = { atMs: performance.now(), usedMs: processes.map((one) => processorMs([one])) };
  await sleep(ms);
  const elapsedMs = performance.now() - before.atMs;
  return processes.map((one, place) => {
    return (processorMs([one]) - (before.usedMs[place] ?? 0)) / elapsedMs;
  });
}

function sum(shares: readonly number[]): number {
  return shares.reduce((total, share) => total + share, 0);
}

/** No process of the platform is left. */
async function holdsNothing(platform: Platform): Promise<void> {
  const { elapsedMs } = await timed(() =>
    until("all processes are gone", goneMsMax, () => {
      const left = platform.processes().map(({ pid, command }) => `${pid} ${command.join(" ")}`);
      if (left.length > 0) throw new Error(`left behind:\n${left.join("\n")}`);
      return true;
    }),
  );
  printFigure("processes left for", seconds(elapsedMs));
  expect(platform.processes()).toEqual([]);
}

/** What the first test wrote is there, as strict as its zone is. */
async function holdsData(platform: Platform): Promise<void> {
  const client = await platform.connect("eu-west");
  for (const [path, data] of Object.entries(written)) {
    expect((await client.get(path)).text).toBe(data);
  }
}

/** Somebody else's program on a port. */
class Listener implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async on(port: number): Promise<Listener> {
    const server = createServer();
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
    return new Listener(server, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
