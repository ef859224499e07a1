import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Applied,
  isWithin,
  type NodeOperation,
  type Operation,
  parentOf,
} from "../src/index.ts";
import { NodeStore } from "../src/node-store.ts";
import { Znode } from "../src/znode.ts";
import { churn } from "./support/churn.ts";
import { Cluster, codeOf, create, Edge, madeBy } from "./support/cluster.ts";
import { recordsOf, restored, set, zones } from "./support/cluster.ts";
import { pick, seeded } from "./support/random.ts";

interface QuotaDraft {
  readonly path: string;
  readonly nodesMax?: number;
  readonly bytesMax?: number;
}

const remove = (path: string): NodeOperation => ({ kind: "delete", path, version: -1 });

function limit(tree: Cluster, ...quotas: readonly QuotaDraft[]): Applied {
  const data = JSON.stringify(quotas);
  const isThere = tree.tree.get("/meridian/quotas") !== undefined;
  return isThere ? tree.set("/meridian/quotas", data) : tree.create("/meridian/quotas", data);
}

function used(tree: Cluster, path: string) {
  const found = tree.tree.quotas().find((quota) => quota.path === path);
  if (found === undefined) throw new Error(`there is no quota of ${path}`);
  const { nodes, bytes: size, isCounting } = found;
  return isCounting ? "counting" : { nodes, bytes: size };
}

/** What is used, counted afresh. */
function counted(tree: Cluster, path: string) {
  let [nodes, size] = [0, 0];
  for (const record of recordsOf(tree.tree)) {
    if (record.kind !== "node") continue;
    const { path: at, data } = record.change;
    if (at !== path && !at.startsWith(path === "/" ? path : `${path}/`)) continue;
    nodes += 1;
    size += Buffer.byteLength(at) + data.byteLength;
  }
  return { nodes, bytes: size };
}

test("a quota of nodes admits the last one that fits, and refuses the next", () => {
  const tree = new Cluster("global");
  tree.create("/global/a");
  limit(tree, { path: "/global/a", nodesMax: 3 });
  expect(codeOf(tree.create("/global/a/1"))).toBe("");
  expect(codeOf(tree.create("/global/a/2"))).toBe("");
  const refused = tree.create("/global/a/3");
  expect(codeOf(refused)).toBe("QUOTA_EXCEEDED");
  expect(refused.result).toMatchObject({
    message: 'the quota of "/global/a" is 3 nodes and 3 are there: no room for "/global/a/3"',
  });
  expect(codeOf(tree.create("/global/b"))).toBe("");
  expect(used(tree, "/global/a")).toEqual(counted(tree, "/global/a"));
});

