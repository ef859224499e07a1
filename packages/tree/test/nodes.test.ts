import { expect, test } from "vitest";
import { text } from "./support/bytes.ts";
import { Cluster, codeOf, create, madeBy, recordsWith, restored } from "./support/cluster.ts";
import { visible } from "./support/visible.ts";

function cluster(): Cluster {
  return new Cluster("global");
}

test("create makes a node whose Stat tells when and where it was made", () => {
  const tree = cluster();
  const { result } = tree.create("/global/a", "one", { timeMs: 77 });
  const stat = {
    czxid: tree.index,
    mzxid: tree.index,
    pzxid: tree.index,
    ctimeMs: 77,
    mtimeMs: 77,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0,
    dataLength: 3,
    numChildren: 0,
  };
  expect(result).toEqual({ kind: "node", path: "/global/a", stat });
  expect(tree.stat("/global/a")).toEqual(stat);
  expect(text(tree.tree.get("/global/a")?.data)).toBe("one");
});

test("create counts at the parent and moves its pzxid, but not version and mzxid", () => {
  const tree = cluster();
  tree.create("/global/a");
  const before = tree.stat("/global/a");
  tree.create("/global/a/b");
  const after = tree.stat("/global/a");
  expect(after).toEqual({ ...before, cversion: 1, pzxid: tree.index, numChildren: 1 });
});

test("create is refused below a parent that does not exist, and makes nothing", () => {
  const tree = cluster();
  expect(codeOf(tree.create("/global/a/b"))).toBe("NO_NODE");
  expect(tree.tree.children("/global")?.names).toEqual([]);
});

test("create is refused when the node exists", () => {
  const tree = cluster();
  tree.create("/global/a", "one");
  expect(codeOf(tree.create("/global/a", "two"))).toBe("NODE_EXISTS");
  expect(text(tree.tree.get("/global/a")?.data)).toBe("one");
});

test("create with parents makes missing ancestors, persistent and empty, at once", () => {
  const tree = cluster();
  tree.open(5);
  const options = { parents: true, mode: "ephemeral", session: 5, sequence: 1 } as const;
  const applied = tree.create("/global/a/b/c", "x", options);
  expect(applied.transactions).toHaveLength(1);
  expect(applied.transactions[0]?.changes.map(({ kind, path }) => [kind, path])).toEqual([
    ["created", "/global/a"],
    ["created", "/global/a/b"],
    ["created", "/global/a/b/c"],
  ]);
  expect(tree.stat("/global/a/b")).toMatchObject({ ephemeralOwner: 0, dataLength: 0 });
  expect(tree.stat("/global/a/b")).toMatchObject({ cversion: 1, numChildren: 1 });
  expect(tree.stat("/global/a/b/c").ephemeralOwner).toBe(5);
});

test("create with parents that is refused leaves no ancestors behind", () => {
  const tree = cluster();
  tree.open(5);
  tree.create("/global/e", "", { mode: "ephemeral", session: 5, sequence: 1 });
  const before = visible(tree.tree);
  const parents = true;
  expect(codeOf(tree.create("/global/e/b/c", "", { parents }))).toBe("NO_CHILDREN_FOR_EPHEMERALS");
  expect(codeOf(tree.create("/global/e", "", { parents }))).toBe("NODE_EXISTS");
  expect(visible(tree.tree)).toEqual(before);
});

test("create refuses a time to live for a mode without one, and a mode with one without it", () => {
  const tree = cluster();
  expect(codeOf(tree.create("/global/a", "", { ttlMs: 5 }))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.create("/global/a", "", { mode: "ttl" }))).toBe("BAD_ARGUMENTS");
  expect(codeOf(tree.create("/global/a", "", { mode: "ttl", ttlMs: 5 }))).toBe("");
});

test("create holds data of 1 MiB and refuses a byte more", () => {
  const tree = cluster();
  const max = 1024 * 1024;
  const big = { ...create("/global/a"), data: new Uint8Array(max + 1) };
  expect(codeOf(tree.apply(big))).toBe("TOO_LARGE");
  expect(codeOf(tree.apply({ ...big, data: new Uint8Array(max) }))).toBe("");
  const larger = { kind: "set", path: "/global/a", version: -1, data: big.data } as const;
  expect(codeOf(tree.apply(larger))).toBe("TOO_LARGE");
  expect(tree.stat("/global/a").dataLength).toBe(max);
});

