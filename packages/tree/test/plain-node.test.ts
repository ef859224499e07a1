import { expect, test } from "vitest";
import { type PlainNode, type SnapshotRecord, Tree } from "../src/index.ts";
import { churn } from "./support/churn.ts";
import { Cluster, recordsOf, restored, set } from "./support/cluster.ts";
import { seeded } from "./support/random.ts";
import { visible } from "./support/visible.ts";

type NodeRecord = Extract<SnapshotRecord, { kind: "node" }>;

/** Plain or not: see `PlainNode`. */
function isPlain({ change }: NodeRecord): boolean {
  const { path, mode, ttlMs, stamp, stat } = change;
  const isOwned = stat.ephemeralOwner !== 0 || stamp !== undefined;
  return (
    !isOwned && mode === "persistent" && ttlMs === 0 && Buffer.byteLength(path) === path.length
  );
}

/** A record as it lies among the bytes of others. */
function plainOf({ change, nextSequence }: NodeRecord, before: number): PlainNode {
  const { path, data, stat } = change;
  const bytes = Buffer.concat([Buffer.alloc(before, 1), Buffer.from(path), data, Buffer.alloc(9)]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataAt = before + path.length;
  const place = { bytes, view, pathAt: before, dataAt, dataLength: data.length };
  return { path, ...stat, nextSequence, ...place };
}

/** A tree out of records, of which the plain nodes come as what lies in bytes. */
function poured(
  records: readonly SnapshotRecord[],
  settled: number,
): { tree: Tree; plain: number } {
  const restorer = Tree.restorer();
  let plain = 0;
  for (const [at, record] of records.entries()) {
    if (record.kind !== "node" || !isPlain(record)) {
      restorer.add(record);
      continue;
    }
    plain += 1;
    const node = plainOf(record, at % 7);
    restorer.addPlain(node);
    // The place is used for others afterwards.
    node.bytes.fill(0xff);
  }
  // The rest is done in the end.
  for (let slice = 0; slice < settled; slice += 1) restorer.settle(3);
  return { tree: restorer.finish(), plain };
}

/** With data of all sizes that are kept in different ways. */
function busy(seed: number): Cluster {
  const eu = new Cluster("eu");
  const random = seeded(seed);
  eu.open(7);
  churn(eu, "/regions/eu", random, 60);
  eu.create("/shared/a", "eventual");
  eu.create("/regions/eu/ü", "not ASCII");
  for (const length of [0, 1, 3, 4, 5, 255, 256, 257, 4_096, 4_097]) {
    eu.create(`/regions/eu/data-${length}`, "x".repeat(length));
  }
  eu.create("/regions/eu/queue");
  for (let at = 0; at < 20; at += 1) {
    eu.create("/regions/eu/queue/job-", String(at), { mode: "persistent-sequential" });
  }
  eu.delete("/regions/eu/queue/job-0000000019");
  return eu;
}

test("a plain node is restored as any other record of the same", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const eu = busy(seed);
    const records = recordsOf(eu.tree);
    const { tree, plain } = poured(records, seed * 5);
    expect(plain).toBeGreaterThan(10);
    expect(tree.digest(), `seed ${seed}`).toBe(eu.tree.digest());
    expect(visible(tree)).toEqual(visible(eu.tree));
    expect(tree.dataBytes).toBe(eu.tree.dataBytes);
  }
});

test("a tree of plain nodes goes on like the one that it was", () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const eu = busy(seed);
    const twin = new Cluster("eu");
    twin.tree = poured(recordsOf(eu.tree), seed).tree;
    twin.index = eu.index;
    twin.timeMs = eu.timeMs;
    for (const cluster of [eu, twin]) {
      churn(cluster, "/regions/eu", seeded(seed), 60);
      cluster.create("/regions/eu/queue/job-", "", { mode: "persistent-sequential" });
      cluster.apply(set("/regions/eu/data-4096", "y", -1));
    }
    expect(twin.tree.stat("/regions/eu/queue/job-0000000020")).toBeDefined();
    expect(twin.tree.digest(), `seed ${seed}`).toBe(eu.tree.digest());
    expect(visible(twin.tree)).toEqual(visible(eu.tree));
    expect(restored(recordsOf(twin.tree)).digest()).toBe(eu.tree.digest());
  }
});
