import { type Operation, type Position, type Transaction, Tree } from "@meridian/tree";
import { EventKind, type IWatchEvents, WatchEvents, WatchKind } from "@meridian/wire";
import { expect, test } from "vitest";
import { type CatchUp, WatchRegistry } from "../src/watch-registry.ts";
import type { WatchReport } from "../src/watch-report.ts";

const zones = [
  { prefix: "/meridian", consistency: "strict" },
  { prefix: "/shared", consistency: "eventual" },
];
const names = ["ap", "eu", "us"];
const kindNames: Readonly<Record<number, string>> = {
  [EventKind.CREATED]: "created",
  [EventKind.CHANGED]: "changed",
  [EventKind.DELETED]: "deleted",
  [EventKind.CHILDREN]: "children",
};
const all = WatchKind.PERSISTENT_RECURSIVE;

/** What has watches, and merges what regions wrote: a region, or an edge of one. */
abstract class Place {
  readonly name: string;
  readonly registry: WatchRegistry = new WatchRegistry();
  abstract readonly tree: Tree;

  constructor(name: string) {
    this.name = name;
  }

  get own(): Position {
    const { incarnation, appliedIndex: index } = this.tree;
    return { cluster: this.name, incarnation, index };
  }

  notify(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.registry.notify(transaction, this.tree);
  }

  value(path: string): string | undefined {
    const data = this.tree.get(path)?.data;
    return data === undefined ? undefined : Buffer.from(data).toString();
  }
}

/** A region whose clients write, and which takes over what others write when it is told to. */
class Region extends Place {
  readonly tree: Tree = new Tree();
  readonly #done: Transaction[] = [];

  constructor(name: string) {
    super(name);
    const table = Buffer.from(JSON.stringify(zones));
    this.apply({ kind: "bootstrap", cluster: name, regions: names, zones: table });
  }

  apply(operation: Operation, timeMs: number = 1): void {
    const { tree } = this;
    const command = { session: 0, sequence: 0, acknowledged: 0, timeMs, operation };
    const { transactions } = tree.apply(tree.appliedIndex + 1, 1, command);
    this.#done.push(...transactions.filter(({ origin }) => origin === this.name));
    this.notify(transactions);
  }

  /** Takes all of the others over that there is, so that later `pull`s can follow. */
  follow(others: readonly Region[]): void {
    for (const { name, own } of others) {
      if (name === this.name) continue;
      const range = { incarnation: 1, index: own.index, afterPath: "", toPath: "", last: true };
      this.apply({ kind: "seed-remote", origin: name, ...range, nodes: [] });
    }
  }

  put(path: string, data: string, timeMs: number): void {
    const bytes = Buffer.from(data);
    if (this.tree.get(path) !== undefined) {
      this.apply({ kind: "set", path, data: bytes, version: -1 }, timeMs);
    } else {
      const node = { mode: "persistent", ttlMs: 0, parents: true } as const;
      this.apply({ kind: "create", path, data: bytes, ...node }, timeMs);
    }
  }

  delete(path: string, timeMs: number): void {
    this.apply({ kind: "delete", path, version: -1 }, timeMs);
  }

  pull({ name: origin, own, history }: Region): void {
    const from = this.tree.cursors().get(origin)?.index ?? 0;
    const transactions = history.filter(({ index }) => index > from);
    const range = { origin, incarnation: 1, from, to: own.index };
    this.apply({ kind: "apply-remote", ...range, transactions });
  }

  get history(): readonly Transaction[] {
    return this.#done;
  }
}

/** An edge of a region. */
class Edge extends Place {
  readonly tree: Tree;
  readonly #region: Region;

  constructor(region: Region) {
    super(region.name);
    this.#region = region;
    this.tree = Tree.mirrorOf(region.name, 1);
    for (const { nodes } of region.tree.seed({ ownOnly: false, prefixes: [] }, 1_000)) {
      this.tree.mirrorSeed(nodes);
    }
    this.tree.mirrorProgress(region.own.index, region.tree.cursors().values());
  }

