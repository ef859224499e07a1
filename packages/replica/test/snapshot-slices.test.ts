import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { majority } from "@meridian/consensus";
import { MemoryDisk, openLevelStorage, openMemoryStorage, type Storage } from "@meridian/storage";
import { type Operation, Tree } from "@meridian/tree";
import { expect, test, vi } from "vitest";
import { systemClock } from "../src/clock.ts";
import { configurationCodec } from "../src/configuration-codec.ts";
import { silentLog } from "../src/log.ts";
import { SnapshotEncoder } from "../src/snapshot-encoder.ts";
import { restoreTree, SnapshotTaker } from "../src/snapshots.ts";

vi.setConfig({ testTimeout: 600_000 });

/** MERIDIAN_ZNODES=1000000 measures how long slices of a tree of that size take. */
const measured = Number(process.env["MERIDIAN_ZNODES"] ?? 0);
const sliceMsMax = 10;

const configuration = majority(["n"]);
const identity = { cluster: "eu", node: "n", incarnation: 1 };

function applyTo(tree: Tree, operation: Operation): void {
  const command = { session: 0, sequence: 0, acknowledged: 0, timeMs: 1, operation };
  tree.apply(tree.appliedIndex + 1, 1, command);
}

/** A region's tree of so many nodes with 100 bytes each, a thousand of them below each other. */
async function grown(count: number): Promise<Tree> {
  const tree = new Tree();
  const zones = Buffer.from(
    JSON.stringify([
      { prefix: "/meridian", consistency: "strict" },
      { prefix: "/regions/{region}", consistency: "regional", home: "{region}" },
    ]),
  );
  applyTo(tree, { kind: "bootstrap", cluster: "eu", regions: ["eu"], zones });
  const traits = { kind: "create", mode: "persistent", ttlMs: 0, parents: true } as const;
  for (let at = 0; at < count; at += 1) {
    const path = `/regions/eu/${Math.floor(at / 1_000)}/node-${at}`;
    applyTo(tree, { ...traits, path, data: new Uint8Array(100) });
    if (at % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return tree;
}

/** A log as long as the tree's history, so that a snapshot of it may be stored. */
async function fill(storage: Storage, lastIndex: number): Promise<void> {
  for (let from = 1; from <= lastIndex; from += 50_000) {
    const count = Math.min(50_000, lastIndex - from + 1);
    await storage.write({
      hardState: { term: 1, vote: "n", commitIndex: 0 },
      entries: Array.from({ length: count }, (_, at) => {
        return { index: from + at, term: 1, kind: "empty", data: new Uint8Array() } as const;
      }),
      reset: undefined,
    });
  }
}

function taken(storage: Storage, tree: Tree, clock: typeof systemClock): Promise<void> {
  return new Promise((resolve, reject) => {
    const log = { ...silentLog, info: () => resolve(), warn: () => reject(new Error("given up")) };
    const settings = { witness: false, node: "n", snapshotEntries: 1, keptEntries: 10 };
    const taker = new SnapshotTaker({ ...settings, storage, clock, log }, () => tree, reject);
    taker.consider(
      { configurationAt: () => configuration, termAt: (at) => storage.log.term(at) },
      0,
    );
  });
}

test("taking and restoring a snapshot pause after a bounded number of nodes", async () => {
  const tree = await grown(20_000);
  const storage = await openMemoryStorage({
    disk: new MemoryDisk(),
    identity,
    codec: configurationCodec,
    create: true,
  });
  await fill(storage, tree.appliedIndex);
  let breaths = 0;
  const clock = {
    ...systemClock,
    defer: (callback: () => void) => {
      breaths += 1;
      systemClock.defer(callback);
    },
  };
  await taken(storage, tree, clock);
  expect(breaths).toBeGreaterThanOrEqual(Math.floor(tree.nodeCount / 500));
  let [added, most, atBreath] = [0, 0, 0];
  const counting = {
    ...clock,
    defer: (callback: () => void) => {
      most = Math.max(most, added - atBreath);
      atBreath = added;
      clock.defer(callback);
    },
  };
  const begin = Tree.restorer.bind(Tree);
  vi.spyOn(Tree, "restorer").mockImplementation((...options) => {
    const restorer = begin(...options);
    const counted = (add: () => void): void => {
      added += 1;
      add();
    };
    return {
      add: (record) => counted(() => restorer.add(record)),
      addPlain: (node) => counted(() => restorer.addPlain(node)),
      settle: (nodesMax) => restorer.settle(nodesMax),
      finish: () => restorer.finish(),
    };
  });
  const restored = await restoreTree(storage, counting);
  expect(restored.digest()).toBe(tree.digest());
  expect(added).toBeGreaterThan(20_000);
  expect(Math.max(most, added - atBreath)).toBeLessThanOrEqual(500);
  vi.restoreAllMocks();
  await storage.close();
});

test("slices of a large tree are short, while it is written to", async (context) => {
  context.skip(measured === 0, "MERIDIAN_ZNODES says of how many nodes the times are measured");
  const tree = await grown(measured);
  const times = { encode: [] as number[], restore: [] as number[] };
  const timed = <T>(into: number[], work: () => T): T => {
    const before = processorMs();
    const result = work();
    into.push(processorMs() - before);
    return result;
  };
  const snapshot = timed([], () => tree.snapshot());
  const encoder = new SnapshotEncoder();
  while (timed(times.encode, () => snapshot.pour(encoder) && encoder.take().bytes.length > 0)) {
    const path = `/regions/eu/0/node-${times.encode.length % 1_000}`;
    for (let write = 0; write < 20; write += 1) {
      applyTo(tree, { kind: "set", path, data: new Uint8Array(100), version: -1 });
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const directory = await mkdtemp(join(tmpdir(), "meridian-slices-"));
  const storage = await openLevelStorage({
    directory,
    identity,
    codec: configurationCodec,
    create: true,
    onNotice: () => undefined,
  });
  await fill(storage, tree.appliedIndex);
  const startedAtMs = performance.now();
  await taken(storage, tree, systemClock);
  const takenMs = performance.now() - startedAtMs;
  let lastMs = processorMs();
  const restored = await restoreTree(storage, {
    ...systemClock,
    defer: (callback) => {
      times.restore.push(processorMs() - lastMs);
      setImmediate(() => {
        lastMs = processorMs();
        callback();
      });
    },
  });
  const beforeMs = processorMs();
  restored.digest();
  const digestMs = processorMs() - beforeMs;
  await storage.close();
  await rm(directory, { recursive: true });
  const figures = Object.entries(times).map(([what, list]) => [what, ...quantiles(list)].join(" "));
  console.info(
    `${measured} nodes, processor ms of a slice (median, 99 %, longest): ${figures.join("; ")}; ` +
      `stored within ${Math.round(takenMs)} ms; digest ${digestMs.toFixed(1)} ms`,
  );
  expect(quantiles(times.encode)[1]).toBeLessThan(sliceMsMax);
  // With what reading takes on other threads, and the collector, which has most to do here.
  expect(quantiles(times.restore)[0]).toBeLessThan(sliceMsMax);
});

/** Processor time of the process: others that use the machine do not count, the collector does. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function quantiles(list: readonly number[]): readonly [number, number, number] {
  const sorted = list.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2));
  return [at(0.5), at(0.99), at(1)];
}
