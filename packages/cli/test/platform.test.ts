import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { IStatusResponse } from "@meridian/wire";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { readTopology } from "../src/config/topology.ts";
import type { DevEvent } from "../src/dev/event.ts";
import { Platform } from "../src/dev/platform.ts";
import { measuredRoundTripTimes } from "../src/wan/round-trip-times.ts";

// A dozen processes are started: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const data = join(mkdtempSync(join(tmpdir(), "meridian-")), "data");
const basePort = 23_400 + (process.pid % 20) * 400;
const events: DevEvent[] = [];
const listeners = new Set<() => void>();
let platform: Platform;

function platformOn(directory: string): Platform {
  return new Platform({
    data: directory,
    profile: "compact",
    basePort,
    wanMode: "real",
    times: measuredRoundTripTimes,
    program: fileURLToPath(new URL("fake-server.mjs", import.meta.url)),
    openChannel: () => ({
      status: () =>
        Promise.resolve({
          role: "edge",
          mirrors: [],
          partitionState: "",
        } as unknown as IStatusResponse),
      close: () => {},
    }),
    serveControl: () => Promise.resolve({ close: () => Promise.resolve() }),
    onEvent: (event) => {
      events.push(event);
      for (const listener of listeners) listener();
    },
  });
}

/** The next event of a kind, from now on, that fits. */
function next<Kind extends DevEvent["event"]>(
  kind: Kind,
  fits: (event: Extract<DevEvent, { event: Kind }>) => boolean = () => true,
): Promise<Extract<DevEvent, { event: Kind }>> {
  const from = events.length;
  return new Promise((resolve) => {
    const listener = (): void => {
      const found = events
        .slice(from)
        .filter((event): event is Extract<DevEvent, { event: Kind }> => event.event === kind)
        .find(fits);
      if (found === undefined) return;
      listeners.delete(listener);
      resolve(found);
    };
    listeners.add(listener);
  });
}

function pidOf(process: string): number {
  return platform.inspect().processes.find(({ name }) => name === process)?.pid ?? -1;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

let blocker: ReturnType<typeof createServer>;

beforeAll(async () => {
  blocker = createServer().listen(basePort + 3, "127.0.0.1");
  platform = platformOn(data);
  await platform.start();
});

afterAll(async () => {
  await platform.stop("end of the test");
  blocker.close();
});

test("it is ready with every node in the topology file, reachable and with its process id", () => {
  const ready = events.find((event) => event.event === "ready");
  expect(ready).toMatchObject({ wan: { mode: "real", emulated: true } });
  const { nodes, control } = readTopology(platform.directory.topology);
  expect(nodes).toHaveLength(38);
  expect(control).toBe(`127.0.0.1:${basePort}`);
  for (const node of nodes) {
    expect(Object.keys(node.addressFrom)).toHaveLength(6);
    expect(isAlive(Number(readFileSync(node.pidFile ?? "", "utf8")))).toBe(true);
  }
});

test("a taken port is left out, and said to be taken and by whom", () => {
  const taken = events.find((event) => event.event === "port-taken");
  expect(taken).toMatchObject({ port: basePort + 3, lastPort: basePort + 3 });
  const { nodes } = readTopology(platform.directory.topology);
  expect(nodes.map(({ address }) => address)).not.toContain(`127.0.0.1:${basePort + 3}`);
});

test("a second platform on the same directory is refused and leaves the first alone", async () => {
  const second = platformOn(data);
  await expect(second.start()).rejects.toThrow(/runs on .* already \(process \d+\)/);
  await second.stop("refused");
  expect(existsSync(join(data, "lock"))).toBe(true);
  expect(pidOf("apac-site")).toBeGreaterThan(0);
});

test("a process that crashes is started again", async () => {
  const before = pidOf("apac-pop");
  const exited = next("process-exited");
  const started = next("process-started");
  process.kill(before, "SIGKILL");
  expect(await exited).toMatchObject({ process: "apac-pop", signal: "SIGKILL", requested: false });
  expect((await started).pid).not.toBe(before);
});

test("a killed region is down with its point of presence, until it is restarted", async () => {
  await platform.kill("sa-east");
  expect([pidOf("sa-east-site"), pidOf("sa-east-pop")]).toEqual([0, 0]);
  expect(existsSync(platform.directory.pid("sa-east-1"))).toBe(false);
  await platform.restart("sa-east");
  expect(isAlive(pidOf("sa-east-site"))).toBe(true);
  expect(isAlive(pidOf("sa-east-pop"))).toBe(true);
});

test("killing a node kills the process that hosts it, and only that", async () => {
  const pop = pidOf("eu-west-pop");
  await platform.kill("eu-west-2");
  expect(pidOf("eu-west-site")).toBe(0);
  expect(pidOf("eu-west-pop")).toBe(pop);
  await platform.restart("eu-west-2");
  expect(pidOf("eu-west-site")).toBeGreaterThan(0);
});

test("a partition cuts the lines of a region, one way or both, and heal ends it", () => {
  const cuts = (): readonly string[] =>
    platform.inspect().links.flatMap(({ from, to, cut }) => (cut ? [`${from}>${to}`] : []));
  platform.partition("apac", undefined, false);
  expect(cuts()).toHaveLength(12);
  platform.heal("apac");
  platform.partition("apac", "us-west", true);
  expect(cuts()).toEqual(["apac>us-west"]);
  platform.heal(undefined);
  expect(cuts()).toEqual([]);
});

test("a name that does not exist is refused with the nearest that does", async () => {
  await expect(platform.kill("us-wets")).rejects.toThrow(/did you mean us-west\?/);
  expect(() => platform.partition("apca", undefined, false)).toThrow(/did you mean apac\?/);
  expect(() => platform.delay("apac", "apac", 5)).toThrow(/from itself/);
});

test("nothing is left when it has stopped", async () => {
  const pids = platform.inspect().processes.map(({ pid }) => pid);
  await platform.stop("test");
  expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
  expect(existsSync(join(data, "lock"))).toBe(false);
});
