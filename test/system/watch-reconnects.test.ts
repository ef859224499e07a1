/**
 * Watchers whose connections are cut at random moments while others write.
 * `MERIDIAN_RECONNECTS=1000` is the whole of it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";

import type { Meridian, MultiOperation } from "@meridian/client";
import { openChannel } from "@meridian/transport";

import { WatchModel } from "../watch-model/watch-model.ts";
import { Cluster, type Server } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { printFigure, timed } from "./support/figures.ts";
import { HistoryReader } from "./support/history-reader.ts";
import { RecordedWatch, type Watched } from "./support/recorded-watch.ts";
import { Scratch } from "./support/scratch.ts";

const reconnects = Number(process.env["MERIDIAN_RECONNECTS"] ?? 50);
const testMs = 1_800_000;
const root = "/regions/local/watched";
/** The second is no child of the first, although its name begins like it. */
const directories = [`${root}/a`, `${root}/ab`];
const writersMax = 3;
const namesMax = 3;
const snapshotEntries = 60;
const cutPauseMsMax = 40;
const writePauseMs = 4;

const watched: readonly Watched[] = [
  { path: root, kind: "persistent-recursive", withData: true },
  { path: `${root}/a`, kind: "persistent-recursive", withData: true },
  { path: `${root}/ab`, kind: "persistent-recursive", withData: false },
  { path: `${root}/a`, kind: "persistent", withData: true },
  { path: `${root}/a/0-0`, kind: "persistent", withData: true },
];

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("reconnects");
  cluster = await Cluster.start(scratch, 3, { limits: { snapshotEntries, keptEntries: 10 } });
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test(
  "watchers miss, double and reorder nothing, however often they are cut off",
  { timeout: testMs },
  async () => {
    const client = await cluster.client();
    await client.create(root, "");
    for (const directory of directories) await client.create(directory, "");
    const { receipt } = await client.sync(root);
    using reader = new HistoryReader(addresses(), receipt.position);
    await using watchers = new Watchers(await startAll());
    await using load = new Load(client);
    const { elapsedMs } = await timed(() => watchers.cutAll(reconnects));
    const away = await watchers.leaveOneBehind();
    await restartAll(away);
    watchers.bringBack();
    await until("who was away begins anew", 30_000, () => watchers.hasBegunAnew || undefined);
    await load.stop();
    const { receipt: last } = await client.sync(root);
    await reader.reaches(last.position.index);
    await watchers.reach(last.position.index);
    const { history } = reader;
    const exercised = watchers.all.map(({ log }) => WatchModel.exerciseOf(log, history));
    const events = exercised.map((one) => one.events);
    printFigure(
      `${watchers.cuts} times cut in ${Math.round(elapsedMs / 1000)} s`,
      `${history.size} transactions; events told: ${events.join(", ")}`,
    );
    expect(watchers.all.flatMap(({ log }) => WatchModel.breachesOf(log, history))).toEqual([]);
    expect(watchers.cuts).toBeGreaterThanOrEqual(reconnects);
    expect(Math.min(...events)).toBeGreaterThan(0);
    expect(exercised.every(({ passedOver }, place) => place === 0 || passedOver > 0)).toBe(true);
    expect(watchers.ends).toContain("COMPACTED");
    expect(watchers.ends.filter((code) => code !== "COMPACTED")).toEqual([]);
  },
);

function addresses(): readonly string[] {
  return cluster.nodes.map(({ address }) => address);
}

function startAll(): Promise<readonly RecordedWatch[]> {
  return Promise.all(watched.map((one) => RecordedWatch.start(cluster, one)));
}

/** Every member goes and comes back, with nothing in memory from before its snapshot. */
async function restartAll(behind: number): Promise<void> {
  for (const node of cluster.nodes) {
    await until(`${node.address} has forgotten ${behind}`, 60_000, async () => {
      return (await firstIndexOf(node)) > behind || undefined;
    });
    await node.stop("SIGKILL");
    node.start();
    await until(`${node.address} is back`, 30_000, async () => {
      return (await firstIndexOf(node)) > 0 || undefined;
    });
  }
}

