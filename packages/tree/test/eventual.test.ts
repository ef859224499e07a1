import { expect, test } from "vitest";
import type { Transaction } from "../src/index.ts";
import { text } from "./support/bytes.ts";
import { Cluster, codeOf, create, Edge, zones } from "./support/cluster.ts";
import { pick, seeded } from "./support/random.ts";
import { agreed } from "./support/visible.ts";

const names = ["ap", "eu", "us"];

function fleet(): Cluster[] {
  const clusters = names.map((name) => new Cluster(name));
  for (const cluster of clusters) {
    for (const other of clusters) if (other !== cluster) cluster.seed(other);
  }
  return clusters;
}

function exchange(clusters: readonly Cluster[]): void {
  for (const cluster of clusters) {
    for (const other of clusters) if (other !== cluster) cluster.pull(other);
  }
}

function registersOf({ tree }: Cluster): object {
  return { digest: tree.eventualDigest("/shared"), nodes: agreed(tree, "/shared") };
}

function expectAgreement(clusters: readonly Cluster[], where = ""): void {
  const [first, ...others] = clusters;
  if (first === undefined) throw new Error("no clusters");
  for (const other of others) {
    const seen = { where, ...registersOf(other) };
    expect(seen).toEqual({ where, ...registersOf(first) });
  }
}

test("of several regions' writes the latest wins everywhere, in whatever order they arrive", () => {
  const [ap, eu, us] = fleet() as [Cluster, Cluster, Cluster];
  ap.create("/shared/a", "early", { timeMs: 5_000 });
  eu.create("/shared/a", "late", { timeMs: 5_002 });
  us.create("/shared/a", "middle", { timeMs: 5_001 });
  exchange([us, ap, eu]);
  exchange([eu, us, ap]);
  for (const { tree } of [ap, eu, us]) expect(text(tree.get("/shared/a")?.data)).toBe("late");
  expect(ap.stat("/shared/a")).toMatchObject({ origin: "eu" });
  expectAgreement([ap, eu, us]);
});

test("of writes at the same moment that of the region that sorts last wins", () => {
  const clusters = fleet();
  for (const cluster of clusters) {
    cluster.create("/shared/a", cluster.name, { timeMs: 5_000 });
  }
  exchange(clusters);
  for (const { tree } of clusters) expect(text(tree.get("/shared/a")?.data)).toBe("us");
});

test("a write after having seen another wins, although its clock is behind", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a", "first", { timeMs: 50_000 });
  eu.pull(ap);
  eu.set("/shared/a", "second", -1, { timeMs: 10 });
  ap.pull(eu);
  for (const { tree } of [ap, eu]) expect(text(tree.get("/shared/a")?.data)).toBe("second");
});

test("what is written after having seen something is stamped later, on any path", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a", "", { timeMs: 50_000 });
  eu.pull(ap);
  const { transactions } = eu.create("/shared/b", "", { timeMs: 10 });
  expect(transactions[0]?.changes[0]?.stamp).toEqual({ ms: 50_000, counter: 1, region: "eu" });
});

test("a change that is merged twice is told once", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a", "x");
  ap.create("/shared/b", "y");
  ap.delete("/shared/b");
  const told = eu.pull(ap).transactions.flatMap(({ changes }) => changes);
  expect(told.map(({ path }) => path)).toEqual(["/shared/a", "/shared/b", "/shared/b"]);
  expect(eu.seed(ap).flatMap(({ transactions }) => transactions)).toEqual([]);
});

test("a clock an hour ahead carries no other along, and later writes still win", () => {
  const clusters = fleet() as [Cluster, Cluster, Cluster];
  const [ap, eu, us] = clusters;
  ap.create("/shared/a", "future", { timeMs: 3_600_000 });
  eu.pull(ap);
  eu.set("/shared/a", "present", -1, { timeMs: 2_000 });
  eu.create("/shared/b", "beside", { timeMs: 2_001 });
  us.create("/shared/b", "later", { timeMs: 2_002 });
  exchange(clusters);
  expectAgreement(clusters);
  for (const { tree } of clusters) {
    expect(text(tree.get("/shared/a")?.data)).toBe("present");
    expect(text(tree.get("/shared/b")?.data)).toBe("later");
  }
  us.delete("/shared/a", -1, { timeMs: 2_003 });
  eu.pull(us);
  eu.create("/shared/a", "again", { timeMs: 2_004 });
  exchange(clusters);
  expectAgreement(clusters);
  expect(text(ap.tree.get("/shared/a")?.data)).toBe("again");
});

