import { expect, test } from "vitest";
import type { Applied } from "../src/index.ts";
import { bytes } from "./support/bytes.ts";
import { Cluster, codeOf, create, recordsOf, restored, set } from "./support/cluster.ts";

interface QuotaDraft {
  readonly path: string;
  readonly nodesMax?: number;
  readonly bytesMax?: number;
}

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
  expect(bytes("").byteLength).toBe(0);
});
