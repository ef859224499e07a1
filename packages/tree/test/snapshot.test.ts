import fc from "fast-check";
import { expect, test } from "vitest";
import { parentOf, type SnapshotRecord, type Stat, Tree, type TreeSnapshot } from "../src/index.ts";
import { comparePaths } from "../src/path.ts";
import { churn } from "./support/churn.ts";
import { Cluster, codeOf, create, recordsOf, recordsWith, sliceOf } from "./support/cluster.ts";
import { restored, set } from "./support/cluster.ts";
import { seeded } from "./support/random.ts";
import { visible } from "./support/visible.ts";

function read(snapshot: TreeSnapshot, between: () => void = () => undefined): SnapshotRecord[] {
  const records: SnapshotRecord[] = [];
  for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
    records.push(...slice);
    between();
  }
  return records;
}

/** A region with something of everything: sessions, answers, mirrors, eventual data, tombstones. */
function busy(seed: number, steps: number): { eu: Cluster; global: Cluster; us: Cluster } {
  const random = seeded(seed);
  const clusters = { eu: new Cluster("eu"), global: new Cluster("global"), us: new Cluster("us") };
  const { eu, global, us } = clusters;
  eu.seed(global);
  eu.seed(us);
  eu.open(7);
  for (let step = 0; step < steps; step += 1) {
    work(clusters, random, step + 1);
  }
  return clusters;
}

function work(
  { eu, global, us }: { eu: Cluster; global: Cluster; us: Cluster },
  random: () => number,
  sequence: number,
): void {
  churn(eu, "/regions/eu", random, 3);
  churn(global, "/global", random, 2);
  const path = `/shared/${Math.floor(random() * 6)}`;
  if (random() < 0.5) us.create(path, "us");
  else us.delete(path);
  if (random() < 0.5) eu.create(path, "eu");
  else eu.delete(path);
  eu.set("/regions/eu/a", "numbered", -1, { session: 7, sequence, acknowledged: sequence - 4 });
  if (random() < 0.5) eu.pull(global);
  if (random() < 0.5) eu.pull(us);
}

test("a tree restored from a snapshot is the tree, and goes on like it", () => {
  for (let seed = 1; seed <= 15; seed += 1) {
    const clusters = busy(seed, 40);
    const { eu } = clusters;
    const twin = new Cluster("eu");
    twin.tree = restored(recordsOf(eu.tree));
    twin.index = eu.index;
    twin.timeMs = eu.timeMs;
    expect(twin.tree.digest(), `seed ${seed}`).toBe(eu.tree.digest());
    expect(visible(twin.tree)).toEqual(visible(eu.tree));
    expect(twin.tree.cursors()).toEqual(eu.tree.cursors());
    expect(twin.tree.zones()).toEqual(eu.tree.zones());
    expect(twin.tree.regions).toEqual(eu.tree.regions);
    expect(twin.tree.appliedIndex).toBe(eu.tree.appliedIndex);
    expect(twin.tree.dataBytes).toBe(eu.tree.dataBytes);
    expect(twin.tree.tombstoneCount).toBe(eu.tree.tombstoneCount);
    const sessionsOf = (tree: Tree) =>
      [...tree.sessions()].map(({ id, secret, timeoutMs, appliedSequence, ephemerals }) => {
        return { id, secret, timeoutMs, appliedSequence, ephemerals };
      });
    expect(sessionsOf(twin.tree)).toEqual(sessionsOf(eu.tree));
    for (const [at, cluster] of [eu, twin].entries()) {
      churn(cluster, "/regions/eu", seeded(at * 0 + seed), 40);
      cluster.set("/regions/eu/a", "x", -1, { session: 7, sequence: 40 });
      cluster.close(7);
    }
    expect(twin.tree.digest(), `seed ${seed}`).toBe(eu.tree.digest());
  }
});

test("a tree restored from a snapshot gives the same snapshot again", () => {
  const { eu } = busy(4, 40);
  const records = recordsOf(eu.tree);
  expect(recordsOf(restored(records))).toEqual(records);
});

test("a snapshot has its header first and each node behind its parent", () => {
  const [first, ...others] = recordsOf(busy(5, 20).eu.tree);
  expect(first).toMatchObject({ kind: "header", incarnation: 1 });
  const seen = new Set<string>(["/"]);
  for (const record of others) {
    if (record.kind !== "node") continue;
    const { path } = record.change;
    expect(seen).toContain(parentOf(path));
    seen.add(path);
  }
});

