import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { HistoryRead, Position, Transaction } from "../src/index.ts";
import { History } from "../src/history.ts";
import { Cluster, type ClusterOptions } from "./support/cluster.ts";
import { someChanges } from "./support/changes.ts";
import { seeded } from "./support/random.ts";

const at = (cluster: string, index: number, incarnation = 1): Map<string, Position> =>
  new Map([[cluster, { cluster, incarnation, index }]]);

function indexes(read: HistoryRead): number[] | string {
  return read.outcome === "continue"
    ? [...read.transactions].map(({ transaction }) => transaction.index)
    : read.outcome;
}

function written(count: number, limits: ClusterOptions["limits"] = {}): Cluster {
  const tree = new Cluster("global", { limits });
  tree.create("/global/a");
  for (let round = 1; round < count; round += 1) tree.set("/global/a", String(round));
  return tree;
}

function history(historyTransactionsMax: number): History {
  return new History({ historyTransactionsMax, historyBytesMax: 1e9 }, () => undefined);
}

const transaction = (origin: string, index: number, incarnation = 1): Transaction => {
  return { index, origin, incarnation, timeMs: 0, changes: [] };
};

test("resuming by local index gives everything behind it, once, in order", () => {
  const tree = written(5);
  expect(indexes(tree.tree.changesSince(1))).toEqual([2, 3, 4, 5, 6]);
  expect(indexes(tree.tree.changesSince(4))).toEqual([5, 6]);
  expect(indexes(tree.tree.changesSince(6))).toEqual([]);
});

test("resuming by local index skips indexes that changed nothing", () => {
  const tree = written(1);
  tree.set("/global/none", "x");
  tree.apply({ kind: "reap", paths: [] });
  tree.set("/global/a", "x");
  expect(indexes(tree.tree.changesSince(2))).toEqual([5]);
  expect(indexes(tree.tree.changesSince(3))).toEqual([5]);
});

test("resuming by local index is refused where nothing is kept any more", () => {
  const tree = written(10, { historyTransactionsMax: 4 });
  expect(indexes(tree.tree.changesSince(0))).toBe("compacted");
  expect(indexes(tree.tree.changesSince(6))).toBe("compacted");
  expect(indexes(tree.tree.changesSince(7))).toEqual([8, 9, 10, 11]);
});

test("history is bounded in bytes, also by a transaction larger than all of it", () => {
  const tree = written(3, { historyBytesMax: 3_000 });
  expect(indexes(tree.tree.changesSince(1))).toEqual([2, 3, 4]);
  tree.set("/global/a", "x".repeat(3_000));
  expect(indexes(tree.tree.changesSince(4))).toBe("compacted");
  expect(indexes(tree.tree.changesSince(5))).toEqual([]);
  tree.set("/global/a", "x");
  expect(indexes(tree.tree.changesSince(5))).toEqual([6]);
});

test("resuming by local index starts after a restart where the snapshot was taken", () => {
  const tree = written(5);
  tree.restart();
  expect(indexes(tree.tree.changesSince(5))).toBe("compacted");
  tree.set("/global/a", "x");
  expect(indexes(tree.tree.changesSince(6))).toEqual([7]);
});

test("resuming by local index gives all transactions of an index or none", () => {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  eu.seed(global);
  for (const name of ["a", "b", "c"]) global.create(`/global/${name}`);
  const before = eu.index;
  eu.pull(global);
  expect(indexes(eu.tree.changesSince(before))).toEqual([2, 3, 4]);
  expect(indexes(eu.tree.changesSince(before + 1))).toEqual([]);
});

test("a reading of the history that goes on after a change fails, and skips nothing", () => {
  for (const room of [2, 2_000]) {
    const kept = history(room);
    kept.add(1, transaction("x", 1));
    kept.add(2, transaction("x", 2));
    const read = kept.since(0);
    if (read.outcome !== "continue") throw new Error(read.outcome);
    const seen = read.transactions[Symbol.iterator]();
    expect(seen.next().value).toMatchObject({ index: 1 });
    kept.add(3, transaction("x", 3));
    expect(() => seen.next()).toThrow("is not changed while it is read");
  }
});