async function firstIndexOf({ address }: Server): Promise<number> {
  const channel = openChannel(address);
  try {
    const { firstIndex, leader } = await channel.status({ deadlineMs: 1_000 });
    return leader === "" ? 0 : firstIndex;
  } finally {
    channel.close();
  }
}

/** All watchers, and what is done to them. */
class Watchers implements AsyncDisposable {
  readonly all: readonly RecordedWatch[];
  cuts = 0;
  readonly #away: RecordedWatch;

  constructor(all: readonly RecordedWatch[]) {
    const [first] = all;
    if (first === undefined) throw new Error("nobody watches");
    this.all = all;
    this.#away = first;
  }

  /** Codes of the ends of all watches. */
  get ends(): readonly string[] {
    return this.all.flatMap(({ ends }) => ends);
  }

  /** Who was away knows that it missed something, and watches again. */
  get hasBegunAnew(): boolean {
    return this.#away.ends.length > 0 && this.#away.reached > 0;
  }

  /** Cuts connections, of one watcher after the other, until that was done so often. */
  async cutAll(times: number): Promise<void> {
    while (this.cuts < times) {
      const one = this.all[Math.floor(Math.random() * this.all.length)];
      if ((one?.proxies.cut() ?? 0) > 0) this.cuts += 1;
      await sleep(Math.random() * cutPauseMsMax);
    }
  }

  /** One of them hears nothing any more. What it has reached. */
  async leaveOneBehind(): Promise<number> {
    await until("it runs", 30_000, () => this.#away.reached > 0 || undefined);
    this.#away.ends.length = 0;
    this.#away.proxies.dark = true;
    return this.#away.reached;
  }

  bringBack(): void {
    this.#away.proxies.dark = false;
  }

  /** Waits until all have been told of everything, and ends them. */
  async reach(index: number): Promise<void> {
    for (const one of this.all) {
      // Who resumes hears at once how far the node is.
      one.proxies.cut();
      await until(`${one.name} reaches ${index}`, 30_000, () => one.reached >= index || undefined);
      await one.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.all) await one[Symbol.asyncDispose]();
  }
}

/** Some who write, each its own nodes, until they are stopped. */
class Load implements AsyncDisposable {
  readonly #client: Meridian;
  readonly #running: Promise<void>;
  #isOver = false;
  #count = 0;

  constructor(client: Meridian) {
    this.#client = client;
    const writers = Array.from({ length: writersMax }, (_, writer) => this.#run(writer));
    this.#running = Promise.all(writers).then(() => undefined);
    this.#running.catch(() => {});
  }

  /** @throws what a write failed with. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#running.catch(() => {});
  }

  async #run(writer: number): Promise<void> {
    const present = new Set<string>();
    while (!this.#isOver) {
      const count = Math.random() < 0.3 ? 2 + Math.floor(Math.random() * 4) : 1;
      const operations = Array.from({ length: count }, () => this.#draw(writer, present));
      await this.#client.multi(operations, { deadlineMs: 60_000 });
      await sleep(writePauseMs);
    }
  }

  #draw(writer: number, present: Set<string>): MultiOperation {
    this.#count += 1;
    const directory = directories[Math.floor(Math.random() * directories.length)] ?? root;
    if (Math.random() < 0.05) return { kind: "set", path: directory, data: `${this.#count}` };
    const path = `${directory}/${writer}-${Math.floor(Math.random() * namesMax)}`;
    if (!present.has(path)) {
      present.add(path);
      return { kind: "create", path, data: `${this.#count}` };
    }
    if (Math.random() < 0.6) return { kind: "set", path, data: `${this.#count}` };
    present.delete(path);
    return { kind: "delete", path };
  }
}
