import { expect, test } from "vitest";
import { Tree } from "../src/index.ts";
import { text } from "./support/bytes.ts";
import { churn } from "./support/churn.ts";
import { Cluster, codeOf, Edge, zones } from "./support/cluster.ts";
import { pick, seeded } from "./support/random.ts";
import { visible } from "./support/visible.ts";

function fleet(): { global: Cluster; eu: Cluster; us: Cluster } {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  eu.seed(us);
  us.seed(eu);
  return { global, eu, us };
}

/** Something happens somewhere; the edge's region may hear of it, or take it over as a whole. */
function step({ global, eu, us }: ReturnType<typeof fleet>, random: () => number): void {
  churn(global, "/global", random, 2);
  churn(us, "/regions/us", random, 2);
  churn(eu, "/regions/eu", random, 2);
  for (const region of [eu, us]) {
    const path = `/shared/${pick(random, ["a", "b", "a/a", "a/b", "b/c/d"])}`;
    if (random() < 0.5) region.create(path, `${region.name} ${region.index}`, { parents: true });
    else region.delete(path);
  }
  if (random() < 0.3) us.pull(eu);
  if (random() < 0.4) eu.pull(us);
  if (random() < 0.4) eu.pull(global);
  if (random() < 0.05) eu.seed(us, pick(random, [1, 900, 1e9]));
  if (random() < 0.05) eu.seed(global, pick(random, [1, 900, 1e9]));
  if (random() < 0.05) {
    const extra = { prefix: `/zone${Math.floor(random() * 3)}`, consistency: "strict" } as const;
    global.setZones(random() < 0.5 ? [...zones, extra] : zones);
  }
}

test("an edge shows exactly what its region shows, Stat by Stat, seed and tail", () => {
  for (let seed = 1; seed <= 25; seed += 1) {
    const random = seeded(seed);
    const clusters = fleet();
    for (let before = 0; before < 15; before += 1) step(clusters, random);
    const edge = new Edge(clusters.eu, pick(random, [1, 900, 1e9]));
    expect(visible(edge.tree), `seed ${seed}`).toEqual(visible(clusters.eu.tree));
    for (let after = 0; after < 40; after += 1) {
      step(clusters, random);
      if (random() < 0.3) edge.follow();
    }
    edge.follow();
    expect(visible(edge.tree), `seed ${seed}`).toEqual(visible(clusters.eu.tree));
    expect(edge.tree.zones()).toEqual(clusters.eu.tree.zones());
    expect(edge.tree.cursors()).toEqual(clusters.eu.tree.cursors());
    expect(edge.tree.appliedIndex).toBe(clusters.eu.tree.appliedIndex);
    expect(edge.tree.dataBytes).toBe(clusters.eu.tree.dataBytes);
    expect(edge.tree.ownership("/regions/us/x").cluster).toBe("us");
  }
});

test("an edge tells watchers what the region told", () => {
  const { eu, global } = fleet();
  const edge = new Edge(eu);
  global.create("/global/a", "x");
  eu.pull(global);
  eu.create("/regions/eu/b", "y");
  const read = eu.tree.changesSince(eu.index - 2);
  if (read.outcome !== "continue") throw new Error(read.outcome);
  for (const { transaction } of read.transactions) {
    expect(edge.tree.mirror(transaction)).toEqual({
      result: { kind: "done" },
      index: transaction.index,
      transactions: [transaction],
      endedSessions: [],
    });
  }
});

test("an edge that is sent a transaction twice takes it once", () => {
  const { eu, global } = fleet();
  const edge = new Edge(eu);
  eu.create("/regions/eu/a");
  eu.delete("/regions/eu/a");
  global.create("/global/a");
  eu.pull(global);
  const seen = edge.follow();
  const before = visible(edge.tree);
  for (const transaction of seen) {
    expect(edge.tree.mirror(transaction)).toMatchObject({ transactions: [] });
  }
  expect(visible(edge.tree)).toEqual(before);
});

test("an edge does not take part: it has no sessions, deletes nothing by itself", () => {
  const { eu } = fleet();
  eu.open(7);
  eu.create("/regions/eu/e", "", { mode: "ephemeral", session: 7 });
  eu.create("/regions/eu/t", "", { mode: "ttl", ttlMs: 1 });
  const edge = new Edge(eu);
  expect(edge.tree.sessionCount).toBe(0);
  expect(edge.tree.stat("/regions/eu/e")).toEqual(eu.stat("/regions/eu/e"));
  eu.close(7);
  edge.follow();
  expect(edge.tree.get("/regions/eu/e")).toBeUndefined();
  const command = { session: 0, sequence: 0, acknowledged: 0, timeMs: 0 };
  const operation = { kind: "delete", path: "/regions/eu/t", version: -1 } as const;
  const applied = edge.tree.apply(eu.index + 1, 1, { ...command, operation });
  expect(codeOf(applied)).toBe("UNSUPPORTED");
});