test("set counts versions and moves mzxid and mtime only", () => {
  const tree = cluster();
  tree.create("/global/a", "one");
  const before = tree.stat("/global/a");
  const { result } = tree.set("/global/a", "three", 0, { timeMs: 99 });
  const after = { ...before, version: 1, mzxid: tree.index, mtimeMs: 99, dataLength: 5 };
  expect(result).toEqual({ kind: "node", path: "/global/a", stat: after });
  expect(tree.stat("/global/a")).toEqual(after);
});

test("set compares versions: only the present one or -1 goes through", () => {
  const tree = cluster();
  tree.create("/global/a", "zero");
  expect(codeOf(tree.set("/global/a", "x", 1))).toBe("BAD_VERSION");
  expect(codeOf(tree.set("/global/a", "one", 0))).toBe("");
  expect(codeOf(tree.set("/global/a", "x", 0))).toBe("BAD_VERSION");
  expect(codeOf(tree.set("/global/a", "two", -1))).toBe("");
  expect(tree.stat("/global/a").version).toBe(2);
});

test("set of a missing node is refused", () => {
  expect(codeOf(cluster().set("/global/a", "x"))).toBe("NO_NODE");
});

test("data that stays does not keep the frame alive that it came in", () => {
  const tree = new Cluster("global", { limits: { historyTransactionsMax: 3 } });
  const frame = new Uint8Array(1_000).fill(7);
  tree.apply({ ...create("/global/a"), data: frame.subarray(10, 20) });
  const { dataBytes } = tree.tree;
  const kept = () => tree.tree.get("/global/a")?.data ?? frame;
  expect(kept().buffer).toBe(frame.buffer);
  for (let round = 0; round < 3; round += 1) tree.set("/global", "x");
  expect(kept()).toEqual(new Uint8Array(10).fill(7));
  expect(kept().buffer).not.toBe(frame.buffer);
  const digest = tree.tree.digest();
  tree.restart();
  expect(tree.tree.dataBytes).toBe(dataBytes + 1);
  expect(tree.tree.digest()).toBe(digest);
});

test("no data keeps no frame alive", () => {
  const tree = cluster();
  const frame = new Uint8Array(1_000);
  tree.apply({ ...create("/global/a"), data: frame.subarray(7, 7) });
  expect(tree.tree.get("/global/a")?.data.buffer).not.toBe(frame.buffer);
  tree.set("/global/a", "x");
  const empty = { kind: "set", path: "/global/a", version: -1 } as const;
  tree.apply({ ...empty, data: frame.subarray(7, 7) });
  expect(tree.tree.get("/global/a")?.data.buffer).not.toBe(frame.buffer);
});

test("data that comes in a snapshot does not keep the slice alive that it came in", () => {
  const [global, eu] = [cluster(), new Cluster("eu")];
  const frame = new Uint8Array(1_000).fill(7);
  global.apply({ ...create("/global/a"), data: frame.subarray(10, 20) });
  eu.seed(global);
  expect(eu.tree.get("/global/a")?.data.buffer).not.toBe(frame.buffer);
  global.restart();
  expect(global.tree.get("/global/a")?.data.buffer).not.toBe(frame.buffer);
});

test("delete counts at the parent and tells the last Stat with its own index", () => {
  const tree = cluster();
  tree.create("/global/a");
  tree.create("/global/a/b", "gone");
  const last = tree.stat("/global/a/b");
  const { result, transactions } = tree.delete("/global/a/b", 0);
  expect(result).toEqual({ kind: "done" });
  expect(transactions[0]?.changes).toEqual([
    {
      kind: "deleted",
      path: "/global/a/b",
      data: new Uint8Array(0),
      stat: { ...last, mzxid: tree.index },
      mode: "persistent",
      ttlMs: 0,
    },
  ]);
  expect(tree.stat("/global/a")).toMatchObject({ cversion: 2, pzxid: tree.index });
  expect(tree.tree.get("/global/a/b")).toBeUndefined();
});