  catchUp(): void {
    const read = this.#region.tree.changesSince(this.tree.appliedIndex);
    if (read.outcome !== "continue") throw new Error(`history is ${read.outcome}`);
    for (const { transaction } of read.transactions) {
      this.notify(this.tree.mirror(transaction).transactions);
    }
    const { own, tree } = this.#region;
    this.tree.mirrorProgress(own.index, tree.cursors().values());
  }
}

/** Watches /shared at one place after the other, and keeps what it is told. */
class Watcher {
  /** The nodes, as far as it was told. */
  readonly nodes = new Map<string, string>();
  /** Everything that it was told. */
  told: string[] = [];
  /** Times that it could not go on, and read everything again. */
  resets = 0;
  readonly #reached = new Map<string, Position>();
  readonly #kind: number;
  readonly #path: string;
  #end: () => void = () => undefined;

  constructor(kind: number = all, path = "/shared") {
    this.#kind = kind;
    this.#path = path;
  }

  /** Goes on here; with little room it is told one thing at a time, `between` what happens. */
  move(place: Place, roomBytes = Infinity, between: () => void = () => undefined): void {
    this.#end();
    const { registry, tree, own } = place;
    const from = [...this.#reached.values()];
    const request = { path: this.#path, kind: this.#kind, from, withData: true };
    const deliver = (_: unknown, report: WatchReport): void => {
      this.#take(WatchEvents.decode(report.body));
    };
    const opened = registry.open(1, request, tree, own, { deliver });
    if (!opened.ok) return this.#beginAnew(place);
    this.#run(opened.catchUp, place, roomBytes, between);
    this.#end = () => registry.remove(opened.watch);
  }

  /** What was missed is no longer kept: reads everything. */
  #beginAnew(place: Place): void {
    this.resets += 1;
    this.#reached.clear();
    this.nodes.clear();
    for (const [path, value] of nodesOf(place)) this.nodes.set(path, value);
    this.#end = () => undefined;
    this.move(place);
  }

  #run(catchUp: CatchUp, place: Place, roomBytes: number, between: () => void): void {
    for (let parts = 0; parts < 100; parts += 1) {
      const outcome = catchUp.run(place.tree, place.own, roomBytes);
      if (outcome === "done") return;
      if (outcome !== "more") throw new Error(outcome.message);
      between();
    }
    throw new Error("it never catches up");
  }

  #take({ events, positions }: IWatchEvents): void {
    for (const { kind, path, data } of events) {
      const value = Buffer.from(data).toString();
      this.told.push(`${kindNames[kind]} ${path} ${value}`.trim());
      if (kind === EventKind.DELETED) this.nodes.delete(path);
      else this.nodes.set(path, value);
    }
    for (const position of positions) {
      const known = this.#reached.get(position.cluster);
      const isBack = events.length > 0;
      if (isBack || (known?.index ?? 0) < position.index)
        this.#reached.set(position.cluster, position);
    }
  }
}

function fleet(): [Region, Region, Region] {
  const regions = names.map((name) => new Region(name));
  for (const region of regions) region.follow(regions);
  exchange(regions);
  return regions as [Region, Region, Region];
}

/** All take over what is there of the others. */
function exchange(regions: readonly Region[]): void {
  for (const to of regions) for (const from of regions) if (to !== from) to.pull(from);
}

/** What is there, as a watcher of all of it should know. */
function nodesOf(place: Place): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    for (const name of place.tree.children(path)?.names ?? []) {
      found.set(`${path}/${name}`, place.value(`${path}/${name}`) ?? "");
      visit(`${path}/${name}`);
    }
  };
  visit("/shared");
  return found;
}

/** The same value everywhere, and one that loses against what the watcher sees at ap. */
function lostAtUs(write: (ap: Region) => void): { us: Region; watcher: Watcher } {
  const [ap, eu, us] = fleet();
  ap.put("/shared/a", "first", 1_000);
  eu.pull(ap);
  us.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  eu.put("/shared/a", "lost", 2_000);
  us.pull(eu);
  write(ap);
  us.pull(ap);
  return { us, watcher };
}

