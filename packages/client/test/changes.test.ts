import { EventKind, OpenOutcome } from "@meridian/wire";
import { expect, test } from "vitest";
import type { ChangesEvent } from "../src/changes/change-event.ts";
import type { Changes, ChangesOptions } from "../src/changes/changes.ts";
import type { Meridian } from "../src/client.ts";
import type { FakeChange, FakeCluster } from "./fake-cluster.ts";
import { encodeToken } from "../src/token.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

interface Stage {
  readonly fleet: FakeFleet;
  readonly client: Meridian;
  readonly home: FakeCluster;
}

const top = "/regions/us-west";

async function stage(seed?: number): Promise<Stage> {
  const fleet = new FakeFleet(seed);
  const home = fleet.cluster("us-west");
  home.seed(`${top}/old`, "old");
  return { fleet, home, client: await fleet.client() };
}

/** A stream that has begun. */
async function opened({ fleet, client }: Stage, options: ChangesOptions): Promise<Changes> {
  const changes = client.changes(options);
  await fleet.runtime.until(changes.ready);
  return changes;
}

/** The next event that is no bookmark. */
async function next(fleet: FakeFleet, changes: Changes): Promise<ChangesEvent> {
  for (;;) {
    const { value } = await fleet.runtime.until(changes.next());
    if (value === undefined) throw new Error("the stream ended");
    if (value.kind !== "bookmark") return value;
  }
}

/** Paths of the next so many changes, transaction by transaction. */
async function paths(fleet: FakeFleet, changes: Changes, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const event = await next(fleet, changes);
    if (event.kind !== "transaction") throw new Error(`a ${event.kind}`);
    found.push(...event.changes.map(({ path }) => path));
  }
  return found;
}

function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, n) => `${top}/n${from + n}`);
}

/** A change that another cluster made. */
function foreign(index: number): { index: number; changes: FakeChange[] } {
  const path = `/global/n${index}`;
  const stat = { czxid: index, mzxid: index } as NonNullable<FakeChange["node"]>["stat"];
  const node = { data: Buffer.from(`${index}`), stat };
  return { index, changes: [{ index, kind: EventKind.CREATED, path, node }] };
}

test("from now: what is reported is what happens once the stream is ready", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const changes = await opened(scene, { prefix: top });
  await fleet.runtime.until(client.set(`${top}/old`, "new"));
  home.seed("/regions/us-west-not", "elsewhere");
  const event = await next(fleet, changes);
  expect(event).toMatchObject({
    kind: "transaction",
    origin: "us-west",
    position: { cluster: "us-west", incarnation: 1 },
    changes: [{ kind: "changed", path: `${top}/old`, text: "new", stat: { version: 1 } }],
  });
  // Nobody needs a snapshot to learn where the present is.
  expect(fleet.select(({ seedsSent }) => seedsSent > 0)).toEqual([]);
  await fleet.runtime.until(client.delete(`${top}/old`));
  expect(await next(fleet, changes)).toMatchObject({
    changes: [{ kind: "deleted", path: `${top}/old`, data: undefined }],
  });
});

test("from now: what the client wrote before is not news, even at a node that lags", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const { receipt } = await fleet.runtime.until(client.set(`${top}/old`, "mine"));
  home.index -= 1; // as a member that has yet to apply it would say
  const opening = opened(scene, {});
  await fleet.runtime.run(50);
  home.index = receipt.position.index;
  const changes = await opening;
  home.seed(`${top}/n0`);
  expect(await paths(fleet, changes, 1)).toEqual([`${top}/n0`]);
});

test("from the start: a snapshot that says that it is one, then what changes", async () => {
  const scene = await stage();
  const { fleet, home } = scene;
  for (const path of numbered(0, 25)) home.seed(path, "seeded");
  const changes = await opened(scene, { from: "start", prefix: top });
  expect(await next(fleet, changes)).toMatchObject({ kind: "snapshot", reason: "start" });
  const seen: string[] = [];
  let event = await next(fleet, changes);
  for (; event.kind === "snapshot-part"; event = await next(fleet, changes)) {
    expect(event.token).toBe("");
    seen.push(...event.nodes.map(({ path }) => path));
  }
  expect(seen.toSorted()).toEqual([top, ...numbered(0, 25), `${top}/old`].toSorted());
  expect(event).toMatchObject({ kind: "snapshot-end", position: { index: home.index } });
  home.seed(`${top}/after`);
  expect(await paths(fleet, changes, 1)).toEqual([`${top}/after`]);
});

