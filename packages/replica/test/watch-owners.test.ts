import { type Change, type Operation, type Position, Tree } from "@meridian/tree";
import { type IWatchEvents, WatchEvents, WatchKind } from "@meridian/wire";
import { expect, test } from "vitest";
import { WatchRegistry } from "../src/watch-registry.ts";
import type { WatchReport } from "../src/watch-report.ts";

const command = { session: 0, sequence: 0, acknowledged: 0, timeMs: 1 };

/** A member of us-west, and what its watches are told. */
class Node {
  readonly tree: Tree;
  readonly registry: WatchRegistry = new WatchRegistry();
  readonly told: IWatchEvents[] = [];
  #zonesAt = 10;

  constructor(incarnation: number = 1) {
    this.tree = new Tree({ incarnation });
    this.apply({
      kind: "bootstrap",
      cluster: "us-west",
      regions: ["eu-west", "us-west"],
      zones: tableOf("us-west"),
    });
    this.seed("global", this.#zonesAt, [changeOf("/meridian/zones", tableOf("us-west"), 10)]);
  }

  get own(): Position {
    const { incarnation, appliedIndex: index } = this.tree;
    return { cluster: "us-west", incarnation, index };
  }

  apply(operation: Operation): void {
    const { tree, registry } = this;
    const applied = tree.apply(tree.appliedIndex + 1, 1, { ...command, operation });
    for (const transaction of applied.transactions) registry.notify(transaction, tree);
  }

  create(path: string): void {
    const node = { mode: "persistent", ttlMs: 0, parents: false } as const;
    this.apply({ kind: "create", path, data: Buffer.from("mine"), ...node });
  }

  /** Takes over all of a cluster as of an index. */
  seed(origin: string, index: number, nodes: readonly Change[]): void {
    const range = { incarnation: 1, index, afterPath: "", toPath: "", last: true };
    this.apply({ kind: "seed-remote", origin, ...range, nodes });
  }

  /** The global tier gives /apps to another region. */
  giveTo(region: string): void {
    const [from, to] = [this.#zonesAt, this.#zonesAt + 1];
    this.#zonesAt = to;
    const change = {
      ...changeOf("/meridian/zones", tableOf(region), to),
      kind: "changed",
    } as const;
    const told = { index: to, origin: "global", incarnation: 1, timeMs: 1, changes: [change] };
    const range = { origin: "global", incarnation: 1, from, to };
    this.apply({ kind: "apply-remote", ...range, transactions: [told] });
  }

  /** Watches /apps. Its code when it is refused. */
  watch(from: readonly Position[]): string {
    const { tree, registry, own } = this;
    const deliver = (_: unknown, report: WatchReport): void => {
      this.told.push(WatchEvents.decode(report.body));
    };
    const request = { path: "/apps", kind: WatchKind.PERSISTENT_RECURSIVE, from, withData: true };
    const opened = registry.open(1, request, tree, own, { deliver });
    if (!opened.ok) return opened.refusal.code;
    const caughtUp = opened.catchUp.run(tree, own, Infinity);
    return caughtUp === "done" ? "" : JSON.stringify(caughtUp);
  }

  /** Paths of the events, each with the cluster and the index that its position names. */
  get events(): readonly string[] {
    return this.told.flatMap(({ events }) =>
      events.map(({ path, position }) => `${path} ${position?.cluster} ${position?.index}`),
    );
  }
}

function tableOf(home: string): Buffer {
  const zones = [
    { prefix: "/meridian", consistency: "strict" },
    { prefix: "/apps", consistency: "regional", home },
  ];
  return Buffer.from(JSON.stringify(zones));
}

function changeOf(path: string, data: Uint8Array, index: number): Change {
  const stat: Change["stat"] = {
    czxid: index,
    mzxid: index,
    pzxid: index,
    ctimeMs: 1,
    mtimeMs: 1,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0,
    dataLength: data.byteLength,
    numChildren: 0,
  };
  return { kind: "created", path, data, stat, mode: "persistent", ttlMs: 0 };
}

test("a watch on data whose owner changes is told so: its positions are of the new owner", () => {
  const node = new Node();
  expect(node.watch([])).toBe("");
  node.create("/apps/a");
  expect(node.events).toEqual([`/apps/a us-west ${node.own.index}`]);
  node.giveTo("eu-west");
  node.seed("eu-west", 90, [
    changeOf("/apps/a", Buffer.from("theirs"), 80),
    changeOf("/apps/b", Buffer.from("new"), 81),
  ]);
  const later = node.events.slice(1);
  expect(later.length).toBeGreaterThan(1);
  expect(later.every((text) => / eu-west \d+$/.test(text))).toBe(true);
  expect(node.told.at(-1)?.positions).toEqual([
    expect.objectContaining({ cluster: "eu-west", index: 90 }),
  ]);
});

test("who has seen the former owner's changes alone is told that something may be missing", () => {
  const node = new Node();
  node.create("/apps/a");
  const from = [node.own];
  expect(node.watch(from)).toBe("");
  node.giveTo("eu-west");
  node.seed("eu-west", 90, [changeOf("/apps/b", Buffer.from("new"), 81)]);
  expect(node.watch(from)).toBe("COMPACTED");
  expect(node.watch([...from, { cluster: "eu-west", incarnation: 1, index: 90 }])).toBe("");
});

test("a place in a history that was abandoned is told to be one", () => {
  const node = new Node(2);
  node.create("/apps/a");
  const { own } = node;
  expect(node.watch([{ ...own, incarnation: 1 }])).toBe("FORKED");
  expect(node.watch([{ ...own, incarnation: 1, index: own.index + 50 }])).toBe("FORKED");
  expect(node.watch([own])).toBe("");
  expect(node.events).toEqual([]);
});

test("a place that this node has yet to reach is gone on from once it is reached", () => {
  const node = new Node();
  const later = { ...node.own, index: node.own.index + 2 };
  expect(node.watch([later])).toBe("");
  for (const name of ["a", "b", "c"]) node.create(`/apps/${name}`);
  expect(node.events).toEqual([`/apps/c us-west ${later.index + 1}`]);
  const bookmarks = node.told.filter(({ events }) => events.length === 0);
  expect(bookmarks.every(({ positions }) => (positions[0]?.index ?? 0) < later.index)).toBe(true);
});

test("a node that is deleted and made again is told of as both, at its places in history", () => {
  const node = new Node();
  node.create("/apps/a");
  const from = [node.own];
  expect(node.watch([])).toBe("");
  for (let round = 0; round < 2; round += 1) {
    node.apply({ kind: "delete", path: "/apps/a", version: -1 });
    node.create("/apps/a");
  }
  const live = node.events.slice();
  const start = from[0]?.index ?? 0;
  expect(live).toEqual([1, 2, 3, 4].map((step) => `/apps/a us-west ${start + step}`));
  node.told.length = 0;
  expect(node.watch(from)).toBe("");
  expect(node.events).toEqual(live);
  const stats = node.told.flatMap(({ events }) => events.map(({ stat }) => stat?.czxid));
  expect(stats.filter((czxid) => czxid !== undefined)).toEqual([start + 2, start + 4]);
});
