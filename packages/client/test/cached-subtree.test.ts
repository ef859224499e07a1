import { ErrorCode, EventKind } from "@meridian/wire";
import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { CachedSubtree, CachedSubtreeOptions } from "../src/recipes/cached-subtree.ts";
import type { SubtreeChange } from "../src/recipes/subtree-mirror.ts";
import { SubtreeCoverage } from "../src/recipes/subtree-coverage.ts";
import { parentOf, type CachedNode } from "../src/recipes/subtree-table.ts";
import type { FakeChange, FakeCluster } from "./fake-cluster.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

const root = "/global/app";

async function scene(
  seed: number = 1,
  options: CachedSubtreeOptions = {},
): Promise<{ fleet: FakeFleet; client: Meridian; cached: CachedSubtree }> {
  const fleet = new FakeFleet(seed);
  const global = fleet.cluster("global");
  for (const path of ["", "/a", "/a/x", "/a/y", "/b"]) global.seed(root + path, `first${path}`);
  const client = await fleet.client();
  return { fleet, client, cached: client.cachedSubtree(root, options) };
}

/** What a cluster holds at or below the root, as a copy should show it. */
function truth(
  fleet: FakeFleet,
  cluster: FakeCluster = fleet.cluster("global"),
  prefix: string = root,
): readonly object[] {
  return [...cluster.nodes]
    .filter(([path]) => path === prefix || path.startsWith(`${prefix}/`))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { data, stat }]) => ({ path, text: Buffer.from(data).toString(), stat }));
}

function shown(cached: CachedSubtree): readonly object[] {
  return cached.entries().map(({ path, text, stat }) => ({ path, text, stat }));
}

/** Reads changes until the subtree is closed, and plays them back. */
function follow(cached: CachedSubtree): { list: SubtreeChange[]; copy: Map<string, string> } {
  const followed = { list: new Array<SubtreeChange>(), copy: new Map<string, string>() };
  void (async () => {
    for await (const change of cached) {
      followed.list.push(change);
      if (change.node !== undefined) followed.copy.set(change.path, change.node.text);
      else followed.copy.delete(change.path);
    }
  })().catch(() => undefined);
  return followed;
}

function words(changes: readonly SubtreeChange[]): string[] {
  return changes.map(({ kind, path }) => `${kind} ${path.slice(root.length)}`.trim());
}

test("it shows the whole subtree, and what changes, without waiting", async () => {
  const { fleet, client, cached } = await scene();
  const { list } = follow(cached);
  expect(() => cached.get(root)).toThrow("STALE");
  await fleet.runtime.until(cached.ready);
  expect(cached.children(root)).toEqual(["a", "b"]);
  expect(cached.children(`${root}/b`)).toEqual([]);
  expect(cached.children(`${root}/none`)).toBeUndefined();
  await fleet.runtime.until(client.create(`${root}/a/z`, "new"));
  await fleet.runtime.until(client.set(`${root}/b`, "other"));
  await fleet.runtime.until(client.delete(`${root}/a/x`));
  await fleet.runtime.run(50);
  expect(cached.get(`${root}/b`)?.text).toBe("other");
  expect(cached.children(`${root}/a`)).toEqual(["y", "z"]);
  expect(shown(cached)).toEqual(truth(fleet));
  expect(words(list)).toEqual([
    "initial",
    "initial /a",
    "initial /a/x",
    "initial /a/y",
    "initial /b",
    "added /a/z",
    "changed /b",
    "removed /a/x",
  ]);
  expect(list.at(-1)?.previous?.text).toBe("first/a/x");
});

test("a root that is not there yet may come later", async () => {
  const { fleet, client } = await scene();
  const cached = client.cachedSubtree("/global/later");
  await fleet.runtime.until(cached.ready);
  expect([cached.size, cached.get("/global/later")]).toEqual([0, undefined]);
  fleet.cluster("global").seed("/global/later/x");
  await fleet.runtime.run(50);
  expect(cached.children("/global/later")).toEqual(["x"]);
});