test("the snapshot of a cluster that was never founded keeps what there is", () => {
  const tree = restored(recordsOf(new Tree({ incarnation: 3 })));
  expect(tree.incarnation).toBe(3);
  expect(tree.cluster).toBe("");
  const founded = new Cluster("global");
  founded.restart();
  expect(founded.tree.cluster).toBe("global");
});

test("a snapshot shows its index, whatever is written between its slices", () => {
  for (let seed = 1; seed <= 15; seed += 1) {
    const clusters = busy(seed, 300);
    const random = seeded(seed);
    const { eu } = clusters;
    const digest = eu.tree.digest();
    const snapshot = eu.tree.snapshot();
    const { index } = eu;
    let sequence = 1_000;
    const records = read(snapshot, () => {
      for (let round = 0; round < 10; round += 1) work(clusters, random, (sequence += 1));
    });
    expect(snapshot.index).toBe(index);
    expect(restored(records).digest(), `seed ${seed}`).toBe(digest);
    expect(restored(recordsOf(eu.tree)).digest()).toBe(eu.tree.digest());
  }
});

test("any interleaving of writes and several readers shows each its own moment", () => {
  const step = fc.record({
    kind: fc.constantFrom("create", "set", "delete", "read", "start", "abandon"),
    path: fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
      .map((parts) => `/global/${parts.join("/")}`),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tree = new Cluster("global");
      for (let at = 0; at < 3; at += 1) tree.create(`/global/${"abc"[at]}`);
      const open: { views: Reading[] } = { views: [] };
      for (const { kind, path } of steps) {
        if (kind === "create") tree.create(path, String(tree.index));
        else if (kind === "set") tree.set(path, String(tree.index));
        else if (kind === "delete") tree.delete(path);
        else if (kind === "read") for (const view of open.views) view.step();
        else if (kind === "start") open.views.push(new Reading(tree));
        else open.views.shift();
      }
      for (const view of open.views) {
        view.finish();
        expect(view.found).toEqual(view.expected);
        expect(view.isGapless).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("a snapshot that is abandoned, or released too late, disturbs no other", () => {
  const tree = new Cluster("global");
  for (let at = 0; at < 2_000; at += 1) tree.create(`/global/${at}`);
  const abandoned = tree.tree.snapshot();
  sliceOf(abandoned);
  sliceOf(abandoned);
  const digest = tree.tree.digest();
  const snapshot = tree.tree.snapshot();
  const records = [...sliceOf(snapshot), ...sliceOf(snapshot)];
  abandoned.release();
  for (let at = 0; at < 2_000; at += 2) tree.delete(`/global/${at}`);
  for (let at = 1; at < 2_000; at += 2) tree.set(`/global/${at}`, "x");
  abandoned.release();
  expect(sliceOf(abandoned)).toEqual([]);
  records.push(...read(snapshot));
  expect(restored(records).digest()).toBe(digest);
  snapshot.release();
  expect(sliceOf(snapshot)).toEqual([]);
});

test("slices of a snapshot are bounded, also when all nodes go meanwhile", () => {
  const tree = new Cluster("global");
  for (let at = 0; at < 5_000; at += 1) tree.create(`/global/${at}`);
  const digest = tree.tree.digest();
  const snapshot = tree.tree.snapshot();
  const records = [...sliceOf(snapshot)];
  for (let at = 0; at < 5_000; at += 1) tree.delete(`/global/${at}`);
  for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
    expect(slice.length).toBeLessThanOrEqual(500);
    records.push(...slice);
  }
  expect(restored(records).digest()).toBe(digest);
});

test("slices of a snapshot are bounded in bytes", () => {
  const tree = new Cluster("global");
  for (let at = 0; at < 30; at += 1) tree.create(`/global/${at}`, "x".repeat(200_000));
  const snapshot = tree.tree.snapshot();
  for (let slice = sliceOf(snapshot); slice.length > 0; slice = sliceOf(snapshot)) {
    let bytes = 0;
    for (const record of slice) bytes += record.kind === "node" ? record.change.data.length : 0;
    expect(bytes).toBeLessThan(1_500_000);
  }
});

/** A seed that is read step by step beside writes, and what it must show in the end. */
class Reading {
  readonly expected: Map<string, unknown>;
  readonly found = new Map<string, unknown>();
  isGapless = true;
  readonly #ranges: ReturnType<Tree["seed"]>;
  #after = "";

  constructor({ tree }: Cluster) {
    this.expected = new Map([...visible(tree)].map(([path, { stat }]) => [path, stat]));
    this.#ranges = tree.seed({ ownOnly: false, prefixes: [] }, 1);
  }

  step(): boolean {
    const { value } = this.#ranges.next();
    if (value === undefined) return false;
    const { afterPath, toPath, nodes } = value;
    const isInside = ({ path }: { path: string }): boolean =>
      comparePaths(path, afterPath) > 0 && (toPath === "" || comparePaths(path, toPath) <= 0);
    // The first range brings the zone table before its turn; ranges that cover nothing come last.
    const isOdd = toPath === "/";
    this.isGapless &&= isOdd || (afterPath === this.#after && nodes.every(isInside));
    for (const { path, stat } of value.nodes) this.found.set(path, stat);
    this.#after = value.toPath;
    return true;
  }

  finish(): void {
    while (this.step()) continue;
  }
}

const same = (edit: (tree: Cluster) => void): boolean => {
  const [one, other] = [new Cluster("eu"), new Cluster("eu")];
  for (const tree of [one, other]) {
    tree.open(7);
    tree.create("/regions/eu/a", "x", { session: 7, sequence: 1 });
    tree.create("/shared/a");
  }
  edit(one);
  other.apply({ kind: "reap", paths: [] });
  return one.tree.digest() === other.tree.digest();
};

test.each<[string, (tree: Cluster) => void]>([
  ["data", (tree) => tree.set("/regions/eu/a", "y")],
  ["the same data written again", (tree) => tree.set("/regions/eu/a", "x")],
  ["a node", (tree) => tree.create("/regions/eu/b")],
  ["a deletion", (tree) => tree.delete("/regions/eu/a")],
  ["an eventual deletion", (tree) => tree.delete("/shared/a")],
  ["a session", (tree) => tree.open(8)],
  ["the end of one", (tree) => tree.close(7)],
  ["an answer", (tree) => tree.set("/none", "", -1, { session: 7, sequence: 2 })],
  ["a cursor", (tree) => tree.seed(new Cluster("global"), 1e9)],
])("the digest tells %s", (_what, edit) => {
  expect(same(edit)).toBe(false);
});

test("the digest tells nothing where nothing happened", () => {
  expect(same((tree) => tree.set("/regions/eu/none", "y"))).toBe(true);
  expect(same((tree) => tree.create("/regions/eu/a"))).toBe(true);
});

test("the digest tells a secret, an incarnation and a vector", () => {
  const digestOf = (edit: (record: SnapshotRecord) => SnapshotRecord): string => {
    const eu = new Cluster("eu");
    eu.open(7);
    eu.create("/shared/a");
    return restored(recordsOf(eu.tree).map(edit)).digest();
  };
  const plain = digestOf((record) => record);
  const edits: ((record: SnapshotRecord) => SnapshotRecord)[] = [
    (record) => (record.kind === "header" ? { ...record, incarnation: 9 } : record),
    (record) => {
      if (record.kind !== "session") return record;
      return { ...record, session: { ...record.session, secret: Uint8Array.of(1) } };
    },
    (record) => {
      if (record.kind !== "node" || record.change.stat.vector === undefined) return record;
      const stat = { ...record.change.stat, vector: new Map([["eu", 1]]) };
      return { ...record, change: { ...record.change, stat } };
    },
  ];
  for (const edit of edits) expect(digestOf(edit)).not.toBe(plain);
});

test("the version of an access control list stays in snapshots, mirrors and later writes", () => {
  const global = new Cluster("global");
  global.create("/global/a", "x");
  expect(global.stat("/global/a").aversion).toBe(0);
  const plain = global.tree.digest();
  const versioned = (stat: Stat): Stat => ({ ...stat, aversion: 3 });
  global.tree = restored(recordsWith(global, "/global/a", versioned));
  expect(global.tree.digest()).not.toBe(plain);
  expect(codeOf(global.set("/global/a", "y"))).toBe("");
  expect(codeOf(global.multi([set("/global/a", "z"), create("/global/a")]))).toBe("NODE_EXISTS");
  expect(global.stat("/global/a").aversion).toBe(3);
  global.restart();
  const [us, eu] = [new Cluster("us"), new Cluster("eu")];
  us.seed(global);
  eu.seed(global);
  const from = global.index;
  global.set("/global/a", "again");
  eu.take(global, from);
  for (const region of [us, eu]) expect(region.stat("/global/a").aversion).toBe(3);
});

test("the digest does not depend on the way to a state", () => {
  const [one, other] = [new Cluster("global"), new Cluster("global")];
  for (const name of ["a", "b", "c"]) one.create(`/global/${name}`);
  one.delete("/global/b");
  other.create("/global/a");
  other.tree.digest();
  other.create("/global/b");
  other.restart();
  other.create("/global/c");
  other.tree.digest();
  other.delete("/global/b");
  expect(other.tree.digest()).toBe(one.tree.digest());
});
