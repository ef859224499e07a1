/**
 * Where reads and writes are served on a platform at rest, and what they say; and recipes whose
 * users are in different regions. How long they take is printed: of many times the shortest, which
 * other work on the machine does not hold up, tells whether the way between regions was gone.
 */
import type { Changes, Meridian } from "@meridian/client";
import { expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { printFigure, printTimes, timed } from "./support/figures.ts";
import { platformOfFile } from "./support/file-platform.ts";

const platform = platformOfFile({ profile: "compact" });

const eventual = { consistency: "eventual" } as const;

const regions = ["us-west", "us-central", "eu-west", "apac", "sa-east"];

interface ReadOutput {
  readonly data: string;
  readonly receipt: {
    readonly consistency: string;
    readonly stalenessMs: number;
    readonly servedBy: { readonly region: string; readonly tier: string };
  };
}

test("a strict write from one region is read strictly from another at once", async () => {
  await platform().ok("set", "/global/a", "v", "--create", "--region", "apac");
  const strict = ["--region", "us-west", "--consistency", "strict"];
  const read = await platform().json<ReadOutput>("get", "/global/a", ...strict);
  expect(read).toMatchObject({ data: "v", receipt: { consistency: "strict", stalenessMs: 0 } });
});

test("an eventual read comes from an edge of the caller's region and says its age", async () => {
  await platform().ok("set", "/global/b", "v", "--create", "--region", "apac");
  const flags = ["--region", "us-west", "--consistency", "eventual"];
  const read = await until("the edge has it", 20_000, () => {
    return platform().json<ReadOutput>("get", "/global/b", ...flags);
  });
  expect(read).toMatchObject({
    data: "v",
    receipt: { consistency: "eventual", servedBy: { region: "us-west", tier: "edge" } },
  });
  expect(read.receipt.stalenessMs).toBeGreaterThanOrEqual(0);
  expect(read.receipt.stalenessMs).toBeLessThan(5_000);
});

test("an eventual read crosses no region", async () => {
  const client = await platform().connect("us-west");
  const { path } = await client.create("/global/near", "v");
  await until("the edge has it", 20_000, () => client.get(path, eventual));
  const timesMs: number[] = [];
  for (let count = 0; count < 300; count += 1) {
    const read = await timed(() => client.get(path, eventual));
    expect(read.value.receipt.servedBy).toMatchObject({ region: "us-west", tier: "edge" });
    timesMs.push(read.elapsedMs);
  }
  printTimes("eventual read at an edge (promised: under 5 ms)", timesMs);
  expect(Math.min(...timesMs)).toBeLessThan(await platform().oneWayMs("us-west", "us-central"));
});

test("a near cache answers without waiting, and has own writes", async () => {
  const client = await platform().connect("us-west");
  const { path } = await client.create("/global/hot/flag", "0", { parents: true });
  await using cache = await client.nearCache("/global/hot");
  // Processor time, since whatever else has the core while this loop waits is not the cache's.
  const before = process.cpuUsage();
  let read = 0;
  for (let count = 0; count < 500_000; count += 1) read += cache.get(path)?.data.length ?? 0;
  const { user, system } = process.cpuUsage(before);
  expect(read).toBe(500_000);
  const rate = Math.round((500_000 * 1_000_000) / (user + system));
  printFigure("reads of a near cache (promised: over 1,000,000/s)", `${rate}/s`);
  for (let count = 1; count <= 8; count += 1) {
    await client.set(path, `${count}`);
    expect((await client.get(path, eventual)).text).toBe(`${count}`);
  }
  const hit = await until("the cache answers", 20_000, async () => {
    const { text, receipt } = await client.get(path, eventual);
    return receipt.servedBy.tier === "cache"
      ? { text, stalenessMs: receipt.stalenessMs }
      : undefined;
  });
  expect(hit.text).toBe("8");
  expect(hit.stalenessMs).toBeLessThan(5_000);
});

test("changes of the global tier are followed in a region, and from a token", async () => {
  const writer = await platform().connect("apac");
  const near = await platform().connect("us-west");
  const far = await platform().connect("eu-west");
  await using changes = near.changes({ prefix: "/global/followed" });
  await changes.ready;
  const { path } = await writer.create("/global/followed", "0");
  const writes = Array.from({ length: 40 }, (_, count) => writer.set(path, `${count + 1}`));
  await Promise.all(writes);
  const first = await versions(changes, 20);
  expect(changes.cluster).toBe("us-west");
  // The token is of us-west's history: it is gone on with there, from wherever.
  await using later = far.changes({ prefix: "/global/followed", from: changes.token });
  expect(later.cluster).toBe("us-west");
  const rest = await versions(later, 21);
  expect([...first, ...rest]).toEqual(Array.from({ length: 41 }, (_, version) => version));
});

/** Versions of the next so many changes; all of one origin, and in the order of its history. */
async function versions(changes: Changes, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  let index = 0;
  for (;;) {
    const { value } = await changes.next();
    if (value === undefined) throw new Error("the stream ended");
    if (value.kind !== "transaction") continue;
    expect(value.origin).toBe("global");
    expect(value.position.index).toBeGreaterThan(index);
    ({ index } = value.position);
    found.push(...value.changes.map(({ stat }) => stat?.version ?? -1));
    if (found.length >= count) return found;
  }
}

test("an eventual read crosses no region after a strict one, whatever came between", async () => {
  const client = await platform().connect("us-west");
  const { path } = await client.create("/global/mixed", "v");
  // Commands come and go with sessions of their own: entries that change nothing for a mirror.
  await platform().ok("set", "/global/other", "v", "--create", "--region", "apac");
  await until("the edge has it", 20_000, () => client.get("/global/other", eventual));
  const timesMs: number[] = [];
  for (let count = 0; count < 9; count += 1) {
    await client.get(path, { consistency: "strict" });
    const read = await timed(() => client.get(path, eventual));
    expect(read.value.receipt.servedBy).toMatchObject({ region: "us-west", tier: "edge" });
    timesMs.push(read.elapsedMs);
  }
  printTimes("eventual read after a strict one (promised: under 5 ms)", timesMs);
  expect(Math.min(...timesMs)).toBeLessThan(await platform().oneWayMs("us-west", "us-central"));
});

test("a token of one region's client is honoured by the others", async () => {
  const writer = await platform().connect("eu-west");
  const { path } = await writer.create("/shared/handed-over", "v");
  await writer.get(path);
  const readers = await Promise.all(regions.map((region) => platform().connect(region)));
  const { value, elapsedMs } = await timed(() =>
    Promise.all(readers.map((reader) => reader.get(path, { after: writer.token }))),
  );
  expect(value.map(({ text }) => text)).toEqual(regions.map(() => "v"));
  printTimes("a write until all regions read it by its token", [elapsedMs]);
});

test("a regional write at home crosses no region", async () => {
  const client = await platform().connect("eu-west");
  const { path } = await client.create("/regions/eu-west/fast", "");
  const timesMs: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const { value, elapsedMs } = await timed(() => client.set(path, String(count)));
    expect(value.receipt.servedBy.region).toBe("eu-west");
    timesMs.push(elapsedMs);
  }
  printTimes("regional write at home (promised: under 30 ms)", timesMs);
  // There and back: the least that a word of the global tier takes.
  const globalMs = 2 * (await platform().oneWayMs("eu-west", "us-east"));
  expect(Math.min(...timesMs)).toBeLessThan(globalMs);
});