test("the vector of a value says which writes of each region it has seen", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a");
  eu.pull(ap);
  eu.set("/shared/a", "x");
  expect(eu.stat("/shared/a").vector).toEqual(
    new Map([
      ["ap", ap.index],
      ["eu", eu.index],
    ]),
  );
  expect(eu.stat("/shared/a")).toMatchObject({ version: 1, czxid: ap.index, origin: "eu" });
});

test("a deletion wins over an earlier write that arrives later", () => {
  const [ap, eu, us] = fleet() as [Cluster, Cluster, Cluster];
  ap.create("/shared/a", "old");
  eu.pull(ap);
  eu.delete("/shared/a");
  us.pull(eu);
  us.pull(ap);
  expect(us.tree.get("/shared/a")).toBeUndefined();
  ap.pull(eu);
  expectAgreement([ap, eu, us]);
  expect(us.tree.tombstoneCount).toBe(1);
});

test("a deletion loses against a later write, which counts on", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a", "one", { timeMs: 5_000 });
  eu.pull(ap);
  eu.delete("/shared/a", -1, { timeMs: 5_001 });
  ap.set("/shared/a", "two", -1, { timeMs: 5_002 });
  exchange([ap, eu]);
  expectAgreement([ap, eu]);
  expect(text(eu.tree.get("/shared/a")?.data)).toBe("two");
  expect(eu.tree.tombstoneCount).toBe(0);
});

test("a deleted parent stays as a blank node while another region's child lives", () => {
  const clusters = fleet();
  const [ap, eu] = clusters as [Cluster, Cluster, Cluster];
  ap.create("/shared/p", "data");
  exchange(clusters);
  ap.delete("/shared/p");
  eu.create("/shared/p/c", "child");
  exchange(clusters);
  exchange(clusters);
  expectAgreement(clusters);
  expect(ap.tree.get("/shared/p")).toMatchObject({
    data: new Uint8Array(0),
    stat: { czxid: 0, mzxid: 0, version: 0, ctimeMs: 0, numChildren: 1 },
  });
  expect(ap.stat("/shared/p").origin).toBeUndefined();
  expect(text(eu.tree.get("/shared/p/c")?.data)).toBe("child");
  // With the last child the node goes too: nothing holds it any more.
  ap.delete("/shared/p/c");
  exchange(clusters);
  expectAgreement(clusters);
  for (const { tree } of clusters) expect(tree.get("/shared/p")).toBeUndefined();
});

test("with the last child blank ancestors go too, but never a zone's root", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a/b/c", "", { parents: true });
  eu.pull(ap);
  for (const path of ["/shared/a/b/c", "/shared/a/b", "/shared/a"]) eu.delete(path);
  ap.create("/shared/a/b/c/d", "", { timeMs: 4_000 });
  exchange([ap, eu]);
  expectAgreement([ap, eu]);
  ap.delete("/shared/a/b/c/d");
  exchange([ap, eu]);
  expectAgreement([ap, eu]);
  expect(eu.tree.children("/shared")?.names).toEqual([]);
  expect(eu.tree.get("/shared")).toBeDefined();
});