test("a value that lost against one that the watcher knows is not told elsewhere", () => {
  const { us, watcher } = lostAtUs((ap) => ap.put("/shared/a", "won", 3_000));
  watcher.move(us);
  expect(watcher.told).toEqual(["changed /shared/a won"]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

test("a value that lost against a deletion that the watcher knows is not told elsewhere", () => {
  const { us, watcher } = lostAtUs((ap) => ap.delete("/shared/a", 3_000));
  watcher.move(us);
  expect(watcher.told).toEqual(["deleted /shared/a"]);
  expect(watcher.nodes).toEqual(nodesOf(us));
});

test("nor is it at an edge, which keeps no tombstones", () => {
  const [ap, eu, us] = fleet();
  for (const path of ["/shared/a", "/shared/b"]) ap.put(path, "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  exchange([ap, eu, us]);
  const watcher = new Watcher();
  const edge = new Edge(us);
  ap.pull(us);
  watcher.move(ap);
  for (const path of ["/shared/a", "/shared/b"]) eu.put(path, "lost", 2_000);
  us.pull(eu);
  edge.catchUp();
  ap.delete("/shared/a", 3_000);
  ap.put("/shared/b", "won", 3_000);
  us.pull(ap);
  edge.catchUp();
  watcher.move(edge);
  expect(watcher.told).toEqual(["deleted /shared/a", "changed /shared/b won"]);
});

test("what the watcher has not seen is told up to what won, losers first", () => {
  const [ap, eu, us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  eu.put("/shared/a", "lost", 2_000);
  us.pull(eu);
  us.put("/shared/a", "won", 3_000);
  watcher.move(us);
  expect(watcher.told).toEqual(["created /shared/a lost", "changed /shared/a won"]);
});

test("what this node has yet to merge is told again when something was told before it", () => {
  const [ap, eu, us] = fleet();
  for (const path of ["/shared/a", "/shared/b"]) ap.put(path, "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "won", 3_000);
  ap.delete("/shared/b", 3_000);
  watcher.told = [];
  eu.put("/shared/a", "lost", 2_000);
  eu.put("/shared/b", "lost", 2_000);
  us.pull(eu);
  watcher.move(us);
  us.pull(ap);
  expect(watcher.told).toEqual([
    "changed /shared/a lost",
    "changed /shared/b lost",
    "changed /shared/a won",
    "deleted /shared/b",
  ]);
  us.put("/shared/a", "later", 4_000);
  expect(watcher.told.slice(4)).toEqual(["changed /shared/a later"]);
});

test("also when it comes while the watcher is still being told of what it missed", () => {
  const [ap, eu, us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "won", 3_000);
  for (const name of ["a", "b", "c"]) eu.put(`/shared/${name}`, "from eu", 2_000);
  us.pull(eu);
  watcher.move(us, 1, () => us.pull(ap));
  expect(watcher.nodes).toEqual(nodesOf(us));
  expect(watcher.nodes.get("/shared/a")).toBe("won");
});

test("what was seen elsewhere is not told again when nothing came between", () => {
  const [ap, , us] = fleet();
  const watcher = new Watcher();
  watcher.move(ap);
  ap.put("/shared/a", "1", 3_000);
  watcher.move(us);
  us.pull(ap);
  ap.put("/shared/a", "2", 3_001);
  us.pull(ap);
  expect(watcher.told).toEqual(["created /shared/a 1", "changed /shared/a 2"]);
});

for (const kind of [WatchKind.CHILD, WatchKind.PERSISTENT]) {
  test(`a child that is known to be gone is no news of the set of children (${kind})`, () => {
    const [ap, eu, us] = fleet();
    ap.put("/shared/p/c", "first", 1_000);
    for (const region of [eu, us]) region.pull(ap);
    us.delete("/shared/p/c", 1_500);
    eu.pull(us);
    eu.put("/shared/p/c", "lost", 2_000);
    const watcher = new Watcher(kind, "/shared/p");
    watcher.move(ap);
    us.pull(eu);
    ap.delete("/shared/p/c", 3_000);
    us.pull(ap);
    watcher.told = [];
    // A one-shot watch has fired: what follows is another one that begins where that ended.
    watcher.move(us);
    expect(watcher.told).toEqual([]);
    us.put("/shared/p/d", "", 4_000);
    expect(watcher.told).toEqual(["children /shared/p"]);
  });
}

test("a parent that lives on for a child is told of to who has seen it go", () => {
  const [ap, eu, us] = fleet();
  ap.put("/shared/p/c", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const [watcher, ofSet] = [new Watcher(), new Watcher(WatchKind.PERSISTENT)];
  for (const each of [watcher, ofSet]) each.move(ap);
  ap.delete("/shared/p/c", 3_000);
  ap.delete("/shared/p", 3_000);
  eu.put("/shared/p/d", "new", 2_000);
  us.pull(eu);
  us.pull(ap);
  ofSet.told = [];
  for (const each of [watcher, ofSet]) each.move(us);
  expect(nodesOf(us)).toEqual(
    new Map([
      ["/shared/p", ""],
      ["/shared/p/d", "new"],
    ]),
  );
  expect(watcher.nodes).toEqual(new Map([...watcher.nodes, ...nodesOf(us)]));
  expect(watcher.nodes.has("/shared/p")).toBe(true);
  expect(ofSet.told).toEqual(["children /shared"]);
});

test("also when that child is heard of first, and of the going of the parent later", () => {
  const [ap, eu, us] = fleet();
  ap.put("/shared/p/c", "first", 1_000);
  for (const region of [eu, us]) region.pull(ap);
  const watcher = new Watcher();
  watcher.move(ap);
  ap.delete("/shared/p/c", 3_000);
  ap.delete("/shared/p", 3_000);
  eu.put("/shared/p/d", "new", 2_000);
  us.pull(eu);
  watcher.move(us);
  us.pull(ap);
  expect(watcher.nodes).toEqual(nodesOf(us));
});
function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/**
 * Three regions and an edge of each that write, merge and lag; a watcher that goes about, and stays
 * everywhere until that place has come as far as it had been before.
 */
function wander(seed: number): { watcher: Watcher; places: readonly Place[] } {
  const draw = random(seed);
  const regions = fleet();
  const edges = regions.map((region) => new Edge(region));
  const places = [...regions, ...edges];
  const watcher = new Watcher();
  let at = draw(6);
  watcher.move(places[at]!);
  for (let step = 0; step < 80; step += 1) {
    const region = regions[draw(3)]!;
    const path = `/shared/${"abc"[draw(3)]}${draw(3) === 0 ? `/${"xy"[draw(2)]}` : ""}`;
    const timeMs = 1_000 + step + draw(20);
    if (draw(3) === 0) region.delete(path, timeMs);
    else region.put(path, `${step}`, timeMs);
    const other = regions[draw(3)]!;
    if (other !== region) region.pull(other);
    if (draw(2) === 0) edges[draw(3)]!.catchUp();
    if (draw(4) !== 0) continue;
    at = draw(6);
    const mergeSome = (): void => {
      if (draw(2) !== 0) return;
      regions[at % 3]!.pull(regions[(at + 1) % 3]!);
      edges[at % 3]!.catchUp();
    };
    watcher.move(places[at]!, draw(2) === 0 ? 1 : Infinity, mergeSome);
  }
  for (let round = 0; round < 2; round += 1) {
    exchange(regions);
    for (const edge of edges) edge.catchUp();
  }
  return { watcher, places };
}

test("whoever goes about among regions and edges ends with what is there (200 seeds)", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const { watcher, places } = wander(seed);
    for (const place of places) {
      expect({ seed, nodes: watcher.nodes }).toEqual({ seed, nodes: nodesOf(place) });
    }
  }
});
