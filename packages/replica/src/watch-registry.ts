import {
  type Change,
  globalCluster,
  parentOf,
  type Position,
  type Transaction,
  type Tree,
  type Zone,
} from "@meridian/tree";
import { type IWatch, WatchKind } from "@meridian/wire";
import type { Refusal } from "./refusal.ts";
import { SeenElsewhere } from "./seen-elsewhere.ts";
import { eventsOf, isOnce, isRecursive, positionOf, reachedBy } from "./watch-events.ts";
import type { WatchSubject } from "./watch-events.ts";
import { WatchReport } from "./watch-report.ts";

/** Watches that one stream may have. */
export const watchesPerStreamMax = 10_000;

/** Takes what a watch is told. */
export interface WatchSink {
  deliver(watch: RegisteredWatch, report: WatchReport): void;
}

/** A watch, and where its reports go. */
export interface RegisteredWatch extends WatchSubject {
  /** Id of the request that started it. */
  readonly id: number;
  readonly sink: WatchSink;
  /**
   * What the watcher has seen, while it is told what it missed, and for as long as this node has
   * yet to see some of it. Undefined: everything is news.
   */
  seen: SeenElsewhere | undefined;
  /** Among those that are told the same. */
  place: number;
}

/** What a registration gave: a watch that begins with `CatchUp.run`, or why there is none. */
export type Registration =
  | { readonly ok: true; readonly watch: RegisteredWatch; readonly catchUp: CatchUp }
  | { readonly ok: false; readonly refusal: Refusal };

/** How a part of catching up ended: it has to go on later, it is done, or it cannot be done. */
export type CaughtUp = "more" | "done" | Refusal;

/** Watches that are told the same of every transaction that they have not seen. */
interface Group extends WatchSubject {
  /** In no order that means anything; each knows its place. */
  readonly watches: RegisteredWatch[];
}

/**
 * The watches that a node serves. Transactions go by as they are applied; each watch gets the
 * events of one transaction together, in order, and all that are told the same share them. A watch
 * that resumes first gets what it missed out of the tree's history, or an error: there is no silent
 * gap.
 */
export class WatchRegistry {
  readonly #exact = new Map<string, Group[]>();
  readonly #recursive = new Map<string, Group[]>();
  #size = 0;

  /** Watches registered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a watch as of the tree's present state; `own` is where the tree's own cluster stands. It
   * is told nothing before `run` of what is returned, which has to follow.
   */
  open(id: number, request: IWatch, tree: Tree, own: Position, sink: WatchSink): Registration {
    const { path, kind, withData } = request;
    const watch: RegisteredWatch = { id, path, kind, withData, sink, seen: undefined, place: 0 };
    if (request.from.length === 0) {
      return { ok: true, watch, catchUp: new CatchUp(watch, undefined, this) };
    }
    const seen = new Map(request.from.map((position) => [position.cluster, position]));
    const reached = resumePositions(watch, seen, tree, own);
    const { outcome } = tree.changesAfter(reached);
    if (outcome !== "continue") return { ok: false, refusal: lost(path, outcome) };
    const here = [own, ...tree.cursors().values()];
    watch.seen = new SeenElsewhere(request.from, here);
    comeBackTo(here, reached);
    return { ok: true, watch, catchUp: new CatchUp(watch, reached, this) };
  }