test("a regional write comes to another region's mirror, as soon as the way takes", async () => {
  const [home, away] = await Promise.all([
    platform().connect("eu-west"),
    platform().connect("apac"),
  ]);
  const { path } = await home.create("/regions/eu-west/x", "");
  const delayMs = await platform().oneWayMs("eu-west", "apac");
  const timesMs: number[] = [];
  for (let count = 0; count < 15; count += 1) {
    const { stat } = await home.set(path, String(count));
    const { elapsedMs } = await timed(() =>
      until("apac has it", 20_000, () => {
        return mirrored(away, path, stat.mzxid);
      }),
    );
    timesMs.push(elapsedMs);
  }
  printTimes(`eu-west to a mirror in apac (promised: ${delayMs + 200} ms)`, timesMs);
  expect(Math.min(...timesMs)).toBeLessThan(delayMs + 200);
});

test("writes of the same shared node in two regions converge to one value everywhere", async () => {
  const clients = await Promise.all(regions.map((region) => platform().connect(region)));
  const writers = clients.filter(({ region }) => ["us-west", "eu-west"].includes(region));
  const timesMs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const path = `/shared/x${round}`;
    const writes = writers.map((writer) => writer.create(path, `by ${writer.region}`));
    const stats = (await Promise.all(writes)).map(({ stat }) => stat);
    const [winner] = stats.toSorted((a, b) => b.mtimeMs - a.mtimeMs);
    const isTie = stats.every(({ mtimeMs }) => mtimeMs === winner?.mtimeMs);
    const { value, elapsedMs } = await timed(() => {
      return until("all regions agree", 20_000, () => agreement(clients, path));
    });
    expect(value).toMatch(isTie ? /^by / : `by ${winner?.origin}`);
    timesMs.push(elapsedMs);
  }
  printTimes("two regions write a node at once, until all five agree", timesMs);
});

