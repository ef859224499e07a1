import { expect, test } from "vitest";
import { type NodeOperation, Tree, type TreeSnapshot } from "../src/index.ts";
import { bytes } from "./support/bytes.ts";
import { Cluster, codeOf, create, set, sliceOf } from "./support/cluster.ts";

const remove = (path: string, version = -1): NodeOperation => ({ kind: "delete", path, version });
const check = (path: string, version = -1): NodeOperation => ({ kind: "check", path, version });

/** Two of a kind: only what is done to one of them may make a difference. */
function twins(name: string, prepare: (cluster: Cluster) => void): [Cluster, Cluster] {
  const pair: [Cluster, Cluster] = [new Cluster(name), new Cluster(name)];
  for (const cluster of pair) prepare(cluster);
  return pair;
}

test("a multi does all of its parts at one index, each seeing the ones before", () => {
  const tree = new Cluster("global");
  tree.create("/global/a", "old");
  const applied = tree.multi([
    check("/global/a", 0),
    create("/global/b"),
    create("/global/b/c", "x"),
    set("/global/a", "new", 0),
    check("/global/a", 1),
    create("/global/b/n-", "", { mode: "persistent-sequential" }),
    remove("/global/b/c"),
  ]);
  expect(applied.result).toMatchObject({
    kind: "multi",
    parts: [
      { path: "/global/a", code: "", outcome: "done", stat: { version: 0 } },
      { path: "/global/b", code: "", stat: { czxid: tree.index } },
      { path: "/global/b/c", code: "" },
      { path: "/global/a", code: "", stat: { version: 1, mzxid: tree.index } },
      { path: "/global/a", code: "", stat: { version: 1 } },
      { path: "/global/b/n-0000000001", code: "" },
      { path: "/global/b/c", code: "", stat: undefined },
    ],
  });
  expect(applied.transactions).toHaveLength(1);
  expect(applied.transactions[0]?.index).toBe(tree.index);
  expect(applied.transactions[0]?.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    "created /global/b",
    "created /global/b/c",
    "changed /global/a",
    "created /global/b/n-0000000001",
    "deleted /global/b/c",
  ]);
  expect(tree.stat("/global/b")).toMatchObject({ cversion: 3, pzxid: tree.index });
});

test("a multi that fails names the part, gives no transaction and no part a Stat", () => {
  const tree = new Cluster("global");
  const { result, transactions } = tree.multi([
    create("/global/a"),
    remove("/global/nothing"),
    create("/global/b"),
  ]);
  expect(transactions).toEqual([]);
  expect(result).toMatchObject({
    kind: "failed",
    code: "NO_NODE",
    message: expect.stringContaining("part 1"),
    parts: [
      { path: "/global/a", stat: undefined, code: "", outcome: "undone" },
      { path: "/global/nothing", stat: undefined, code: "NO_NODE", outcome: "failed" },
      { path: "/global/b", stat: undefined, code: "", outcome: "untried" },
    ],
  });
});

test("a check of a missing node or another version fails the multi like any other part", () => {
  const tree = new Cluster("global");
  tree.create("/global/a");
  const failing: [NodeOperation, string][] = [
    [check("/global/nothing"), "NO_NODE"],
    [check("/global/nothing", 0), "NO_NODE"],
    [check("/global/a", 7), "BAD_VERSION"],
  ];
  for (const [part, code] of failing) {
    const { result } = tree.multi([set("/global/a", "x"), part, create("/global/b")]);
    expect(result).toMatchObject({ kind: "failed", code, parts: [{}, { code }, {}] });
    expect(tree.stat("/global/a").version).toBe(0);
  }
  expect(codeOf(tree.multi([check("/global/a", 0), check("/global/a")]))).toBe("");
});

test("a multi of nothing is done", () => {
  expect(new Cluster("global").multi([]).result).toEqual({ kind: "multi", parts: [] });
});

test("a multi has at most 128 parts and 1 MiB", () => {
  const tree = new Cluster("global");
  const parts = Array.from({ length: 129 }, (_, at) => create(`/global/${at}`));
  expect(codeOf(tree.multi(parts))).toBe("TOO_LARGE");
  expect(codeOf(tree.multi(parts.slice(1)))).toBe("");
  const half = { ...create("/global/x"), data: new Uint8Array(512 * 1024) };
  expect(codeOf(tree.multi([half, { ...half, path: "/global/y" }]))).toBe("TOO_LARGE");
  expect(tree.tree.get("/global/x")).toBeUndefined();
});