test("delete is refused while there are children, and for another version", () => {
  const tree = cluster();
  tree.create("/global/a");
  tree.create("/global/a/b");
  expect(codeOf(tree.delete("/global/a"))).toBe("NOT_EMPTY");
  expect(codeOf(tree.delete("/global/a/b", 1))).toBe("BAD_VERSION");
  expect(codeOf(tree.delete("/global/a/c"))).toBe("NO_NODE");
});

test("delete a node made again begins anew", () => {
  const tree = cluster();
  tree.create("/global/a");
  tree.set("/global/a", "x");
  tree.delete("/global/a");
  tree.create("/global/a");
  expect(tree.stat("/global/a")).toMatchObject({ version: 0, czxid: tree.index });
});

const mode = "persistent-sequential";

test("sequential nodes have ten digits that count every child ever made, of any mode", () => {
  const tree = cluster();
  tree.create("/global/q");
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-0000000000");
  tree.create("/global/q/other");
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-0000000002");
  expect(madeBy(tree.create("/global/q/", "", { mode }))).toBe("/global/q/0000000003");
  tree.open(1);
  const owned = { mode: "ephemeral-sequential", session: 1, sequence: 1 } as const;
  expect(madeBy(tree.create("/global/q/e-", "", owned))).toBe("/global/q/e-0000000004");
  const ttl = { mode: "ttl-sequential", ttlMs: 5 } as const;
  expect(madeBy(tree.create("/global/q/t-", "", ttl))).toBe("/global/q/t-0000000005");
});

test("sequential nodes never use a number again: not after deletes, not after a restart", () => {
  const tree = cluster();
  tree.create("/global/q");
  for (let round = 0; round < 3; round += 1) {
    const made = madeBy(tree.create("/global/q/n-", "", { mode }));
    expect(made).toBe(`/global/q/n-000000000${round}`);
    tree.delete(made);
    tree.restart();
  }
});

test("sequential nodes do not count a create that was refused", () => {
  const tree = cluster();
  tree.create("/global/q");
  tree.create("/global/q/a");
  tree.create("/global/q/a");
  expect(madeBy(tree.create("/global/q/n-", "", { mode }))).toBe("/global/q/n-0000000001");
});

test("reads tell what is there, children in the order of code units, in pages", () => {
  const { tree } = ((made) => {
    for (const name of ["b", "é", "a", "B", "a-b", "𝒳", "\uffee"]) made.create(`/global/${name}`);
    return made;
  })(cluster());
  const names = ["B", "a", "a-b", "b", "é", "𝒳", "\uffee"];
  expect(tree.children("/global")).toEqual({ names, more: false });
  expect(tree.children("/global", { limit: 2 })).toEqual({ names: ["B", "a"], more: true });
  expect(tree.children("/global", { after: "a", limit: 2 })).toEqual({
    names: ["a-b", "b"],
    more: true,
  });
  expect(tree.children("/global", { after: "aa", limit: 9 })).toEqual({
    names: ["b", "é", "𝒳", "\uffee"],
    more: false,
  });
  expect(tree.children("/global", { after: "\uffee" })).toEqual({ names: [], more: false });
  expect(tree.children("/global/a")).toEqual({ names: [], more: false });
  expect(tree.children("/global/nothing")).toBeUndefined();
  expect(tree.stat("/global/nothing")).toBeUndefined();
});

test("what the tree holds is counted", () => {
  const tree = cluster();
  const { nodeCount, dataBytes } = tree.tree;
  tree.create("/global/a", "12345");
  tree.create("/global/b", "123");
  tree.set("/global/b", "1");
  expect(tree.tree.nodeCount).toBe(nodeCount + 2);
  expect(tree.tree.dataBytes).toBe(dataBytes + 6);
  tree.delete("/global/a");
  expect(tree.tree.dataBytes).toBe(dataBytes + 1);
});

test("a version that has reached the largest that can be asked for begins again at 0", () => {
  const tree = cluster();
  tree.create("/global/a");
  tree.create("/global/a/b");
  const records = recordsWith(tree, "/global/a/b", (stat) => ({ ...stat, version: 2 ** 31 - 1 }));
  tree.tree = restored(records);
  expect(codeOf(tree.set("/global/a/b", "x", 2 ** 31 - 1))).toBe("");
  expect(tree.stat("/global/a/b").version).toBe(0);
});