test("an edge resumes watches from positions of any cluster, or says that it cannot", () => {
  const { eu, global } = fleet();
  const edge = new Edge(eu);
  const begin = edge.position;
  const globalAt = edge.tree.cursors().get("global")!;
  global.create("/global/a");
  global.create("/global/b");
  eu.pull(global);
  eu.create("/regions/eu/a");
  edge.follow();
  const positions = (...from: (typeof begin)[]) => new Map(from.map((at) => [at.cluster, at]));
  const read = edge.tree.changesAfter(positions(begin, globalAt));
  if (read.outcome !== "continue") throw new Error(read.outcome);
  const paths = [...read.transactions].flatMap(({ transaction: { changes } }) => changes);
  expect(paths.map(({ path }) => path)).toEqual(["/global/a", "/global/b", "/regions/eu/a"]);
  const older = { ...globalAt, index: globalAt.index - 1 };
  expect(edge.tree.changesAfter(positions(older)).outcome).toBe("compacted");
  expect(edge.tree.changesAfter(positions({ ...begin, cluster: "ap" })).outcome).toBe("compacted");
});

test("an edge that has heard of a cluster only since knows where its history begins", () => {
  const { eu, global } = fleet();
  const edge = Tree.mirrorOf("eu", 1);
  for (const { nodes } of eu.tree.seed({ ownOnly: false, prefixes: [] }, 1)) edge.mirrorSeed(nodes);
  edge.mirrorProgress(eu.index, []);
  global.create("/global/a");
  for (const transaction of eu.pull(global).transactions) edge.mirror(transaction);
  const outcome = (index: number) =>
    edge.changesAfter(new Map([["global", { cluster: "global", incarnation: 1, index }]])).outcome;
  expect(outcome(global.index - 1)).toBe("continue");
  expect(outcome(global.index - 2)).toBe("compacted");
});

test("an edge lets nobody resume in the middle of a snapshot that its region takes over", () => {
  const { eu, us } = fleet();
  const edge = new Edge(eu);
  const from = edge.tree.cursors().get("us")!;
  for (const name of ["a", "b", "c"]) us.create(`/regions/us/${name}`);
  // Who was elsewhere before may be further than the edge was, and still short of the snapshot.
  const ahead = { ...from, index: us.index - 1 };
  const outcomes: string[] = [];
  eu.seed(us, 1, () => {
    const isNew = edge.follow().length > 0;
    if (!isNew && outcomes.length === 0) return;
    for (const at of [from, ahead]) {
      outcomes.push(edge.tree.changesAfter(new Map([["us", at]])).outcome);
    }
  });
  expect(new Set(outcomes)).toEqual(new Set(["compacted"]));
  expect(edge.tree.cursors().get("us")?.index).toBe(us.index);
  const now = { ...from, index: us.index };
  expect(edge.tree.changesAfter(new Map([["us", now]])).outcome).toBe("continue");
});

test("an edge can feed another consumer, which misses nothing", () => {
  const { eu } = fleet();
  const edge = new Edge(eu);
  const begin = edge.tree.appliedIndex;
  eu.create("/regions/eu/a");
  eu.create("/regions/eu/b");
  edge.follow();
  const read = edge.tree.changesSince(begin);
  if (read.outcome !== "continue") throw new Error(read.outcome);
  const indexes = [...read.transactions].map(({ transaction }) => transaction.index);
  expect(indexes).toEqual([begin + 1, begin + 2]);
  const next = Tree.mirrorOf("eu", 1);
  for (const { nodes } of edge.tree.seed({ ownOnly: false, prefixes: [] }, 300)) {
    next.mirrorSeed(nodes);
  }
  expect(visible(next)).toEqual(visible(eu.tree));
});

test("an edge with a part of the tree only makes the ancestors that it needs", () => {
  const { eu } = fleet();
  eu.create("/regions/eu/a/b/c", "deep", { parents: true });
  const part = Tree.mirrorOf("eu", 1);
  const filter = { ownOnly: false, prefixes: ["/regions/eu/a/b"] };
  for (const { nodes } of eu.tree.seed(filter, 1)) part.mirrorSeed(nodes);
  expect(text(part.get("/regions/eu/a/b/c")?.data)).toBe("deep");
  expect(part.stat("/regions/eu/a/b")).toEqual(eu.stat("/regions/eu/a/b"));
  expect(part.get("/shared")).toBeUndefined();
});