test("a multi that spans clusters is refused as a whole with the other owner's name", () => {
  const tree = new Cluster("global");
  const { result } = tree.multi([create("/global/a"), create("/regions/eu/a")]);
  expect(result).toMatchObject({ kind: "failed", code: "MOVED", hint: "eu" });
  expect(tree.tree.get("/global/a")).toBeUndefined();
});

test("a multi that fails leaves no trace: nodes, ephemerals, counters, digest", () => {
  const [tree, twin] = twins("global", (cluster) => {
    cluster.open(5);
    cluster.create("/global/a", "data");
    cluster.create("/global/a/b", "child");
    cluster.create("/global/e", "mine", { mode: "ephemeral", session: 5 });
  });
  const { result } = tree.multi(
    [
      set("/global/a", "longer data"),
      remove("/global/a/b"),
      create("/global/a/b", "again"),
      create("/global/a/n-", "", { mode: "ephemeral-sequential" }),
      remove("/global/e"),
      create("/global/x/y/z", "", { parents: true }),
      set("/global/a", "once more"),
      remove("/global/a/b", 7),
    ],
    { session: 5 },
  );
  expect(result).toMatchObject({ kind: "failed", code: "BAD_VERSION" });
  twin.apply({ kind: "reap", paths: [] });
  expect(tree.tree.digest()).toBe(twin.tree.digest());
  expect(tree.tree.dataBytes).toBe(twin.tree.dataBytes);
  expect(tree.tree.nodeCount).toBe(twin.tree.nodeCount);
  expect(tree.tree.session(5)?.ephemerals).toEqual(new Set(["/global/e"]));
  tree.restart();
  expect(tree.tree.digest()).toBe(twin.tree.digest());
});

test("a multi that fails in an eventual zone leaves tombstones and clock alone", () => {
  const [tree, twin] = twins("eu", (cluster) => {
    cluster.create("/shared/a", "one");
    cluster.create("/shared/b", "one");
    cluster.create("/shared/c", "one");
    cluster.delete("/shared/a");
  });
  const failing = [
    create("/shared/a", "two"),
    set("/shared/b", "two"),
    remove("/shared/c"),
    check("/shared/nothing"),
  ];
  expect(codeOf(tree.multi(failing, { timeMs: 90_000 }))).toBe("NO_NODE");
  twin.apply({ kind: "reap", paths: [] });
  expect(tree.tree.eventualDigest("/")).toBe(twin.tree.eventualDigest("/"));
  expect(tree.tree.tombstoneCount).toBe(1);
  expect(tree.tree.digest()).toBe(twin.tree.digest());
  const timeMs = 2_000;
  const stamps = [tree, twin].map((cluster) => {
    const { transactions } = cluster.create("/shared/d", "x", { timeMs });
    return transactions[0]?.changes[0]?.stamp;
  });
  expect(stamps[0]).toEqual(stamps[1]);
});

test("a multi that fails while a snapshot is read does not show in it", () => {
  const tree = new Cluster("global");
  tree.create("/global/a", "one");
  tree.create("/global/b", "one");
  const before = tree.tree.digest();
  const snapshot = tree.tree.snapshot();
  tree.multi([remove("/global/a"), set("/global/b", "two"), check("/global/nothing")]);
  expect(restoredFrom(snapshot).digest()).toBe(before);
});

test("a zone table inside of a failed multi changes nothing", () => {
  const tree = new Cluster("global");
  const before = tree.tree.zones();
  const table = JSON.stringify([
    { prefix: "/meridian", consistency: "strict" },
    { prefix: "/new", consistency: "strict" },
  ]);
  const operations: NodeOperation[] = [
    { kind: "set", path: "/meridian/zones", version: -1, data: bytes(table) },
    check("/global/nothing"),
  ];
  expect(codeOf(tree.multi(operations))).toBe("NO_NODE");
  expect(tree.tree.zones()).toEqual(before);
  expect(tree.tree.get("/new")).toBeUndefined();
});

function restoredFrom(snapshot: TreeSnapshot): Tree {
  const restorer = Tree.restorer();
  for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
    for (const record of slice) restorer.add(record);
  }
  return restorer.finish();
}