test("a quota of bytes counts data and paths, in UTF-8", () => {
  const tree = new Cluster("global");
  limit(tree, { path: "/global/a", bytesMax: 40 });
  expect(codeOf(tree.create("/global/a", "12345"))).toBe("");
  expect(used(tree, "/global/a")).toEqual({ nodes: 1, bytes: 14 });
  expect(codeOf(tree.create("/global/a/é€𝒳", "12345678"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.create("/global/a/é€𝒳", "1234567"))).toBe("");
  expect(used(tree, "/global/a")).toEqual({ nodes: 2, bytes: 40 });
  expect(codeOf(tree.set("/global/a", "123456"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.set("/global/a", "abcde"))).toBe("");
  expect(codeOf(tree.set("/global/a", "a"))).toBe("");
  expect(codeOf(tree.set("/global/a/é€𝒳", "12345678901"))).toBe("");
  expect(codeOf(tree.set("/global/a/é€𝒳", "123456789012"))).toBe("QUOTA_EXCEEDED");
});

test("a tree restored from a snapshot knows what is used of each quota", () => {
  const tree = new Cluster("global");
  limit(tree, { path: "/global/a", nodesMax: 3 }, { path: "/", bytesMax: 10_000 });
  tree.create("/global/a", "x");
  tree.create("/global/a/b", "some data");
  const again = restored(recordsOf(tree.tree));
  expect(again.quotas()).toEqual(tree.tree.quotas());
  expect(again.digest()).toBe(tree.tree.digest());
  expect(again.quotas().map(({ path }) => path)).toEqual(["/global/a", "/"]);
});

test("a multi that goes beyond a quota is refused as a whole, and names the part", () => {
  const tree = new Cluster("global");
  limit(tree, { path: "/global/a", nodesMax: 3 });
  tree.create("/global/a");
  const before = used(tree, "/global/a");
  const refused = tree.multi([
    create("/global/a/1"),
    create("/global/a/2"),
    set("/global/a", "data"),
    create("/global/a/3"),
  ]);
  expect(codeOf(refused)).toBe("QUOTA_EXCEEDED");
  expect(refused.result).toMatchObject({ message: expect.stringContaining("part 3") });
  expect(used(tree, "/global/a")).toEqual(before);
  const fits = [create("/global/a/1"), create("/global/a/2")];
  expect(codeOf(tree.multi(fits))).toBe("");
  const swap = [remove("/global/a/1"), create("/global/a/3")];
  expect(codeOf(tree.multi(swap))).toBe("");
  const grab = [create("/global/a/1"), remove("/global/a/3")];
  expect(codeOf(tree.multi(grab))).toBe("QUOTA_EXCEEDED");
});

test("what shrinks always goes through, also where a quota came too late", () => {
  const tree = new Cluster("global");
  for (const name of ["a", "b", "c"]) tree.create(`/global/${name}`, "long data");
  limit(tree, { path: "/global", nodesMax: 2, bytesMax: 10 });
  expect(codeOf(tree.create("/global/d"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.set("/global/a", "longer data"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.set("/global/a", "same size"))).toBe("");
  expect(codeOf(tree.set("/global/a", "less"))).toBe("");
  expect(codeOf(tree.delete("/global/a"))).toBe("");
  expect(codeOf(tree.multi([set("/global/b", ""), remove("/global/c")]))).toBe("");
  expect(used(tree, "/global")).toEqual(counted(tree, "/global"));
});

test("of nested quotas all have to hold, and the innermost that does not is named", () => {
  const tree = new Cluster("global");
  limit(
    tree,
    { path: "/", bytesMax: 1_000 },
    { path: "/global/a/b", nodesMax: 2 },
    { path: "/global/a", nodesMax: 4 },
  );
  tree.create("/global/a/b/c", "", { parents: true });
  const named = (applied: Applied) =>
    applied.result.kind === "failed" ? applied.result.message.split('"')[1] : "";
  expect(named(tree.create("/global/a/b/d"))).toBe("/global/a/b");
  expect(named(tree.create("/global/a/x"))).toBe("");
  expect(named(tree.create("/global/a/y"))).toBe("/global/a");
  expect(named(tree.create("/global/big", "x".repeat(1_000)))).toBe("/");
  expect(named(tree.create("/global/ab"))).toBe("");
});

test("every kind of node takes room, and gives it back when it goes", () => {
  const tree = new Cluster("global");
  tree.open(7);
  tree.create("/global/a");
  limit(tree, { path: "/global/a", nodesMax: 2 });
  const full = () => codeOf(tree.create("/global/a/more")) === "QUOTA_EXCEEDED";
  const mode = "persistent-sequential";
  expect(madeBy(tree.create("/global/a/n-", "", { mode }))).toBe("/global/a/n-0000000000");
  expect(codeOf(tree.create("/global/a/n-", "", { mode }))).toBe("QUOTA_EXCEEDED");
  tree.delete("/global/a/n-0000000000");
  expect(madeBy(tree.create("/global/a/n-", "", { mode }))).toBe("/global/a/n-0000000001");
  tree.delete("/global/a/n-0000000001");
  tree.create("/global/a/e", "", { mode: "ephemeral", session: 7 });
  expect(full()).toBe(true);
  tree.close(7);
  tree.create("/global/a/t", "", { mode: "ttl", ttlMs: 1 });
  expect(full()).toBe(true);
  tree.apply({ kind: "reap", paths: ["/global/a/t"] }, { timeMs: 1e12 });
  expect(codeOf(tree.create("/global/a/b/c", "", { parents: true }))).toBe("QUOTA_EXCEEDED");
  expect(tree.tree.get("/global/a/b")).toBeUndefined();
  expect(full()).toBe(false);
});

test("a quota refuses last: what is wrong anyway is told as without it", () => {
  const tree = new Cluster("global");
  tree.create("/global/a", "x");
  limit(tree, { path: "/global/a", nodesMax: 1, bytesMax: 1 });
  expect(codeOf(tree.create("/global/a"))).toBe("NODE_EXISTS");
  expect(codeOf(tree.create("/global/a/b/c"))).toBe("NO_NODE");
  expect(codeOf(tree.set("/global/a", "more", 7))).toBe("BAD_VERSION");
  expect(codeOf(tree.create("/global/a/b", "", { mode: "ephemeral" }))).toBe("BAD_ARGUMENTS");
});

test("a quota that is refused by sequence number is refused again, whatever room there is", () => {
  const tree = new Cluster("global");
  tree.open(7);
  limit(tree, { path: "/global", nodesMax: 1 });
  const by = { session: 7, sequence: 1 };
  const first = tree.create("/global/a", "", by);
  expect(codeOf(first)).toBe("QUOTA_EXCEEDED");
  limit(tree);
  expect(tree.create("/global/a", "", by)).toEqual(first);
  expect(codeOf(tree.create("/global/a", "", { session: 7, sequence: 2 }))).toBe("");
});

test("no quota keeps an operator from writing the tables", () => {
  const tree = new Cluster("global");
  limit(tree, { path: "/", nodesMax: 1, bytesMax: 1 }, { path: "/meridian", nodesMax: 1 });
  expect(codeOf(tree.create("/global/a"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.setZones([...zones, { prefix: "/new", consistency: "strict" }]))).toBe("");
  expect(codeOf(limit(tree, { path: "/global", bytesMax: 1e9 }))).toBe("");
  expect(codeOf(tree.create("/global/a"))).toBe("");
  expect(tree.tree.quotas()).toHaveLength(1);
});

test("quotas end with their table, and each limit can be changed while it is counted", () => {
  const tree = new Cluster("global");
  limit(tree, { path: "/global", nodesMax: 2 });
  tree.create("/global/a");
  limit(tree, { path: "/global", nodesMax: 3, bytesMax: 1e6 });
  expect(used(tree, "/global")).toEqual(counted(tree, "/global"));
  expect(codeOf(tree.create("/global/b"))).toBe("");
  expect(codeOf(tree.create("/global/c"))).toBe("QUOTA_EXCEEDED");
  expect(codeOf(tree.delete("/meridian/quotas"))).toBe("");
  expect(codeOf(tree.create("/global/c"))).toBe("");
  expect(tree.tree.quotas()).toEqual([]);
});

test.each([
  ["{", "JSON"],
  ["{}", "array"],
  ["[1]", "object"],
  ["[null]", "object"],
  ['[{"path":"/a"}]', "nodesMax"],
  ['[{"path":"a","nodesMax":1}]', "begin"],
  ['[{"path":7,"nodesMax":1}]', "string"],
  ['[{"path":"/a","nodesMax":0}]', "above 0"],
  ['[{"path":"/a","nodesMax":1.5}]', "integer"],
  ['[{"path":"/a","nodesMax":"1"}]', "integer"],
  ['[{"path":"/a","nodesMax":1e300}]', "integer"],
  ['[{"path":"/a","bytesMax":-1}]', "above 0"],
  ['[{"path":"/a","nodesMax":1,"__proto__":1}]', "not known"],
  ['[{"path":"/a","nodesMax":1},{"path":"/a","nodesMax":2}]', "twice"],
])("a table of quotas is refused when it is %s", (table, why) => {
  const tree = new Cluster("global");
  const refused = tree.create("/meridian/quotas", table);
  expect(codeOf(refused)).toBe("BAD_ARGUMENTS");
  expect(refused.result).toMatchObject({ message: expect.stringContaining(why) });
  limit(tree, { path: "/global", nodesMax: 1 });
  expect(codeOf(tree.set("/meridian/quotas", table))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.create("/global/a"))).toBe("QUOTA_EXCEEDED");
});

test("a table of quotas holds 1,000 of them, is text, and stays until it is deleted", () => {
  const tree = new Cluster("global");
  tree.open(7);
  const many = Array.from({ length: 1_001 }, (_, at) => ({ path: `/global/${at}`, nodesMax: 1 }));
  expect(codeOf(limit(tree, ...many))).toBe("BAD_ARGUMENTS");
  const path = "/meridian/quotas";
  const made = { ...create(path), data: Uint8Array.of(0xff) };
  expect(codeOf(tree.apply(made))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.create(path, "[]", { mode: "ephemeral", session: 7 }))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.create(path, "[]", { mode: "ttl", ttlMs: 9 }))).toBe("BAD_ARGUMENTS");
  expect(codeOf(limit(tree, ...many.slice(1)))).toBe("");
  expect(tree.tree.quotas()).toHaveLength(1_000);
  const loose = { prefix: path, consistency: "eventual" } as const;
  expect(codeOf(tree.setZones([...zones, loose]))).toBe("BAD_ARGUMENTS");
});

test("each cluster enforces quotas where it owns the path, and takes what others did", () => {
  const [global, eu, us] = [new Cluster("global"), new Cluster("eu"), new Cluster("us")];
  for (const region of [eu, us]) region.seed(global);
  eu.seed(us);
  us.seed(eu);
  limit(
    global,
    { path: "/global/a", nodesMax: 2 },
    { path: "/regions/eu/b", nodesMax: 2 },
    { path: "/shared/c", nodesMax: 3 },
  );
  for (const region of [eu, us]) region.pull(global);
  for (const region of [eu, us]) region.create("/shared/c", "", { parents: true });
  us.create("/shared/c/us");
  eu.create("/shared/c/eu");
  expect(codeOf(us.create("/shared/c/us2"))).toBe("");
  expect(codeOf(us.create("/shared/c/us3"))).toBe("QUOTA_EXCEEDED");
  eu.pull(us);
  us.pull(eu);
  expect(eu.tree.eventualDigest("/")).toBe(us.tree.eventualDigest("/"));
  expect(used(eu, "/shared/c")).toEqual(used(us, "/shared/c"));
  expect(used(eu, "/shared/c")).toMatchObject({ nodes: 4 });
  expect(codeOf(eu.create("/shared/c/eu2"))).toBe("QUOTA_EXCEEDED");
  eu.create("/regions/eu/b");
  eu.create("/regions/eu/b/1");
  expect(codeOf(eu.create("/regions/eu/b/2"))).toBe("QUOTA_EXCEEDED");
  limit(global, { path: "/global/a", nodesMax: 9 });
  for (let at = 0; at < 5; at += 1) global.create(`/global/a/${at}`, "", { parents: true });
  eu.pull(global, global.index - 5);
  global.own(global.index - 5);
  eu.pull(global);
  expect(used(eu, "/global/a")).toEqual({ nodes: 6, bytes: 64 });
  expect(used(eu, "/global/a")).toEqual(used(global, "/global/a"));
});

test("edges follow a table of quotas like any other node, and count nothing", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  eu.seed(global);
  const edge = new Edge(eu);
  limit(global, { path: "/global", nodesMax: 1 });
  eu.pull(global);
  edge.follow();
  expect(edge.tree.get("/meridian/quotas")?.stat).toEqual(global.stat("/meridian/quotas"));
  expect(edge.tree.quotas()).toEqual([]);
});

test("after any history what is used is what is there, after a restart too", () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = seeded(seed);
    const [global, eu] = [new Cluster("global"), new Cluster("eu")];
    eu.seed(global);
    const paths = ["/", "/global", "/global/a", "/global/a/b", "/regions/eu/c", "/shared"];
    for (let step = 0; step < 60; step += 1) {
      churn(global, "/global", random, 3);
      churn(eu, "/regions/eu", random, 3);
      const name = `/shared/${pick(random, ["a", "b", "b/c"])}`;
      if (random() < 0.5) eu.create(name, "data", { parents: true });
      else eu.delete(name);
      if (random() < 0.2) {
        const chosen = paths.filter(() => random() < 0.5);
        limit(global, ...chosen.map((path) => ({ path, nodesMax: 1 + Math.floor(random() * 9) })));
      }
      if (random() < 0.3) eu.pull(global);
      if (random() < 0.1) eu.seed(global, 900);
      if (random() < 0.1) eu.restart();
      for (const cluster of [global, eu]) {
        for (const { path } of cluster.tree.quotas()) {
          expect(used(cluster, path), `seed ${seed}`).toEqual(counted(cluster, path));
        }
      }
    }
    const digest = eu.tree.digest();
    eu.restart();
    expect(eu.tree.digest()).toBe(digest);
  }
});