test("a transaction is whole, and no step of the followed cluster is told twice", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const first = await opened(scene, {});
  home.takeOver("global", [foreign(101), foreign(102), foreign(103)]);
  const one = await next(fleet, first);
  expect(one).toMatchObject({ origin: "global", position: { cluster: "global", index: 101 } });
  first.close();
  // The place to go on from lies in the middle of a step of us-west, which no index of it can say.
  const second = await opened({ ...scene, client: await fleet.client() }, { from: one.token });
  expect(await paths(fleet, second, 2)).toEqual(["/global/n102", "/global/n103"]);
  home.seed(`${top}/n0`);
  expect(await paths(fleet, second, 1)).toEqual([`${top}/n0`]);
  const multi = [
    { kind: "create", path: `${top}/m1` },
    { kind: "create", path: `${top}/m2` },
  ] as const;
  await fleet.runtime.until(client.multi(multi));
  const event = await next(fleet, second);
  expect(event.kind === "transaction" ? event.changes : []).toMatchObject([
    { path: `${top}/m1` },
    { path: `${top}/m2` },
  ]);
});

test("over any number of lost connections nothing is missing and nothing comes twice", async () => {
  const scene = await stage(7);
  const { fleet, home } = scene;
  const changes = await opened(scene, { windowBytes: 2_000 });
  const wanted: string[] = [];
  for (let n = 0; n < 200; n += 1) {
    if (n % 3 === 0) {
      home.takeOver("global", [foreign(2 * n), foreign(2 * n + 1)]);
      wanted.push(`/global/n${2 * n}`, `/global/n${2 * n + 1}`);
    } else {
      home.seed(`${top}/n${n}`, "x".repeat(n));
      wanted.push(`${top}/n${n}`);
    }
    await fleet.runtime.run(Math.floor(fleet.runtime.random() * 40));
    if (n % 5 !== 0) continue;
    cut(fleet);
  }
  expect(await paths(fleet, changes, wanted.length)).toEqual(wanted);
});

test.for([1, 2, 3, 4, 5, 6, 7, 8])(
  "a copy that every event is applied to comes to be what the cluster has, seed %i",
  async (seed) => {
    const scene = await stage(seed);
    const { fleet, home } = scene;
    const { runtime } = fleet;
    const copy = new Copy();
    const options = { prefix: top, windowBytes: 3_000 };
    let changes = await opened(scene, { ...options, from: copy.from });
    for (let n = 0; n < 150; n += 1) {
      await change(scene, n);
      if (runtime.random() < 0.05) home.floor = home.index;
      if (runtime.random() < 0.1) cut(fleet);
      if (runtime.random() < 0.1) {
        changes.close();
        changes = await opened(scene, { ...options, from: copy.from });
      }
      copy.apply((await runtime.until(changes.next())).value);
    }
    while (copy.index < home.index) copy.apply((await runtime.until(changes.next())).value);
    const wanted = [...home.nodes].filter(([path]) => path.startsWith(top));
    const texts = wanted.map(([path, { data }]) => [path, Buffer.from(data).toString()] as const);
    expect(copy.texts, `seed ${seed}`).toEqual(new Map(texts));
    expect(copy.kinds.size, `seed ${seed}`).toBe(5);
  },
);

/** Creates, changes or deletes one of ten nodes. */
async function change({ fleet, client, home }: Stage, n: number): Promise<void> {
  const { runtime } = fleet;
  const path = `${top}/n${Math.floor(runtime.random() * 10)}`;
  if (!home.nodes.has(path)) home.seed(path, `${n}`);
  else if (runtime.random() < 0.3) await runtime.until(client.delete(path));
  else await runtime.until(client.set(path, `${n}`));
}