test("a transaction is seen as a whole or not at all", async () => {
  const { fleet, client, cached } = await scene();
  await fleet.runtime.until(cached.ready);
  const seen = new Set<number>();
  void (async () => {
    for await (const { kind } of cached) if (kind === "added") seen.add(cached.size);
  })();
  const pair = (n: number) => ["p", "q"].map((p) => ({ kind: "create", path: `${root}/${p}${n}` }));
  for (let n = 0; n < 20; n += 1) {
    await fleet.runtime.until(client.multi(pair(n) as Parameters<Meridian["multi"]>[0]));
  }
  await fleet.runtime.run(50);
  expect([...seen].filter((size) => size % 2 === 0)).toEqual([]);
  expect(cached.size).toBe(45);
});

/** One random write below the root. */
function scribble(
  fleet: FakeFleet,
  cluster: FakeCluster = fleet.cluster("global"),
  prefix: string = root,
): void {
  const { runtime } = fleet;
  const pick = (count: number): number => Math.floor(runtime.random() * count);
  const path = `${prefix}/d${pick(4)}${pick(3) === 0 ? "" : `/n${pick(12)}`}`;
  const version = -1;
  const data = Buffer.from(String(cluster.index));
  if (!cluster.nodes.has(path)) cluster.seed(path, String(cluster.index));
  else if (runtime.random() < 0.4) cluster.apply(0, 0, { delete: { path, version } });
  else cluster.apply(0, 0, { set: { path, data, version } });
}

function disturb(fleet: FakeFleet): void {
  const { runtime } = fleet;
  const servers = fleet.select(({ place }) => place.region === "us-west");
  const server = servers[Math.floor(runtime.random() * servers.length)];
  if (server === undefined) return;
  switch (Math.floor(runtime.random() * 6)) {
    case 0:
      server.kill();
      break;
    case 1:
      server.freeze("global");
      break;
    case 2:
      server.isSilent = true;
      break;
    case 3:
      for (const each of servers) for (const stream of each.streams) stream.sink.break();
      break;
    default:
      recover(fleet);
  }
}

function recover(fleet: FakeFleet): void {
  for (const server of fleet.servers.values()) {
    server.isDown = false;
    server.isSilent = false;
    server.script = undefined;
    server.thaw("global");
  }
}

/** Watches that resume are turned away for a while. */
function refuseToResume(fleet: FakeFleet, code: "COMPACTED" | "FORKED"): void {
  for (const server of fleet.servers.values()) {
    server.script = ({ watch }) =>
      watch !== undefined && watch.from.length > 0
        ? { error: { code: ErrorCode[code] } }
        : undefined;
    for (const stream of server.streams) stream.sink.break();
  }
}

/** Follows the changes of a copy, and notes those that lead to an older state of a node. */
class Regressions {
  readonly found: string[] = [];
  readonly #cluster: FakeCluster;
  readonly #latest = new Map<string, number>();
  readonly #children = new Map<string, number>();

  constructor(cluster: FakeCluster, cached: CachedSubtree) {
    this.#cluster = cluster;
    void (async () => {
      for await (const change of cached) {
        this.#note(change);
        this.#noteParent(cached.get(parentOf(change.path)));
      }
    })().catch((error: unknown) => this.found.push(String(error)));
  }

  #note({ kind, path, node, previous }: SubtreeChange): void {
    const known = this.#latest.get(path) ?? 0;
    if (previous !== undefined) {
      this.#latest.set(path, this.#deletionOf(path, previous.stat.mzxid));
    }
    if (node === undefined) return;
    const { mzxid } = node.stat;
    if (mzxid < known) this.found.push(`${kind} ${path} ${mzxid} after ${known}`);
    this.#latest.set(path, Math.max(known, mzxid));
  }

  /** What a node says of its children must not become older either. */
  #noteParent(node: CachedNode | undefined): void {
    if (node === undefined) return;
    const { path, stat } = node;
    const key = `${path} ${stat.czxid}`;
    const known = this.#children.get(key) ?? 0;
    if (stat.pzxid < known) this.found.push(`children of ${path} ${stat.pzxid} after ${known}`);
    this.#children.set(key, Math.max(known, stat.pzxid));
  }

  /** Index of the first deletion of a node after another index; that one if there is none. */
  #deletionOf(path: string, after: number): number {
    const { changes } = this.#cluster;
    const isIt = (change: FakeChange): boolean => change.path === path && change.index > after;
    return changes.find((each) => isIt(each) && each.node === undefined)?.index ?? after;
  }
}