test("what a write would answer is foreseen exactly, and foreseeing it leaves no trace", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const cluster = new Cluster(pick(random, ["global", "eu"]));
    const root = cluster.name === "global" ? "/global" : pick(random, ["/regions/eu", "/shared"]);
    if (cluster.name === "eu") {
      const global = new Cluster("global");
      limit(global, { path: root, nodesMax: 6, bytesMax: 160 });
      cluster.seed(global);
    } else limit(cluster, { path: root, nodesMax: 6, bytesMax: 120 }, { path: "/", nodesMax: 9 });
    cluster.open(7);
    const name = () => `${root}/${pick(random, ["a", "b", "a/c", "b/d/e"])}`;
    const part = (): NodeOperation => {
      const data = "x".repeat(Math.floor(random() * 20));
      return pick(random, [
        create(name(), data),
        create(name(), data, { parents: true }),
        create(`${name()}-`, data, { mode: "persistent-sequential" }),
        set(name(), data, random() < 0.8 ? -1 : 1),
        remove(name()),
        { kind: "check", path: name(), version: -1 },
      ]);
    };
    for (let step = 0; step < 60; step += 1) {
      const operations = Array.from({ length: 1 + Math.floor(random() * 3) }, part);
      const [first] = operations;
      const isSingle = random() < 0.5 && first !== undefined && first.kind !== "check";
      const operation: Operation = isSingle ? first : { kind: "multi", operations };
      const command = { session: 7, sequence: 0, acknowledged: 0, timeMs: 9_000, operation };
      const before = cluster.tree.digest();
      const usages = cluster.tree.quotas();
      const isTight = cluster.tree.isTight(operation);
      const foreseen = cluster.tree.foresee(command);
      expect(cluster.tree.digest(), `seed ${seed}`).toBe(before);
      expect(cluster.tree.quotas()).toEqual(usages);
      const { result } = cluster.apply(operation, { session: 7, timeMs: 9_000 });
      expect(foreseen).toEqual(result.kind === "failed" ? result : undefined);
      expect(isTight || codeOf({ result }) !== "QUOTA_EXCEEDED").toBe(true);
    }
  }
});