  /** Ends a watch. */
  remove(watch: RegisteredWatch): void {
    const index = isRecursive(watch.kind) ? this.#recursive : this.#exact;
    const groups = index.get(watch.path);
    const group = groups?.find((known) => isSame(known, watch));
    if (groups === undefined || group === undefined || !takeOut(group.watches, watch)) return;
    this.#size -= 1;
    if (group.watches.length > 0) return;
    groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) index.delete(watch.path);
  }

  /** Delivers a transaction that has just been applied to the tree. */
  notify(transaction: Transaction, tree: Tree): void {
    if (this.#size === 0) return;
    for (const group of this.#concerned(transaction.changes)) {
      const shared = reportOf(group, transaction, tree);
      if (shared === undefined) continue;
      // Those that fire once leave meanwhile.
      for (const watch of group.watches.slice()) {
        const report = watch.seen === undefined ? shared : newsOf(watch, transaction, tree);
        if (report === undefined) continue;
        if (isOnce(watch.kind)) this.remove(watch);
        watch.sink.deliver(watch, report);
      }
    }
  }

  /** From now on the watch hears of what is applied. */
  begin(watch: RegisteredWatch): void {
    const index = isRecursive(watch.kind) ? this.#recursive : this.#exact;
    const groups = index.get(watch.path);
    const group = groups?.find((known) => isSame(known, watch));
    if (group === undefined) {
      const { path, kind, withData } = watch;
      const own = { path, kind, withData, watches: [watch] };
      watch.place = 0;
      // Most are alone. Lists that are made full take a third of what those filled later do.
      if (groups === undefined) index.set(path, [own]);
      else groups.push(own);
    } else watch.place = group.watches.push(watch) - 1;
    this.#size += 1;
  }

  #concerned(changes: readonly Change[]): ReadonlySet<Group> {
    const concerned = new Set<Group>();
    for (const { path, kind } of changes) {
      collect(this.#exact.get(path), concerned);
      if (kind !== "changed") collect(this.#exact.get(parentOf(path)), concerned);
      if (this.#recursive.size === 0) continue;
      for (let place = path; ; place = parentOf(place)) {
        collect(this.#recursive.get(place), concerned);
        if (place === "/") break;
      }
    }
    return concerned;
  }
}

/** Transactions looked at in one part of catching up. */
const lookedAtMax = 1_000;

/**
 * A watch on its way to the present: what it missed is read from the history part by part, as its
 * stream takes it, so that nothing waits for a slow reader but its place.
 */
export class CatchUp {
  readonly watch: RegisteredWatch;
  readonly #registry: WatchRegistry;
  /** What the watcher has been told, by cluster. Undefined: it wants nothing of the past. */
  #reached: Map<string, Position> | undefined;
  #hasFired = false;

  constructor(
    watch: RegisteredWatch,
    reached: Map<string, Position> | undefined,
    registry: WatchRegistry,
  ) {
    this.watch = watch;
    this.#reached = reached;
    this.#registry = registry;
  }

  /**
   * Tells the watch of what it missed, as long as there is room for about `roomBytes`; at the end
   * it is live, and knows how far its node is.
   */
  run(tree: Tree, own: Position, roomBytes: number): CaughtUp {
    const { watch } = this;
    if (this.#reached !== undefined) {
      const outcome = this.#read(tree, this.#reached, roomBytes);
      // Until it goes on, zones may change, and clusters come.
      if (outcome === "more") this.#reached = resumePositions(watch, this.#reached, tree, own);
      if (outcome !== "done" || this.#hasFired) return outcome;
      watch.seen?.reach([own, ...tree.cursors().values()]);
      if (watch.seen?.isAhead !== true) watch.seen = undefined;
    }
    watch.sink.deliver(watch, WatchReport.ofProgress([own, ...tree.cursors().values()]));
    this.#registry.begin(watch);
    return "done";
  }

  #read(tree: Tree, reached: Map<string, Position>, roomBytes: number): CaughtUp {
    const { watch } = this;
    const missed = tree.changesAfter(reached);
    if (missed.outcome !== "continue") return lost(watch.path, missed.outcome);
    let [room, left] = [roomBytes, lookedAtMax];
    for (const { transaction } of missed.transactions) {
      if (room <= 0 || left === 0) return "more";
      left -= 1;
      const report = newsOf(watch, transaction, tree);
      if (transaction.index > 0) reached.set(transaction.origin, positionOf(transaction));
      if (report === undefined) continue;
      room -= report.bytes;
      watch.sink.deliver(watch, report);
      if (!isOnce(watch.kind)) continue;
      this.#hasFired = true;
      break;
    }
    return "done";
  }
}

function isSame(one: WatchSubject, other: WatchSubject): boolean {
  return one.kind === other.kind && one.withData === other.withData;
}

/** The last takes the place of the one that goes. */
function takeOut(watches: RegisteredWatch[], watch: RegisteredWatch): boolean {
  const { place } = watch;
  if (watches[place] !== watch) return false;
  const last = watches.pop();
  if (last === undefined || last === watch) return true;
  watches[place] = last;
  last.place = place;
  return true;
}

function collect(from: readonly Group[] | undefined, into: Set<Group>): void {
  if (from !== undefined) for (const group of from) into.add(group);
}

function reportOf(
  subject: WatchSubject,
  transaction: Transaction,
  tree: Tree,
  backTo: readonly Position[] = [],
): WatchReport | undefined {
  const events = eventsOf(subject, transaction);
  if (events.length === 0) return undefined;
  const reached = reachedBy(transaction, tree);
  const others = backTo.filter(({ cluster }) => reached.every((at) => at.cluster !== cluster));
  return WatchReport.ofEvents(events, positionOf(transaction), [...reached, ...others]);
}

/** What a watch that resumed is told of a transaction; undefined: nothing. */
function newsOf(
  watch: RegisteredWatch,
  transaction: Transaction,
  tree: Tree,
): WatchReport | undefined {
  const { seen } = watch;
  if (seen === undefined) return reportOf(watch, transaction, tree);
  const news = seen.newsOf(transaction, tree);
  const back = news === undefined ? [] : seen.backTo(news.changes);
  const report = news === undefined ? undefined : reportOf(watch, news, tree, back);
  seen.pass(transaction, news?.changes ?? [], report !== undefined, tree);
  return report;
}

function lost(path: string, outcome: "compacted" | "forked"): Refusal {
  return outcome === "compacted"
    ? {
        code: "COMPACTED",
        message: `the events of ${path} since then are no longer kept: read again, then watch`,
      }
    : {
        code: "FORKED",
        message: `the position for ${path} belongs to a history that was abandoned: read again`,
      };
}

/**
 * Where to resume from, for every cluster of the tree. Clusters that the watch can hear of and the
 * watcher has seen nothing of count from their beginning: if that is no longer kept, the watcher
 * has to know. The others are passed over.
 */
function resumePositions(
  subject: WatchSubject,
  seen: ReadonlyMap<string, Position>,
  tree: Tree,
  own: Position,
): Map<string, Position> {
  const positions = new Map<string, Position>();
  const concerns = originsOf(subject, tree);
  for (const position of [own, ...tree.cursors().values()]) {
    const { cluster } = position;
    if (!concerns(cluster)) positions.set(cluster, { ...position, index: Infinity });
    else positions.set(cluster, seen.get(cluster) ?? { ...position, index: 0 });
  }
  return positions;
}

/**
 * Where this node is behind the watcher, what it has yet to see is read as well: what of it the
 * watcher has to hear again depends on what it is told before.
 */
function comeBackTo(here: readonly Position[], reached: Map<string, Position>): void {
  for (const position of here) {
    const { cluster, incarnation, index } = position;
    const known = reached.get(cluster);
    const isBehind = known?.incarnation === incarnation && known.index > index;
    // Of index 0 nothing is here yet that could be gone on from.
    if (isBehind && known.index !== Infinity && index > 0) reached.set(cluster, position);
  }
}

/** Tells whose changes a watch can hear of. */
function originsOf({ path, kind }: WatchSubject, tree: Tree): (cluster: string) => boolean {
  const single = kind === WatchKind.DATA || kind === WatchKind.EXISTS;
  if (!single && hasZoneBelow(path, tree.zones().zones)) return () => true;
  const { cluster: owner } = tree.ownership(path);
  return (cluster) => (owner === undefined ? cluster !== globalCluster : cluster === owner);
}

/** Names of the prefixes of a zone table, part by part; thousands of watches may ask at once. */
const prefixParts = new WeakMap<readonly Zone[], readonly (readonly string[])[]>();

/** Whether a zone, perhaps with a template for the region in its prefix, begins below a path. */
function hasZoneBelow(path: string, zones: readonly Zone[]): boolean {
  let prefixes = prefixParts.get(zones);
  if (prefixes === undefined) {
    prefixes = zones.map(({ prefix }) => prefix.slice(1).split("/"));
    prefixParts.set(zones, prefixes);
  }
  const above = path === "/" ? [] : path.slice(1).split("/");
  return prefixes.some((parts) => {
    if (parts.length <= above.length) return false;
    return above.every((part, place) => part === parts[place] || parts[place] === "{region}");
  });
}
