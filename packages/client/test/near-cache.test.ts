import { expect, test } from "vitest";
import type { Meridian } from "../src/client.ts";
import type { NearCache, NearCacheOptions } from "../src/near-cache.ts";
import { FakeFleet } from "./fake-fleet.ts";
import { codeOf } from "./scene.ts";

const top = "/global/config";
const eventual = { consistency: "eventual" } as const;

interface Stage {
  readonly fleet: FakeFleet;
  readonly client: Meridian;
  readonly cache: NearCache;
}

async function stage(options: NearCacheOptions = {}): Promise<Stage> {
  const fleet = new FakeFleet();
  for (const name of ["a", "b", "c"]) fleet.cluster("global").seed(`${top}/${name}`, name);
  const client = await fleet.client();
  const cache = await fleet.runtime.until(client.nearCache(top, options));
  return { fleet, client, cache };
}

/** Reads that reached any node. */
function served(fleet: FakeFleet): number {
  const all = fleet.select(() => true).flatMap(({ seen }) => seen);
  return all.filter(({ get, children, exists }) => get ?? children ?? exists).length;
}

/** What a synchronous read throws; "none" when it does not. */
function refusal(read: () => unknown): string {
  try {
    read();
    return "none";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test("what is held is read at once, and follows what happens", async () => {
  const { fleet, cache } = await stage();
  expect(cache.get(`${top}/a`)).toMatchObject({ path: `${top}/a`, text: "a" });
  expect(cache.get(`${top}/none`)).toBeUndefined();
  expect(cache.children(top)).toEqual(["a", "b", "c"]);
  expect(cache.children(`${top}/none`)).toBeUndefined();
  fleet.cluster("global").seed(`${top}/d`, "d");
  await fleet.runtime.run(10);
  expect(cache.get(`${top}/d`)?.text).toBe("d");
  expect(cache.size).toBe(5);
  expect(refusal(() => cache.get("/global/other"))).toBe("BAD_ARGUMENTS");
});

test("eventual reads of the client are answered from it, as a server would", async () => {
  const { fleet, client, cache } = await stage();
  const before = served(fleet);
  const { text, data, receipt } = await client.get(`${top}/a`, eventual);
  expect({ text, servedBy: receipt.servedBy }).toEqual({
    text: "a",
    servedBy: { region: "us-west", node: "", tier: "cache" },
  });
  expect(receipt).toMatchObject({ consistency: "eventual", position: { cluster: "global" } });
  data.fill(0); // it is the caller's own
  expect(cache.get(`${top}/a`)?.text).toBe("a");
  const page = { ...eventual, withData: true, limit: 1, startAfter: "a" };
  expect(await client.children(top, page)).toMatchObject({
    names: ["b"],
    children: [{ name: "b", data: new Uint8Array([98]), stat: { version: 0 } }],
    more: true,
  });
  expect(await client.exists(`${top}/c`, eventual)).toMatchObject({ exists: true });
  expect(await client.exists(`${top}/none`, eventual)).toMatchObject({ exists: false });
  expect(await codeOf(client.get(`${top}/none`, eventual))).toBe("NO_NODE");
  expect(await codeOf(client.children(`${top}/none`, eventual))).toBe("NO_NODE");
  expect(served(fleet)).toBe(before);
});

test("other reads go where they always go", async () => {
  const { fleet, client } = await stage();
  for (const consistency of ["strict", "regional"] as const) {
    const { receipt } = await fleet.runtime.until(client.get(`${top}/a`, { consistency }));
    expect(receipt.servedBy.tier).not.toBe("cache");
  }
  fleet.cluster("global").seed("/global/other");
  const other = await fleet.runtime.until(client.get("/global/other", eventual));
  expect(other.receipt.servedBy.tier).toBe("edge");
});

test("own writes are seen: the copy does not answer until it has them", async () => {
  const { fleet, client, cache } = await stage();
  for (let n = 0; n < 20; n += 1) {
    const written = await fleet.runtime.until(client.set(`${top}/a`, `${n}`));
    const read = fleet.runtime.until(client.get(`${top}/a`, eventual));
    let version = Infinity; // of what it gives now; it may refuse, and must not give the old
    expect(["none", "STALE"]).toContain(
      refusal(() => {
        version = cache.get(`${top}/a`)?.stat.version ?? -1;
      }),
    );
    expect(version).toBeGreaterThanOrEqual(written.stat.version);
    expect((await read).stat.version).toBeGreaterThanOrEqual(written.stat.version);
  }
  await fleet.runtime.run(100);
  expect(cache.get(`${top}/a`)?.text).toBe("19");
});

test("a copy that is behind what another process has seen does not answer", async () => {
  const { fleet, client, cache } = await stage();
  for (const server of fleet.servers.values()) {
    if (server.place.cluster !== "global") server.freeze("global");
  }
  const other = await fleet.client();
  await fleet.runtime.until(other.set(`${top}/a`, "newer"));
  expect(cache.get(`${top}/a`)?.text).toBe("a");
  const read = await fleet.runtime.until(
    client.get(`${top}/a`, { ...eventual, after: other.token }),
  );
  expect(read.text).toBe("newer");
  expect(refusal(() => cache.get(`${top}/a`))).toBe("STALE");
  expect(cache.isFresh).toBe(false);
  for (const server of fleet.servers.values()) server.thaw("global");
  await fleet.runtime.run(100);
  expect(cache.get(`${top}/a`)?.text).toBe("newer");
  expect(cache.isFresh).toBe(true);
});

test("how old it may be is told, grows while nobody answers, and is bounded", async () => {
  const { fleet, client, cache } = await stage({ maxStalenessMs: 4_000 });
  await fleet.runtime.run(5_000);
  expect(cache.stalenessMs).toBeLessThan(2_500);
  expect(cache.get(`${top}/a`)?.receipt.stalenessMs).toBeLessThan(2_500);
  for (const server of fleet.servers.values()) {
    if (server.place.cluster !== "global") server.isSilent = true;
  }
  await fleet.runtime.run(1_000);
  const before = cache.stalenessMs;
  await fleet.runtime.run(1_000);
  expect(cache.stalenessMs).toBeGreaterThanOrEqual(before + 1_000);
  await fleet.runtime.run(4_000);
  expect(refusal(() => cache.get(`${top}/a`))).toBe("STALE");
  const { receipt } = await fleet.runtime.until(client.get(`${top}/a`, eventual));
  expect(receipt.servedBy.tier).toBe("global");
});

test("who asks for fresher data than it has gets it from a server", async () => {
  const { fleet, client } = await stage();
  await fleet.runtime.run(1_500);
  const fresh = await fleet.runtime.until(
    client.get(`${top}/a`, { ...eventual, maxStalenessMs: 20 }),
  );
  expect(fresh.receipt.servedBy.tier).toBe("edge");
  const any = await fleet.runtime.until(client.get(`${top}/a`, eventual));
  expect(any.receipt.servedBy.tier).toBe("cache");
});

test("what does not fit ends it, and reads go to servers", async () => {
  const { fleet, client, cache } = await stage({ nodesMax: 5 });
  for (const name of ["d", "e", "f"]) fleet.cluster("global").seed(`${top}/${name}`, name);
  await fleet.runtime.run(100);
  expect(refusal(() => cache.get(`${top}/a`))).toBe("TOO_LARGE");
  const { receipt } = await fleet.runtime.until(client.get(`${top}/a`, eventual));
  expect(receipt.servedBy.tier).toBe("edge");
  const none = client.nearCache(top, { nodesMax: 2 });
  expect(await codeOf(fleet.runtime.until(none))).toBe("TOO_LARGE");
});

test("it ends with its signal and its client, and is not waited for too long", async () => {
  const { fleet, client, cache } = await stage();
  const controller = new AbortController();
  const { signal } = controller;
  const second = await fleet.runtime.until(client.nearCache(`${top}/a`, { signal }));
  expect(second.get(`${top}/a`)?.text).toBe("a");
  controller.abort(new Error("enough"));
  expect(refusal(() => second.get(`${top}/a`))).toBe("STALE");
  await expect(client.nearCache(top, { signal })).rejects.toThrow("enough");
  await cache[Symbol.asyncDispose]();
  expect(refusal(() => cache.get(`${top}/a`))).toBe("STALE");
  const { receipt } = await fleet.runtime.until(client.get(`${top}/a`, eventual));
  expect(receipt.servedBy.tier).toBe("edge");
  const third = await fleet.runtime.until(client.nearCache(top));
  for (const server of fleet.servers.values()) server.isSilent = true;
  const late = client.nearCache("/global", { deadlineMs: 100 });
  expect(await codeOf(fleet.runtime.until(late))).toBe("DEADLINE");
  await fleet.runtime.until(client.close());
  expect(refusal(() => third.get(`${top}/a`))).toBe("STALE");
  expect(await codeOf(client.get(`${top}/a`, eventual))).toBe("SESSION_EXPIRED");
});

test("a million reads ask nobody and wait for nothing", async () => {
  const { fleet, cache } = await stage();
  const paths = ["a", "b", "c"].map((name) => `${top}/${name}`);
  const before = { served: served(fleet), atMs: fleet.runtime.nowMs() };
  const startedMs = performance.now();
  let bytes = 0;
  for (let n = 0; n < 1_000_000; n += 1) bytes += cache.get(paths[n % 3] ?? "")?.data.length ?? 0;
  const rate = 1_000_000_000 / (performance.now() - startedMs);
  console.info(`reads of a near cache: ${Math.round(rate)} a second`);
  expect(bytes).toBe(1_000_000);
  expect({ served: served(fleet), atMs: fleet.runtime.nowMs() }).toEqual(before);
});