test.each(Array.from({ length: 25 }, (_, n) => n + 1))(
  "what happens while it is read is neither missed nor done twice (seed %i)",
  async (seed) => {
    const { fleet, client } = await scene(seed);
    const { runtime } = fleet;
    const home = fleet.cluster("us-west");
    const path = "/regions/us-west/app";
    for (let n = 0; n < 60; n += 1) scribble(fleet, home, path);
    // Reads go where the session is, and the watch perhaps elsewhere: one is ahead of the other.
    await runtime.until(client.create(`${path}/own`, "", { parents: true }));
    const servers = fleet.select(({ place }) => place.cluster === "us-west");
    for (const server of servers) server.childrenMax = 2; // it takes a while to read everything
    const copies = new Map<CachedSubtree, Regressions>();
    for (let n = 0; n < 200; n += 1) {
      scribble(fleet, home, path);
      if (n % 30 === 0) {
        const cached = client.cachedSubtree(path);
        copies.set(cached, new Regressions(home, cached));
      }
      const server = servers[Math.floor(runtime.random() * 2 * servers.length)];
      if (runtime.random() < 0.3) server?.freeze("us-west");
      else if (runtime.random() < 0.6) for (const each of servers) each.thaw("us-west");
      await runtime.run(Math.floor(runtime.random() * 4));
    }
    for (const each of servers) each.thaw("us-west");
    await runtime.run(1_000);
    const back = [...copies.values()].flatMap(({ found }) => found);
    expect(back, `seed ${seed}`).toEqual([]);
    for (const cached of copies.keys()) {
      expect(shown(cached), `seed ${seed}`).toEqual(truth(fleet, home, path));
    }
  },
);

test("a node that is behind the one that watches is not read from", async () => {
  let tries = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    const { fleet, client } = await scene(seed);
    const home = fleet.cluster("us-west");
    const path = "/regions/us-west/app";
    home.seed(path);
    await fleet.runtime.until(client.set(path, "1")); // reads go where the session is
    await fleet.runtime.run(1_000);
    const leader = fleet.server(home.leader);
    leader.freeze("us-west");
    home.seed(`${path}/new`);
    const cached = client.cachedSubtree(path);
    await fleet.runtime.run(500);
    const isElsewhere = !leader.seen.some((each) => each.watch !== undefined);
    leader.thaw("us-west");
    await fleet.runtime.until(cached.ready);
    await fleet.runtime.run(100);
    expect(cached.children(path), `seed ${seed}`).toEqual(["new"]);
    if (isElsewhere) tries += 1;
  }
  expect(tries).toBeGreaterThan(2);
});

test.each(Array.from({ length: 16 }, (_, n) => n + 1))(
  "under random writes, lost connections and cut history of seed %i it never goes back, and in " +
    "the end is exact",
  async (seed) => {
    const { fleet, cached } = await scene(seed);
    const { runtime } = fleet;
    const { list, copy } = follow(cached);
    const regressions = new Regressions(fleet.cluster("global"), cached);
    for (let n = 0; n < 400; n += 1) {
      scribble(fleet);
      if (n % 20 === 7) disturb(fleet);
      if (n % 100 === 99) refuseToResume(fleet, runtime.random() < 0.5 ? "COMPACTED" : "FORKED");
      await runtime.run(Math.floor(runtime.random() * 60));
    }
    recover(fleet);
    await runtime.run(30_000);
    expect(regressions.found, `seed ${seed}`).toEqual([]);
    expect(shown(cached), `seed ${seed}`).toEqual(truth(fleet));
    const played = [...copy].filter(([path]) => path !== "").sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = cached.entries().map(({ path, text }) => [path, text]);
    expect(played, `seed ${seed}`).toEqual(texts);
    for (const { kind } of list) exercised.set(kind, (exercised.get(kind) ?? 0) + 1);
    cached.close();
  },
);

/** Changes of each kind, over all seeds. */
const exercised = new Map<string, number>();