function region(): { eu: Cluster; global: Cluster } {
  const [global, eu] = [new Cluster("global"), new Cluster("eu")];
  global.create("/global/a");
  eu.seed(global);
  return { eu, global };
}

test("resuming by positions gives what each cluster did behind its own", () => {
  const { eu, global } = region();
  global.set("/global/a", "1");
  eu.pull(global);
  eu.create("/regions/eu/x");
  const middle = eu.index;
  global.set("/global/a", "2");
  eu.pull(global);
  eu.create("/regions/eu/y");
  const positions = new Map([...at("global", 3), ...at("eu", middle)]);
  const read = eu.tree.changesAfter(positions);
  if (read.outcome !== "continue") throw new Error(read.outcome);
  const seen = [...read.transactions].map((entry) => entry.transaction);
  expect(seen.map(({ origin, index }) => [origin, index])).toEqual([
    ["global", 4],
    ["eu", eu.index],
  ]);
});

test("resuming by positions gives all that is kept of a cluster without one", () => {
  const { eu, global } = region();
  eu.create("/regions/eu/x");
  expect(indexes(eu.tree.changesAfter(at("global", global.index)))).toEqual([eu.index]);
});

test("resuming by positions is refused below what a snapshot of the cluster brought", () => {
  const { eu, global } = region();
  expect(indexes(eu.tree.changesAfter(at("global", global.index)))).toEqual([]);
  expect(indexes(eu.tree.changesAfter(at("global", global.index - 1)))).toBe("compacted");
});

test("resuming by positions is refused for a cluster of which nothing is here", () => {
  const { eu } = region();
  expect(indexes(eu.tree.changesAfter(at("us", 5)))).toBe("compacted");
  expect(eu.tree.changesAfter(at("us", 0)).outcome).toBe("continue");
});

test("resuming by positions is refused while a newer snapshot is being taken over", () => {
  const { eu, global } = region();
  const from = at("global", global.index);
  global.set("/global/a", "1");
  global.create("/global/b");
  const ahead = at("global", global.index - 1);
  const outcomes: unknown[] = [];
  const begin = eu.index;
  eu.seed(global, 1, () => {
    // Until a part has brought something new, nothing is missing.
    if (indexes(eu.tree.changesSince(begin)).length === 0) return;
    for (const each of [from, ahead]) outcomes.push(indexes(eu.tree.changesAfter(each)));
  });
  expect(new Set(outcomes)).toEqual(new Set(["compacted"]));
  expect(indexes(eu.tree.changesAfter(at("global", global.index)))).toEqual([]);
});

test("a position of an abandoned incarnation is forked, for good", () => {
  const { eu, global } = region();
  const promoted = new Cluster("global", { incarnation: 2 });
  while (promoted.index < global.index + 3) promoted.set("/global", "x");
  eu.seed(promoted);
  expect(indexes(eu.tree.changesAfter(at("global", 99, 1)))).toBe("forked");
  for (let round = 0; round < 9; round += 1) promoted.set("/global", String(round));
  eu.pull(promoted);
  expect(indexes(eu.tree.changesAfter(at("global", 1, 1)))).toBe("forked");
  expect(indexes(eu.tree.changesAfter(at("global", promoted.index, 2)))).toEqual([]);
});

test("an old incarnation that leaves the bounds does not undo the fork", () => {
  const kept = history(2);
  kept.add(1, transaction("x", 5, 1));
  kept.raise({ cluster: "x", incarnation: 2, index: 1 });
  for (let index = 2; index < 5; index += 1) kept.add(index, transaction("x", index, 2));
  expect(kept.after(at("x", 7, 1)).outcome).toBe("forked");
  expect(kept.after(at("x", 1, 2)).outcome).toBe("compacted");
});

test("resuming by positions gives nothing of an incarnation that was left behind", () => {
  const kept = history(9);
  kept.raise({ cluster: "x", incarnation: 1, index: 0 });
  kept.add(1, transaction("x", 5, 1));
  kept.add(2, transaction("x", 2, 2));
  kept.add(3, transaction("x", 3, 2));
  expect(indexes(kept.after(at("x", 2, 2)))).toEqual([3]);
});

