import { type Operation, type Position, type Transaction, Tree } from "@meridian/tree";
import { EventKind, type IWatchEvents, WatchEvents, WatchKind } from "@meridian/wire";
import { type CatchUp, WatchRegistry } from "../../src/watch-registry.ts";
import type { WatchReport } from "../../src/watch-report.ts";

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
export abstract class Place {
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
export class Region extends Place {
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
export class Edge extends Place {
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
export class Watcher {
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

/** Three regions that follow each other. */
export function fleet(): [Region, Region, Region] {
  const regions = names.map((name) => new Region(name));
  for (const region of regions) region.follow(regions);
  exchange(regions);
  return regions as [Region, Region, Region];
}

/** All take over what is there of the others. */
export function exchange(regions: readonly Region[]): void {
  for (const to of regions) for (const from of regions) if (to !== from) to.pull(from);
}

/** What is there, as a watcher of all of it should know. */
export function nodesOf(place: Place): Map<string, string> {
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