/** Breaks all change streams. */
function cut(fleet: FakeFleet): void {
  for (const { feeds } of fleet.servers.values()) for (const feed of feeds) feed.sink.break();
}

/** Nodes as a reader of changes knows them. */
class Copy {
  readonly texts = new Map<string, string>();
  readonly kinds = new Set<string>();
  /** Where to go on. */
  from = "start";
  /** Place in the followed history that a bookmark has told of. */
  index = 0;

  apply(event: ChangesEvent | undefined): void {
    if (event === undefined) throw new Error("the stream ended");
    this.kinds.add(event.kind);
    if (event.kind === "snapshot") this.texts.clear();
    for (const { path, text } of event.changes) {
      if (text === undefined) this.texts.delete(path);
      else this.texts.set(path, text);
    }
    // In the middle of a snapshot there is no place to go on from.
    this.from = event.token === "" ? "start" : event.token;
    if (event.kind === "bookmark") this.index = event.position.index;
  }
}

test("below what is kept: a snapshot that says so, or the end, as the reader wants", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const first = await opened(scene, {});
  home.seed(`${top}/n0`);
  const { token } = await next(fleet, first);
  first.close();
  home.seed(`${top}/n1`);
  home.floor = home.index;
  const second = await opened(scene, { from: token });
  expect(await next(fleet, second)).toMatchObject({ kind: "snapshot", reason: "compacted" });
  const third = client.changes({ from: token, snapshots: false });
  expect(await codeOf(fleet.runtime.until(third.next()))).toBe("COMPACTED");
  expect(await codeOf(third.ready)).toBe("COMPACTED");
});

test("a snapshot that is broken off begins anew, and says so", async () => {
  const scene = await stage();
  const { fleet, home } = scene;
  for (const path of numbered(0, 40)) home.seed(path);
  const changes = await opened(scene, { from: "start", windowBytes: 1_000 });
  expect((await next(fleet, changes)).kind).toBe("snapshot");
  expect((await next(fleet, changes)).kind).toBe("snapshot-part");
  fleet.server("us-west-1").kill();
  cut(fleet);
  const kinds: string[] = [];
  const seen = new Set<string>();
  for (let event = await next(fleet, changes); ; event = await next(fleet, changes)) {
    kinds.push(event.kind === "snapshot" ? `snapshot ${event.reason}` : event.kind);
    if (event.kind === "snapshot") seen.clear();
    if (event.kind === "snapshot-part") for (const { path } of event.nodes) seen.add(path);
    if (event.kind === "snapshot-end") break;
  }
  expect(kinds).toContain("snapshot start");
  expect(seen.size).toBe(home.nodes.size);
});

test("a reader that does not read holds no more than its window, and misses nothing", async () => {
  const scene = await stage();
  const { fleet, home } = scene;
  const changes = await opened(scene, { windowBytes: 5_000 });
  const served = fleet.select(({ feeds }) => feeds.size > 0);
  const [feed] = [...(served[0]?.feeds ?? [])];
  for (const path of numbered(0, 100)) {
    home.seed(path, "x".repeat(900));
    await fleet.runtime.run(100);
  }
  // At most one frame goes beyond the window, and no node holds a queue for the reader.
  expect(feed?.credit).toBeGreaterThan(-2_100);
  expect(feed?.credit).toBeLessThanOrEqual(0);
  expect(await paths(fleet, changes, 100)).toEqual(numbered(0, 100));
});

test("bookmarks move on without changes, and at most one waits to be read", async () => {
  const scene = await stage();
  const { fleet, home } = scene;
  const changes = await opened(scene, { prefix: "/regions/us-west/none", bookmarkMs: 500 });
  for (const path of numbered(0, 20)) {
    home.seed(path);
    await fleet.runtime.run(300);
  }
  const first = await fleet.runtime.until(changes.next());
  expect(first.value?.kind).toBe("bookmark");
  const { value } = await fleet.runtime.until(changes.next());
  expect(value).toMatchObject({ kind: "bookmark", position: { index: home.index } });
  expect(value?.kind === "bookmark" ? [...value.ages.keys()] : []).toEqual(["us-west"]);
  expect(value?.token).toBe(changes.token);
  const again = await opened(scene, { from: value?.token, prefix: top });
  home.seed(`${top}/n20`);
  expect(await paths(fleet, again, 1)).toEqual([`${top}/n20`]);
});