test("without quotas, and far from them, nothing is in doubt", () => {
  const tree = new Cluster("global");
  const operation = create("/global/a", "data", { parents: true });
  expect(tree.tree.isTight(operation)).toBe(false);
  limit(tree, { path: "/global", nodesMax: 40, bytesMax: 1_000 });
  expect(tree.tree.isTight(operation)).toBe(false);
  expect(tree.tree.isTight(remove("/global/a") as Operation)).toBe(false);
  limit(tree, { path: "/global", bytesMax: 20 });
  tree.apply(create("/global/a", "data"));
  expect(tree.tree.isTight(set("/global/a", "tada") as Operation)).toBe(false);
  expect(tree.tree.isTight(set("/global/a", "dates") as Operation)).toBe(true);
  expect(tree.tree.isTight({ kind: "close-session", session: 7 })).toBe(false);
});

test("a large subtree is counted in portions by the leader's rounds, and refused only then", () => {
  const tree = new Cluster("global");
  tree.create("/global/a");
  for (let at = 0; at < 25_000; at += 1) tree.create(`/global/a/${at}`);
  limit(tree, { path: "/global/a", nodesMax: 10 }, { path: "/global", nodesMax: 30_000 });
  const twin = new Cluster("global");
  let rounds = 0;
  for (; tree.tree.isBehind; rounds += 1) {
    expect(used(tree, "/global")).toBe("counting");
    const name = `${rounds}`.repeat(3);
    tree.create(`/global/a/0${name}`);
    tree.delete(`/global/a/9${name}`);
    twin.tree = restored(recordsOf(tree.tree));
    expect(twin.tree.digest()).toBe(tree.tree.digest());
    expect(twin.tree.quotas()).toEqual(tree.tree.quotas());
    tree.apply({ kind: "reap", paths: [] });
  }
  expect(rounds).toBe(4);
  expect(used(tree, "/global/a")).toEqual(counted(tree, "/global/a"));
  expect(used(tree, "/global")).toEqual(counted(tree, "/global"));
  expect(codeOf(tree.create("/global/a/more"))).toBe("QUOTA_EXCEEDED");
});

