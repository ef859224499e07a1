import { Tier } from "@meridian/wire";
import { expect, test } from "vitest";
import { Breaker } from "../src/breaker.ts";
import { Directory } from "../src/directory.ts";
import { createBody, multiBody } from "../src/draft.ts";
import { EventQueue } from "../src/event-queue.ts";
import { Itinerary } from "../src/itinerary.ts";

const options = { failuresMin: 3, openAfterMs: 5_000, forgetAfterMs: 10_000, probeMs: 1_000 };

test("a breaker opens when nothing has worked for long, lets one try at a time, and closes", () => {
  const breaker = new Breaker(options);
  breaker.failed(0);
  breaker.failed(100);
  expect(breaker.isOpen(60_000)).toBe(false); // too few
  breaker.failed(200);
  expect(breaker.isOpen(4_900)).toBe(false); // too soon
  breaker.failed(5_000);
  expect(breaker.isOpen(5_001)).toBe(true);
  expect([5_001, 5_002, 5_900, 6_001].map((ms) => breaker.admits(ms))).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect(breaker.isOpen(15_001)).toBe(false); // nobody has tried for long
  breaker.succeeded();
  expect(breaker.isOpen(5_001)).toBe(false);
});

const place = (node: string, region: string) => ({
  node,
  region,
  cluster: "global",
  role: "global-voter",
  address: `${node}:1`,
});
const places = [place("a1", "a"), place("a2", "a"), place("b1", "b"), place("b2", "b")];

test("after a failure another region is tried before the neighbours", () => {
  const itinerary = new Itinerary();
  const order: string[] = [];
  for (let nowMs = 0; nowMs < 4; nowMs += 1) {
    const next = itinerary.next(places, nowMs);
    if (next === undefined) break;
    order.push(next.node);
    itinerary.failed(next, nowMs);
  }
  expect(order).toEqual(["a1", "b1", "a2", "b2"]);
  expect(itinerary.next(places, 10)?.node).toBe("a1"); // longest ago
  expect(itinerary.next([], 10)).toBeUndefined();
});

test("the leader is tried first, unless it has just failed", () => {
  const itinerary = new Itinerary();
  itinerary.prefer("b2");
  expect(itinerary.next(places, 0)?.node).toBe("b2");
  itinerary.failed(place("b2", "b"), 0);
  itinerary.prefer("b2"); // somebody still takes it for the leader
  expect(itinerary.next(places, 1)?.node).toBe("a1");
  expect(itinerary.next(places, 6_000)?.node).toBe("b2");
});

const topology = {
  regions: ["west", "east"],
  nodes: [
    { node: "g1", region: "east", tier: Tier.GLOBAL, role: "global-voter", cluster: "global" },
    { node: "x1", region: "west", tier: Tier.GLOBAL, role: "witness", cluster: "global" },
    { node: "w1", region: "west", tier: Tier.REGIONAL, role: "regional-voter", cluster: "west" },
    { node: "w2", region: "west", tier: Tier.REGIONAL, role: "regional-observer", cluster: "west" },
    { node: "e1", region: "east", tier: Tier.REGIONAL, role: "regional-voter", cluster: "east" },
    { node: "p1", region: "east", tier: Tier.EDGE, role: "edge", cluster: "east" },
    { node: "p2", region: "west", tier: Tier.EDGE, role: "edge", cluster: "west" },
  ].map((node) => ({
    ...node,
    address: `${node.node}:1`,
    addressFrom: { west: `${node.node}:2` },
  })),
};

test("nodes are listed nearest first, at the address that is meant for the caller", () => {
  const directory = new Directory(topology, "west", () => 0.5);
  const names = (list: readonly { node: string }[]): string[] => list.map(({ node }) => node);
  const west = { kind: "cluster", cluster: "west" } as const;
  expect(names(directory.candidates(west))).toEqual(["w2", "w1"]);
  expect(names(directory.candidates(west, "write"))).toEqual(["w1", "w2"]);
  expect(names(directory.candidates({ kind: "edges" }))).toEqual(["p2", "p1"]);
  expect(names(directory.candidates({ kind: "elsewhere" }))).toEqual(["e1"]);
  const [global] = directory.candidates({ kind: "cluster", cluster: "global" });
  expect(global).toMatchObject({ node: "g1", address: "g1:2" }); // never the witness
  expect([directory.has("global"), directory.has("west"), directory.has("__proto__")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("a caller in a region without a cluster of its own gets one that has", () => {
  const directory = new Directory(topology, "moon", () => 0.5);
  expect(directory.region).toBe("west");
  expect(directory.candidates({ kind: "edges" })[0]).toMatchObject({ address: "p2:1" });
});

test("traits make up a mode, and those that exclude each other are refused", () => {
  const mode = (traits: Parameters<typeof createBody>[2]): number =>
    createBody("/a", "x", traits).mode;
  expect([
    mode({}),
    mode({ ephemeral: true }),
    mode({ sequential: true }),
    mode({ ephemeral: true, sequential: true }),
    mode({ mode: "container" }),
    mode({ ttlMs: 5 }),
    mode({ ttlMs: 5, sequential: true }),
  ]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const refused = expect.objectContaining({ code: "BAD_ARGUMENTS" });
  expect(() => mode({ ephemeral: true, ttlMs: 5 })).toThrowError(refused);
  expect(() => mode({ mode: "ttl" })).toThrowError(refused);
  expect(() => mode({ mode: "persistent", sequential: true })).toThrowError(refused);
  expect(() => mode({ mode: "persistent", ttlMs: 5 })).toThrowError(refused);
});

test("versions are any unless given", () => {
  expect(multiBody({ kind: "set", path: "/a", data: "x" }).set?.version).toBe(-1);
  expect(multiBody({ kind: "delete", path: "/a", version: 0 }).delete?.version).toBe(0);
  expect(multiBody({ kind: "check", path: "/a" }).check?.version).toBe(-1);
  expect(multiBody({ kind: "create", path: "/a" }).create?.mode).toBe(1);
});

test("a queue gives everything in order, then its end once", async () => {
  const queue = new EventQueue<number>(3_000);
  const early = queue.take();
  for (let n = 0; n < 2_500; n += 1) queue.put(n);
  expect(await early).toBe(0);
  const taken: (number | undefined)[] = [];
  for (let n = 1; n < 2_500; n += 1) taken.push(await queue.take());
  expect(taken.at(-1)).toBe(2_499);
  queue.put(1);
  queue.end(new Error("over"));
  queue.put(2);
  expect(await queue.take()).toBe(1);
  await expect(queue.take()).rejects.toThrow("over");
  expect(await queue.take()).toBeUndefined();
});