test("each outcome of opening is told apart", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const first = await opened(scene, {});
  home.seed(`${top}/n0`);
  const { token } = await next(fleet, first);
  const fork = { cluster: "us-west", incarnation: 1, index: 3 };
  const outcomes = [
    [{ outcome: OpenOutcome.FORKED, fork, position: { ...fork, incarnation: 2 } }, "FORKED"],
    [{ outcome: OpenOutcome.MOVED, fork: { cluster: "eu-west" } }, "MOVED"],
    [{ outcome: OpenOutcome.DENIED }, "RESIDENCY_DENIED"],
    [{ outcome: 99 }, "UNSUPPORTED"],
  ] as const;
  for (const [outcome, code] of outcomes) {
    for (const server of fleet.servers.values()) server.outcome = outcome;
    const changes = client.changes({ from: token });
    expect(await codeOf(fleet.runtime.until(changes.next()))).toBe(code);
    expect(await codeOf(changes.ready)).toBe(code);
    expect(await fleet.runtime.until(changes.next())).toEqual({ done: true, value: undefined });
  }
  expect(fleet.select(({ feeds }) => feeds.size > 0)).toHaveLength(1);
});

test("an abandoned history is told, and a new one begins from the start", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const first = await opened(scene, {});
  home.seed(`${top}/n0`);
  const { token } = await next(fleet, first);
  home.incarnation = 2;
  cut(fleet);
  expect(await codeOf(next(fleet, first))).toBe("FORKED");
  const second = client.changes({ from: token });
  expect(await codeOf(fleet.runtime.until(second.ready))).toBe("FORKED");
  const third = await opened(scene, { from: "start" });
  expect(await next(fleet, third)).toMatchObject({ kind: "snapshot", reason: "start" });
});

test("a member that has yet to hear of a promotion is passed over, not believed", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const first = await opened(scene, {});
  home.seed(`${top}/n0`);
  await next(fleet, first);
  const late = { cluster: "us-west", incarnation: 0, index: 5 };
  fleet.server("us-west-1").outcome = { outcome: OpenOutcome.FORKED, position: late, fork: late };
  fleet.server("us-west-2").outcome = { outcome: OpenOutcome.FORKED, position: late, fork: late };
  const second = client.changes({ from: first.token });
  await fleet.runtime.until(second.ready);
  home.seed(`${top}/n1`);
  expect(await paths(fleet, second, 1)).toEqual([`${top}/n1`]);
});

test("a silent member, and one that is out of date, are left for another", async () => {
  const scene = await stage();
  const { fleet, home } = scene;
  const changes = await opened(scene, {});
  const [first] = fleet.select(({ feeds }) => feeds.size > 0);
  if (first === undefined) throw new Error("nobody serves");
  first.isMute = true;
  await fleet.runtime.run(8_000);
  const [second] = fleet.select(({ feeds }) => feeds.size > 0);
  expect(second?.place.node).not.toBe(first.place.node);
  if (second === undefined) throw new Error("nobody serves");
  second.stalenessMs = 60_000;
  await fleet.runtime.run(8_000);
  const [third] = fleet.select(({ feeds }) => feeds.size > 0);
  expect(third?.place.node).not.toBe(second.place.node);
  home.seed(`${top}/n0`);
  expect(await paths(fleet, changes, 1)).toEqual([`${top}/n0`]);
});