test("the histories were worth the name", () => {
  const rare = ["added", "changed", "removed", "reset"].filter(
    (kind) => (exercised.get(kind) ?? 0) < 20,
  );
  expect([rare, Object.fromEntries(exercised)]).toEqual([[], expect.anything()]);
});

test.each(["COMPACTED", "FORKED"] as const)(
  "where the watch cannot go on (%s) it reads again, and tells the differences",
  async (code) => {
    const { fleet, cached } = await scene();
    const { list } = follow(cached);
    await fleet.runtime.until(cached.ready);
    await fleet.runtime.run(10);
    const before = list.length;
    for (const server of fleet.servers.values()) server.kill();
    const global = fleet.cluster("global");
    global.apply(0, 0, { delete: { path: `${root}/a/x`, version: -1 } });
    global.apply(0, 0, { set: { path: `${root}/b`, data: Buffer.from("2"), version: -1 } });
    global.seed(`${root}/c`);
    recover(fleet);
    refuseToResume(fleet, code);
    expect(cached.get(`${root}/b`)?.text).toBe("first/b");
    await fleet.runtime.run(10_000);
    expect(words(list.slice(before))).toEqual(["reset", "removed /a/x", "changed /b", "added /c"]);
    expect(shown(cached)).toEqual(truth(fleet));
  },
);

test("what is too large to be held ends it with an error, now or later", async () => {
  const { fleet, client } = await scene();
  const small = client.cachedSubtree(root, { nodesMax: 4 });
  expect(await fleet.runtime.until(codeOf(small.ready))).toBe("TOO_LARGE");
  const cached = client.cachedSubtree(root, { bytesMax: 4_000 });
  await fleet.runtime.until(cached.ready);
  const reading = (async () => {
    for await (const _ of cached);
  })();
  fleet.cluster("global").seed(`${root}/big`, "x".repeat(4_000));
  expect(await fleet.runtime.until(codeOf(reading))).toBe("TOO_LARGE");
  expect(() => cached.get(root)).toThrow("TOO_LARGE");
});

test("a reader of changes that is too slow is cut off, and nobody else", async () => {
  const { fleet, cached } = await scene(1, { bufferMax: 10 });
  const { copy } = follow(cached);
  const slow = cached[Symbol.asyncIterator]();
  await fleet.runtime.until(cached.ready);
  for (let n = 0; n < 30; n += 1) {
    fleet.cluster("global").seed(`${root}/n${n}`);
    await fleet.runtime.run(5);
  }
  const reading = (async () => {
    for await (const _ of slow);
  })();
  expect(await fleet.runtime.until(codeOf(reading))).toBe("OVERLOADED");
  expect(copy.size).toBe(35);
  expect(cached.size).toBe(35);
});

test("it says how old it is at most, and grows no older while nothing happens", async () => {
  const { fleet, cached } = await scene();
  expect(cached.stalenessMs).toBe(Infinity);
  await fleet.runtime.until(cached.ready);
  await fleet.runtime.run(60_000);
  expect(cached.stalenessMs).toBeLessThan(3_000);
  for (const server of fleet.servers.values()) server.isSilent = true;
  await fleet.runtime.run(60_000);
  expect(cached.stalenessMs).toBeGreaterThan(59_000);
  expect(cached.get(root)).toBeDefined();
  recover(fleet);
  await fleet.runtime.run(30_000);
  expect(cached.stalenessMs).toBeLessThan(3_000);
});

test("a node that stopped following its owner makes it as old as it is", async () => {
  const { fleet, cached } = await scene();
  await fleet.runtime.until(cached.ready);
  for (const server of fleet.servers.values()) server.stalenessMs = 7_000;
  await fleet.runtime.run(10_000);
  expect(cached.stalenessMs).toBeGreaterThan(7_000);
});

test("closing it ends iterations, and reading it throws", async () => {
  const { fleet, cached } = await scene();
  await fleet.runtime.until(cached.ready);
  const iteration = cached[Symbol.asyncIterator]();
  cached.close();
  for (let n = 0; n < 5; n += 1) await iteration.next();
  expect((await iteration.next()).done).toBe(true);
  expect(() => cached.get(root)).toThrow("STALE");
  expect((await cached[Symbol.asyncIterator]().next()).done).toBe(true);
});