test("a consumer that resumes at any time sees each change once, or hears that it cannot", () => {
  let refusals = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const limits = { historyTransactionsMax: 12 };
    const [global, eu] = [new Cluster("global", { limits }), new Cluster("eu", { limits })];
    eu.seed(global);
    let from = { local: eu.index, global: global.index };
    let missed: string[] = [];
    for (let step = 0; step < 120; step += 1) {
      missed.push(...happen(global, eu, random));
      if (random() > 0.1) continue;
      const positions = new Map([...at("eu", from.local), ...at("global", from.global)]);
      const read =
        random() < 0.5 ? eu.tree.changesSince(from.local) : eu.tree.changesAfter(positions);
      // Refused it reads the state instead, which is only right when something was missed.
      const seen =
        read.outcome === "continue"
          ? [...read.transactions].map((entry) => nameOf(entry.transaction))
          : missed;
      if (read.outcome !== "continue") refusals += 1;
      expect({ seed, seen }).toEqual({ seed, seen: missed });
      expect(read.outcome === "continue" || missed.length > 0).toBe(true);
      from = { local: eu.index, global: eu.tree.cursors().get("global")?.index ?? 0 };
      missed = [];
    }
  }
  expect(refusals).toBeGreaterThan(10);
});

/** Something is written here or there, or taken over; names what this made of it. */
function happen(global: Cluster, eu: Cluster, random: () => number): string[] {
  const mode = "persistent-sequential";
  const applied = [];
  if (random() < 0.4) global.create("/global/n-", "", { mode });
  if (random() < 0.4) applied.push(eu.create("/regions/eu/n-", "", { mode }));
  if (random() < 0.3) applied.push(eu.pull(global));
  return applied.flatMap(({ transactions }) => transactions.map(nameOf));
}

function nameOf({ origin, index }: Transaction): string {
  return `${origin} ${index}`;
}

test("but for the newest nothing is kept as it came", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const kept = history(20_000);
  const added: WeakRef<Transaction>[] = [];
  for (let index = 1; index <= 4_000; index += 1) {
    const one = transaction("a", index);
    added.push(new WeakRef(one));
    kept.add(index, one);
  }
  // What was looked at in this turn is held until it ends.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const alive = added.filter((one) => one.deref() !== undefined).length;
  expect(indexes(kept.since(0))).toHaveLength(4_000);
  expect(alive).toBeLessThanOrEqual(1_100);
});

test("whatever was mixed and dropped, exactly what was not seen comes again", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seeded(seed);
    const kept = history(50 + Math.floor(random() * 2_000));
    const clusters = ["a", "b", "c"];
    const newest = new Map(clusters.map((cluster) => [cluster, 0]));
    const all: Transaction[] = [];
    const count = Math.floor(random() * 6_000);
    for (let local = 1; local <= count; local += 1) {
      // Some clusters are busier than others.
      const cluster = clusters[Math.floor(random() ** 3 * 3)] ?? "a";
      const index = (newest.get(cluster) ?? 0) + 1 + Math.floor(random() * 3);
      newest.set(cluster, index);
      const added = { ...transaction(cluster, index), changes: someChanges(random) };
      kept.add(local, added);
      all.push(added);
    }
    for (let round = 0; round < 6; round += 1) {
      const places = clusters.map((cluster) => {
        const index = random() < 0.2 ? Infinity : Math.floor((newest.get(cluster) ?? 0) * random());
        return [cluster, { cluster, incarnation: 1, index }] as const;
      });
      const seen = new Map(places);
      const read = kept.after(seen);
      if (read.outcome !== "continue") continue;
      const due = all.filter(({ origin, index }) => index > (seen.get(origin)?.index ?? 0));
      const found = [...read.transactions].map((entry) => entry.transaction);
      expect(found.length, `seed ${seed}`).toBe(due.length);
      // To compare all of what each of them says takes long.
      expect(found.map(nameOf), `seed ${seed}`).toEqual(due.map(nameOf));
      expect(found.at(-1), `seed ${seed}`).toEqual(due.at(-1));
    }
  }
});