test("a portion counts no more than it may, whatever happens between two", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join("/")}`);
  const act = fc.record({ path, grows: fc.boolean(), portion: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80 }), path, (acts, at) => {
      const nodes = new NodeStore();
      nodes.insert(Znode.blank("/"));
      for (const { path: made } of acts.slice(0, 20)) insertNode(nodes, made);
      nodes.quotas.replace([{ path: at, nodesMax: 1, bytesMax: undefined }]);
      for (const { path: touched, grows, portion } of acts) {
        if (grows) insertNode(nodes, touched);
        else removeNode(nodes, touched);
        const before = nodes.quotas.usages()[0]?.nodes ?? 0;
        if (portion > 0) nodes.quotas.count(nodes, portion);
        expect((nodes.quotas.usages()[0]?.nodes ?? 0) - before).toBeLessThanOrEqual(portion);
      }
      while (nodes.quotas.isCounting) nodes.quotas.count(nodes, 1);
      const there = [...nodes.values()].filter((node) => isWithin(node.path, at));
      expect(nodes.quotas.usages()[0]?.nodes).toBe(there.length);
    }),
    { numRuns: 300 },
  );
});

function insertNode(nodes: NodeStore, path: string): void {
  if (nodes.get(path) !== undefined) return;
  insertNode(nodes, parentOf(path));
  nodes.insert(new Znode(path, 1, 1));
}

function removeNode(nodes: NodeStore, path: string): void {
  const node = nodes.get(path);
  if (node !== undefined && node.numChildren === 0) nodes.remove(node);
}