test("regions count for themselves in an eventual zone, and come to the same sum", async () => {
  const path = "/shared/likes/42";
  const clients = await Promise.all(
    ["us-west", "eu-west", "apac"].map((region) => platform().connect(region)),
  );
  await Promise.all(
    clients.flatMap((client) => {
      return Array.from({ length: 40 }, () => client.counter(path).increment());
    }),
  );
  const { value, elapsedMs } = await timed(() => {
    return until("all regions know the sum", 20_000, async () => {
      const values = await Promise.all(clients.map((client) => client.counter(path).get()));
      return new Set(values).size === 1 && values[0] === 120 ? values : undefined;
    });
  });
  printFigure("a sum is everywhere after", `${Math.round(elapsedMs)} ms`);
  expect(value).toEqual([120, 120, 120]);
});

test("an item that is offered in one region is done in another, once", async () => {
  const path = "/global/work";
  const [west, apac] = await Promise.all([
    platform().connect("us-west"),
    platform().connect("apac"),
  ]);
  const texts = Array.from({ length: 20 }, (_, n) => String(n));
  await Promise.all(texts.map((text) => west.queue(path).offer(text)));
  const items = await apac.queue(path).takeMany(100);
  expect(items.map(({ text }) => text)).toEqual(texts);
  await Promise.all(items.map((item) => item.ack()));
  expect(await west.queue(path).size({ consistency: "strict" })).toBe(0);
});

test("a copy that follows a mirror shows what another region wrote, and says its age", async () => {
  const path = "/global/copied";
  const [west, apac] = await Promise.all([
    platform().connect("us-west"),
    platform().connect("apac"),
  ]);
  await using copy = west.cachedSubtree(path);
  await copy.ready;
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => apac.create(`${path}/n${n}`, "", { parents: true })),
  );
  const { stat } = await apac.get(path, { consistency: "strict" });
  await until("the copy has all of it", 20_000, () => {
    return copy.get(path)?.stat.pzxid === stat.pzxid ? true : undefined;
  });
  expect(copy.get(path)?.stat).toEqual(stat);
  await until("its age is that of the mirror", 20_000, () => {
    return copy.stalenessMs < 10_000 ? true : undefined;
  });
});

test("members of different regions see each other come and go", async () => {
  const path = "/global/members";
  const [west, apac] = await Promise.all([
    platform().connect("us-west"),
    platform().connect("apac"),
  ]);
  const told: string[] = [];
  const given = new AbortController();
  const watching = (async () => {
    const { signal } = given;
    for await (const { kind, member } of west.membership(path).changes({ signal })) {
      told.push(`${kind} ${member.name}`);
    }
  })();
  const own = await apac.membership(path).join({ name: "a" });
  await until("the other sees it come", 20_000, () => (told.length > 0 ? true : undefined));
  await own.leave();
  await until("the other sees it go", 20_000, () => (told.length > 1 ? true : undefined));
  given.abort();
  await watching;
  expect(told.map((each) => each.replace("present", "joined"))).toEqual(["joined a", "left a"]);
});

/** The value that every client reads in its own region, once it is the same. */
async function agreement(clients: readonly Meridian[], path: string): Promise<string | undefined> {
  const reads = await Promise.all(
    clients.map((client) => client.get(path, { consistency: "regional" })),
  );
  for (const [index, { receipt }] of reads.entries()) {
    expect(receipt.servedBy.region).toBe(clients[index]?.region);
  }
  const [value, ...others] = new Set(reads.map(({ text }) => text));
  return others.length === 0 ? value : undefined;
}

/** The node as a mirror in the caller's region has it, once it has this change. */
async function mirrored(client: Meridian, path: string, zxid: number): Promise<true | undefined> {
  const { stat, receipt } = await client.get(path, { consistency: "regional" });
  expect(receipt.servedBy.region).toBe(client.region);
  return stat.mzxid >= zxid ? true : undefined;
}