test("the end of the client is the end of it", async () => {
  const { fleet, client, cached } = await scene();
  await fleet.runtime.until(cached.ready);
  const reading = (async () => {
    for await (const _ of cached);
  })();
  await fleet.runtime.until(client.close());
  await fleet.runtime.until(codeOf(reading));
  expect(() => cached.get(root)).toThrow("STALE");
});

test("in an eventual zone it follows what the own region has", async () => {
  const { fleet, client } = await scene();
  const home = fleet.cluster("us-west");
  const path = "/shared/app";
  for (const name of ["", "/a", "/b"]) home.seed(path + name, "1");
  const cached = client.cachedSubtree(path);
  await fleet.runtime.until(cached.ready);
  await fleet.runtime.until(client.set(`${path}/a`, "2"));
  await fleet.runtime.until(client.delete(`${path}/b`));
  await fleet.runtime.until(client.create(`${path}/c`, "3"));
  await fleet.runtime.run(50);
  expect(cached.entries().map(({ text }) => text)).toEqual(["1", "2", "3"]);
  expect(cached.get(path)?.stat.numChildren).toBe(2);
  expect(cached.stalenessMs).toBeLessThan(1_000);
  const strict = client.cachedSubtree(path, { consistency: "strict" });
  expect(await fleet.runtime.until(codeOf(strict.ready))).toBe("UNSUPPORTED");
});

test("in an eventual zone a value that has lost does not stay, whatever comes last", async () => {
  const { fleet, client } = await scene();
  const home = fleet.cluster("us-west");
  const path = "/shared/app";
  for (const name of ["", "/a", "/gone"]) home.seed(path + name, "won");
  const cached = client.cachedSubtree(path);
  await fleet.runtime.until(cached.ready);
  const { copy } = follow(cached);
  // As a watch hears that goes on where regions were taken over in another order.
  const tell = (kind: number, at: string, region: string): void => {
    home.index += 1;
    const known = home.nodes.get(`${path}/a`);
    if (known === undefined) throw new Error("it is there");
    const stat = { ...known.stat, vector: [{ region, counter: home.index }] };
    const node = kind === EventKind.DELETED ? undefined : { data: Buffer.from("lost"), stat };
    home.changes.push({ index: home.index, kind, path: at, node });
    for (const listener of home.listeners) listener([]);
  };
  tell(EventKind.CHANGED, `${path}/a`, "apac");
  tell(EventKind.CHANGED, `${path}/a`, "eu-west");
  tell(EventKind.CREATED, `${path}/never`, "apac");
  tell(EventKind.DELETED, `${path}/gone`, "apac");
  await fleet.runtime.run(100);
  const shownNow = cached.entries().map((node) => `${node.path.slice(path.length)} ${node.text}`);
  expect(shownNow).toEqual([" won", "/a won", "/gone won"]);
  expect([...copy].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(
    cached.entries().map((node) => [node.path, node.text]),
  );
  expect(cached.get(path)?.stat.numChildren).toBe(2);
});

test("what is known of a node is known of what was not below it", () => {
  const at = (index: number) => ({ cluster: "global", incarnation: 1, index });
  const coverage = new SubtreeCoverage("/r");
  coverage.noteRoot(at(10));
  coverage.notePage("/r", "m", at(11));
  coverage.notePage("/r", undefined, at(13));
  const covered = [
    ["/r", 10],
    ["/r", 11],
    ["/r/a", 11],
    ["/r/a", 12],
    ["/r/z", 12],
    ["/r/a/b/c", 11],
    ["/r/z/b", 13],
    ["/r/z/b", 14],
    ["/r/z", 0],
  ].map(([path, index]) => coverage.covers(String(path), at(Number(index))));
  expect(covered).toEqual([true, false, true, false, true, true, true, false, false]);
  const elsewhere = [{ cluster: "apac" }, { incarnation: 2 }].map((other) => {
    return coverage.covers("/r/a", { ...at(1), ...other });
  });
  expect(elsewhere).toEqual([false, false]);
  expect([coverage.coversStat("/r", at(13)), coverage.coversStat("/r", at(14))]).toEqual([
    true,
    false,
  ]);
  expect([coverage.passed(at(13)), coverage.passed(at(14))]).toEqual([false, true]);
});
