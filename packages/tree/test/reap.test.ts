import { expect, test } from "vitest";
import { Cluster, codeOf } from "./support/cluster.ts";

const dueAt = (cluster: Cluster, nowMs: number, limit = 100) => [
  ...cluster.tree.dueReaps(nowMs, limit),
];
const reap = (cluster: Cluster, timeMs: number, ...paths: string[]) =>
  cluster.apply({ kind: "reap", paths }, { timeMs });

test("a container is due once it has lost its last child, not before it had one", () => {
  const tree = new Cluster("global");
  tree.create("/global/c", "", { mode: "container" });
  expect(dueAt(tree, 1e12)).toEqual([]);
  tree.create("/global/c/a");
  expect(dueAt(tree, 1e12)).toEqual([]);
  tree.delete("/global/c/a");
  expect(dueAt(tree, 0)).toEqual(["/global/c"]);
  const { transactions } = reap(tree, 0, "/global/c");
  expect(transactions[0]?.changes).toMatchObject([{ kind: "deleted", path: "/global/c" }]);
  expect(dueAt(tree, 1e12)).toEqual([]);
});

test("a container that got a child again in the meantime stays", () => {
  const tree = new Cluster("global");
  tree.create("/global/c", "", { mode: "container" });
  tree.create("/global/c/a");
  tree.delete("/global/c/a");
  tree.create("/global/c/b");
  expect(reap(tree, 1e12, "/global/c")).toMatchObject({ transactions: [] });
  expect(tree.tree.get("/global/c")).toBeDefined();
});

test("a TTL node is due when unchanged for its time and childless", () => {
  const tree = new Cluster("global");
  tree.create("/global/t", "", { mode: "ttl", ttlMs: 50, timeMs: 1_000 });
  expect(dueAt(tree, 1_049)).toEqual([]);
  expect(dueAt(tree, 1_050)).toEqual(["/global/t"]);
  tree.set("/global/t", "x", -1, { timeMs: 1_040 });
  expect(dueAt(tree, 1_089)).toEqual([]);
  expect(dueAt(tree, 1_090)).toEqual(["/global/t"]);
  tree.create("/global/t/a");
  expect(dueAt(tree, 1e12)).toEqual([]);
});

test("a TTL node is judged by the time in the command, so that replicas agree", () => {
  const tree = new Cluster("global");
  tree.create("/global/t", "", { mode: "ttl", ttlMs: 50, timeMs: 1_000 });
  expect(reap(tree, 1_049, "/global/t").transactions).toEqual([]);
  expect(reap(tree, 1_050, "/global/t", "/global/none").transactions).toHaveLength(1);
  expect(tree.tree.get("/global/t")).toBeUndefined();
});

test("a TTL node is found again after a restart", () => {
  const tree = new Cluster("global");
  tree.create("/global/t", "", { mode: "ttl", ttlMs: 50, timeMs: 1_000 });
  tree.restart();
  expect(dueAt(tree, 2_000)).toEqual(["/global/t"]);
});

test("a persistent node is never reaped, whoever asks", () => {
  const tree = new Cluster("global");
  tree.create("/global/p");
  reap(tree, 1e12, "/global/p", "/global", "/");
  expect(tree.tree.get("/global/p")).toBeDefined();
  expect(tree.tree.get("/global")).toBeDefined();
});

test("what another cluster owns is its own to reap", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  eu.seed(global);
  global.create("/global/t", "", { mode: "ttl", ttlMs: 1 });
  global.create("/global/c", "", { mode: "container" });
  global.create("/global/c/a");
  global.delete("/global/c/a");
  eu.pull(global);
  expect(dueAt(eu, 1e12)).toEqual([]);
  expect(reap(eu, 1e12, "/global/t", "/global/c").transactions).toEqual([]);
  expect(eu.stat("/global/t")).toEqual(global.stat("/global/t"));
  eu.restart();
  expect(dueAt(eu, 1e12)).toEqual([]);
  expect(dueAt(global, 1e12).toSorted()).toEqual(["/global/c", "/global/t"]);
});

test("each look at what is due is bounded, and all come round", () => {
  const tree = new Cluster("global");
  const count = 25_000;
  for (let at = 0; at < count; at += 1) {
    tree.create(`/global/t${at}`, "", { mode: "ttl", ttlMs: at < count - 3 ? 1e9 : 1 });
  }
  const found = new Set<string>();
  for (let look = 0; look < 4; look += 1) for (const path of dueAt(tree, 1e8)) found.add(path);
  expect(found.size).toBe(3);
  for (const path of found) reap(tree, 1e8, path);
  expect(dueAt(tree, 1e8)).toEqual([]);
  expect(dueAt(tree, 1e12, 7)).toHaveLength(7);
  expect(codeOf(tree.set("/global/t0", "x"))).toBe("");
});