test("a root that another region deletes before it knows the table stays, blank", () => {
  const global = new Cluster("global");
  const [eu, us] = [new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  us.seed(eu);
  eu.seed(us);
  eu.create("/shared/app", "data");
  us.pull(eu);
  global.setZones([...zones, { prefix: "/shared/app", consistency: "eventual" }]);
  us.pull(global);
  eu.delete("/shared/app");
  us.pull(eu);
  expect(us.stat("/shared/app")).toMatchObject({ czxid: 0, dataLength: 0 });
  eu.pull(global);
  expectAgreement([eu, us]);
});

test("a deletion is not undone by a snapshot that does not know of it", () => {
  const [ap, eu] = fleet() as [Cluster, Cluster];
  ap.create("/shared/a");
  eu.pull(ap);
  eu.delete("/shared/a");
  eu.seed(ap);
  expect(eu.tree.get("/shared/a")).toBeUndefined();
});

test("a deletion travels in a snapshot, however many there are, in ranges of bounded size", () => {
  const [ap, eu] = [new Cluster("ap"), new Cluster("eu")];
  eu.seed(ap);
  for (let at = 0; at < 50; at += 1) ap.create(`/shared/${at}`);
  eu.pull(ap);
  for (let at = 0; at < 50; at += 1) ap.delete(`/shared/${at}`);
  const ranges = [...ap.tree.seed({ ownOnly: true, prefixes: [] }, 1_000)];
  expect(Math.max(...ranges.map(({ nodes }) => nodes.length))).toBeLessThan(10);
  expect(ranges.filter(({ last }) => last)).toHaveLength(1);
  eu.seed(ap, 1_000);
  expect(eu.tree.children("/shared")?.names).toEqual([]);
  expect(eu.tree.tombstoneCount).toBe(50);
  expectAgreement([ap, eu]);
});

test("all regions converge, whatever they missed, saw twice or took as a whole", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const clusters = converge(seed);
    expectAgreement(clusters, `seed ${seed}`);
    for (const cluster of clusters) {
      const { tree } = cluster;
      cluster.restart();
      expect(cluster.tree.digest(), `seed ${seed}`).toBe(tree.digest());
      expect(cluster.tree.eventualDigest("/")).toBe(tree.eventualDigest("/"));
    }
  }
});

/** Random writes in three regions; changes come late, repeated, or replaced by snapshots. */
function converge(seed: number): Cluster[] {
  const random = seeded(seed);
  const clusters = fleet();
  const skewMs = clusters.map(() => Math.floor(random() * 200));
  for (let step = 0; step < 150; step += 1) {
    const at = Math.floor(random() * clusters.length);
    const cluster = clusters[at]!;
    const timeMs = 2_000 + step + (skewMs[at] ?? 0);
    write(cluster, random, timeMs);
    const other = pick(random, clusters);
    if (other === cluster) continue;
    const chance = random();
    if (chance < 0.25) cluster.pull(other, other.index - Math.floor(random() * 3));
    else if (chance < 0.28) cluster.seed(other, pick(random, [1, 700, 1e9]));
    else if (chance < 0.32) repeat(cluster, other, random);
    else if (chance < 0.34) cluster.restart();
  }
  for (let round = 0; round < 2; round += 1) exchange(clusters);
  return clusters;
}

function write(cluster: Cluster, random: () => number, timeMs: number): void {
  let path = "/shared";
  for (let depth = 1 + Math.floor(random() * 3); depth > 0; depth -= 1) {
    path = `${path}/${pick(random, ["a", "b", "c"])}`;
  }
  const data = `${cluster.name} ${cluster.index}`;
  const chance = random();
  if (chance < 0.25) cluster.create(path, data, { timeMs });
  else if (chance < 0.45) cluster.create(path, data, { timeMs, parents: true });
  else if (chance < 0.6) cluster.set(path, data, -1, { timeMs });
  else if (chance < 0.9) cluster.delete(path, -1, { timeMs });
  else {
    const parts = [create(path, data), { kind: "delete", path: "/shared/a", version: -1 } as const];
    cluster.multi(random() < 0.5 ? parts : parts.toReversed(), { timeMs });
  }
}

/** Merges old changes once more, in the wrong order. */
function repeat(cluster: Cluster, other: Cluster, random: () => number): void {
  const cursor = cluster.tree.cursors().get(other.name);
  if (cursor === undefined) return;
  const known = other.own(1).filter(({ index }) => index <= cursor.index);
  const [again] = known.slice(Math.floor(random() * known.length));
  if (again === undefined) return;
  const nodes = again.changes.toReversed();
  const { incarnation, index } = cursor;
  // A range of a snapshot that covers nothing merges what it holds, of whatever age.
  const nowhere = { afterPath: "/", toPath: "/", last: false };
  const origin = { origin: other.name, incarnation, index };
  cluster.apply({ kind: "seed-remote", ...origin, ...nowhere, nodes });
}