test("the cluster that holds the prefix is followed, wherever it is", async () => {
  const scene = await stage();
  const { client } = scene;
  expect(client.changes().cluster).toBe("us-west");
  expect(client.changes({ prefix: ["/global", "/shared", "/regions/apac"] }).cluster).toBe(
    "us-west",
  );
  expect(client.changes({ prefix: "/private/eu-west" }).cluster).toBe("eu-west");
  expect(client.changes({ prefix: "/global", cluster: "global" }).cluster).toBe("global");
  expect(() => client.changes({ prefix: ["/private/eu-west", top] })).toThrow(/BAD_ARGUMENTS/);
  expect(() => client.changes({ cluster: "nowhere" })).toThrow(/REGION_UNAVAILABLE/);
  expect(() => client.changes({ prefix: "not/absolute" })).toThrow(/BAD_PATH/);
  expect(() => client.changes({ from: "no token" })).toThrow(/BAD_ARGUMENTS/);
  expect(() => client.changes({ windowBytes: 0 })).toThrow(/BAD_ARGUMENTS/);
});

test("a token says which stream it is of, and is no token of another one", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const apac = { cluster: "apac", incarnation: 1, index: 3 };
  // How far changes of apac were reported, in the order of us-west, is no place in apac's stream.
  client.observe(encodeToken([apac]));
  const first = await opened(scene, {});
  home.takeOver("global", [foreign(101)]);
  const { token, resumeFrom } = await next(fleet, first);
  expect(resumeFrom.map(({ cluster }) => cluster)).toEqual(["us-west", "global"]);
  const far = await fleet.client({ region: "apac", endpoints: ["apac-1:1"] });
  expect(far.changes({ from: token }).cluster).toBe("us-west");
  expect(() => far.changes({ from: token, cluster: "apac" })).toThrow(/BAD_ARGUMENTS/);
  expect(far.changes({ from: encodeToken([apac]) }).cluster).toBe("apac");
  expect(() => client.changes({ from: encodeToken([apac]) })).toThrow(/BAD_ARGUMENTS/);
});

test("what a client has read is not reported again by a stream from its token", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  await fleet.runtime.until(client.set(`${top}/old`, "1"));
  const { token } = client;
  home.seed(`${top}/n0`);
  const changes = await opened(scene, { from: token });
  expect(await paths(fleet, changes, 1)).toEqual([`${top}/n0`]);
});

test("what a client has seen in another region is reported where it is merged later", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  // There it came after what us-west is told of first, and which has lost against it.
  client.observe(encodeToken([{ cluster: "apac", incarnation: 1, index: 3 }]));
  await fleet.runtime.until(client.set(`${top}/old`, "1"));
  const changes = foreign(3).changes.map((change) => ({ ...change, path: "/shared/a" }));
  for (const options of [{}, { from: client.token }]) {
    const stream = await opened(scene, options);
    home.takeOver("apac", [{ index: 3, changes }]);
    expect(await paths(fleet, stream, 1)).toEqual(["/shared/a"]);
    await stream.return();
  }
});

test("what was read moves the client's token", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const changes = await opened(scene, {});
  home.takeOver("global", [foreign(101)]);
  const { token } = await next(fleet, changes);
  expect(client.token).toBe(token.length > 0 ? client.token : "");
  const other = await fleet.client({ token });
  expect(other.token).toBe(client.token);
});

test("a stream ends with its signal, its client, and its iteration", async () => {
  const scene = await stage();
  const { fleet, client, home } = scene;
  const controller = new AbortController();
  const aborted = await opened(scene, { signal: controller.signal });
  const waiting = aborted.next();
  controller.abort();
  expect(await fleet.runtime.until(waiting)).toEqual({ done: true, value: undefined });
  expect(await codeOf(client.changes({ signal: controller.signal }).ready)).toBe("DEADLINE");
  const left = await opened(scene, {});
  home.seed(`${top}/n0`);
  await next(fleet, left);
  await left.return();
  expect(await left.next()).toEqual({ done: true, value: undefined });
  await using disposed = await opened(scene, {});
  const last = disposed.next();
  await fleet.runtime.until(client.close());
  expect(await fleet.runtime.until(last)).toEqual({ done: true, value: undefined });
  expect(fleet.select(({ feeds }) => feeds.size > 0)).toEqual([]);
  expect(() => client.changes()).toThrow(/SESSION_EXPIRED/);
});