test.each(["ephemeral", "persistent-sequential", "ephemeral-sequential", "container", "ttl"])(
  "is refused with a typed error: %s",
  (mode) => {
    const eu = new Cluster("eu");
    eu.open(7);
    const options = { mode: mode as "ephemeral", session: 7, ttlMs: mode === "ttl" ? 9 : 0 };
    expect(codeOf(eu.create("/shared/a", "", options))).toBe("UNSUPPORTED");
  },
);

test("stamps of one region only grow on a path, also when the clock goes back", () => {
  const eu = new Cluster("eu");
  const stamps = [5_000, 4_000, 5_000, 5_001, 1].map((timeMs, at) => {
    const applied =
      at === 0
        ? eu.create("/shared/a", "", { timeMs })
        : eu.set("/shared/a", String(at), -1, { timeMs });
    return applied.transactions[0]?.changes[0]?.stamp;
  });
  expect(stamps.map((stamp) => [stamp?.ms, stamp?.counter])).toEqual([
    [5_000, 0],
    [5_000, 1],
    [5_000, 2],
    [5_001, 0],
    [5_001, 1],
  ]);
});

test("the clock and the tombstones survive a restart", () => {
  const eu = new Cluster("eu");
  eu.create("/shared/a", "", { timeMs: 90_000 });
  eu.delete("/shared/a", -1, { timeMs: 90_000 });
  eu.restart();
  expect(eu.tree.tombstoneCount).toBe(1);
  const { transactions } = eu.create("/shared/b", "", { timeMs: 5 });
  expect(transactions[0]?.changes[0]?.stamp).toEqual({ ms: 90_000, counter: 2, region: "eu" });
});

test("a digest of a prefix tells only of what is below it", () => {
  const [ap, eu] = [new Cluster("ap"), new Cluster("eu")];
  const table = [...zones, { prefix: "/shared2", consistency: "eventual" } as const];
  const both = [new Cluster("ap", { zones: table }), new Cluster("eu", { zones: table })];
  for (const cluster of [ap, eu, ...both]) cluster.create("/shared/x", "", { timeMs: 9 });
  both[0]!.create("/shared2/a");
  expect(both[0]!.tree.eventualDigest("/shared")).toBe(ap.tree.eventualDigest("/shared"));
  expect(both[0]!.tree.eventualDigest("/shared2")).not.toBe(
    both[1]!.tree.eventualDigest("/shared2"),
  );
  expect(both[1]!.tree.eventualDigest("/shared2")).toBe(ap.tree.eventualDigest("/shared2"));
});

test("a deleted node is told with the stamp of its deletion", () => {
  const eu = new Cluster("eu");
  eu.create("/shared/a", "x");
  const { transactions } = eu.delete("/shared/a");
  const [transaction] = transactions as [Transaction];
  expect(transaction.changes).toMatchObject([
    {
      kind: "deleted",
      path: "/shared/a",
      stat: { mzxid: eu.index, origin: "eu" },
      stamp: { region: "eu" },
    },
  ]);
});

test("a deletion that comes before what it deletes is told: who knows that hears of it", () => {
  const [ap, eu, us] = fleet() as [Cluster, Cluster, Cluster];
  const edge = new Edge(eu);
  ap.create("/shared/a");
  us.pull(ap);
  us.delete("/shared/a");
  const told = eu.pull(us).transactions.flatMap(({ changes }) => changes);
  expect(told).toMatchObject([{ kind: "deleted", path: "/shared/a", stamp: { region: "us" } }]);
  const before = edge.tree.appliedIndex;
  edge.follow();
  const read = edge.tree.changesSince(before);
  const followed = read.outcome === "continue" ? [...read.transactions] : [];
  expect(followed.map(({ transaction }) => transaction.changes)).toEqual([told]);
  expect(eu.pull(ap).transactions).toEqual([]);
  expectAgreement([eu, us]);
});
