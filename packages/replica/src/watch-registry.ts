import {
  type Change,
  globalCluster,
  parentOf,
  type Position,
  type Transaction,
  type Tree,
} from "@meridian/tree";
import {
  type Encodable,
  EventKind,
  type IWatch,
  type IWatchEvent,
  type IWatchEvents,
  WatchKind,
} from "@meridian/wire";
import { encodeStat } from "./change-codec.ts";
import type { Refusal } from "./refusal.ts";

/** Watches that one stream may have. */
export const watchesPerStreamMax = 10_000;

/** A watch, and where its events go. */
export interface RegisteredWatch {
  /** Id of the request that started it. */
  readonly id: number;
  readonly path: string;
  readonly kind: number;
  readonly withData: boolean;
  /**
   * What the watcher has seen elsewhere: this node may be behind it, and must not tell it again.
   */
  readonly seen: ReadonlyMap<string, Position>;
  readonly deliver: (events: Encodable<IWatchEvents>) => void;
}

/** What a registration gave: a watch to end later, or why there is none. */
export type Registration =
  | { readonly ok: true; readonly watch: RegisteredWatch }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * The watches that a node serves. Transactions go by as they are applied; each watch gets the
 * events
 * of one transaction together, in order. A watch that resumes first gets what it missed out of the
 * tree's history, or an error: there is no silent gap.
 */
export class WatchRegistry {
  readonly #exact = new Map<string, Set<RegisteredWatch>>();
  readonly #recursive = new Map<string, Set<RegisteredWatch>>();
  #size = 0;

  /** Watches registered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Registers a watch as of the tree's present state. `own` is where the tree's own cluster stands.
   */
  add(
    id: number,
    request: IWatch,
    tree: Tree,
    own: Position,
    deliver: RegisteredWatch["deliver"],
  ): Registration {
    const { path, kind, withData } = request;
    const seen = new Map(request.from.map((position) => [position.cluster, position]));
    const watch: RegisteredWatch = { id, path, kind, withData, seen, deliver };
    if (seen.size > 0) {
      const missed = tree.changesAfter(resumePositions(watch, tree, own));
      if (missed.outcome !== "continue") {
        return { ok: false, refusal: lost(path, missed.outcome) };
      }
      for (const { transaction } of missed.transactions) {
        const events = eventsOf(watch, transaction);
        if (events.length === 0) continue;
        deliver({ watch: id, events, positions: reachedBy(transaction, tree) });
        if (isOnce(kind)) return { ok: true, watch };
      }
    }
    deliver({ watch: id, positions: [own, ...tree.cursors().values()] });
    this.#insert(watch);
    return { ok: true, watch };
  }

  /** Ends a watch. */
  remove(watch: RegisteredWatch): void {
    const index = isRecursive(watch.kind) ? this.#recursive : this.#exact;
    const watches = index.get(watch.path);
    if (watches?.delete(watch) !== true) return;
    this.#size -= 1;
    if (watches.size === 0) index.delete(watch.path);
  }

  /** Delivers a transaction that has just been applied to the tree. */
  notify(transaction: Transaction, tree: Tree): void {
    if (this.#size === 0) return;
    for (const watch of this.#concerned(transaction.changes)) {
      if (wasSeen(watch, transaction)) continue;
      const events = eventsOf(watch, transaction);
      if (events.length === 0) continue;
      if (isOnce(watch.kind)) this.remove(watch);
      watch.deliver({ watch: watch.id, events, positions: reachedBy(transaction, tree) });
    }
  }

  #insert(watch: RegisteredWatch): void {
    const index = isRecursive(watch.kind) ? this.#recursive : this.#exact;
    const watches = index.get(watch.path);
    if (watches === undefined) index.set(watch.path, new Set([watch]));
    else watches.add(watch);
    this.#size += 1;
  }

  #concerned(changes: readonly Change[]): ReadonlySet<RegisteredWatch> {
    const concerned = new Set<RegisteredWatch>();
    for (const { path, kind } of changes) {
      this.#collect(this.#exact.get(path), concerned);
      if (kind !== "changed") this.#collect(this.#exact.get(parentOf(path)), concerned);
      if (this.#recursive.size === 0) continue;
      for (let place = path; ; place = parentOf(place)) {
        this.#collect(this.#recursive.get(place), concerned);
        if (place === "/") break;
      }
    }
    return concerned;
  }

  #collect(from: ReadonlySet<RegisteredWatch> | undefined, into: Set<RegisteredWatch>): void {
    if (from !== undefined) for (const watch of from) into.add(watch);
  }
}

function isRecursive(kind: number): boolean {
  return kind === WatchKind.PERSISTENT_RECURSIVE || kind === WatchKind.UNSPECIFIED;
}

/** This version knows what such a watch reports. */
export function isKnownKind(kind: number): boolean {
  return isRecursive(kind) || isOnce(kind) || kind === WatchKind.PERSISTENT;
}

/** A watch of this kind ends with its first event. */
export function isOnce(kind: number): boolean {
  return kind === WatchKind.DATA || kind === WatchKind.CHILD || kind === WatchKind.EXISTS;
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
 * has
 * to know. The others are passed over.
 */
function resumePositions(
  watch: RegisteredWatch,
  tree: Tree,
  own: Position,
): ReadonlyMap<string, Position> {
  const positions = new Map<string, Position>();
  const concerns = originsOf(watch, tree);
  for (const position of [own, ...tree.cursors().values()]) {
    const { cluster } = position;
    if (!concerns(cluster)) positions.set(cluster, { ...position, index: Infinity });
    else positions.set(cluster, watch.seen.get(cluster) ?? { ...position, index: 0 });
  }
  return positions;
}

/** Tells whose changes a watch can hear of. */
function originsOf({ path, kind }: RegisteredWatch, tree: Tree): (cluster: string) => boolean {
  const single = kind === WatchKind.DATA || kind === WatchKind.EXISTS;
  const spans = !single && tree.zones().zones.some(({ prefix }) => liesBelow(prefix, path));
  if (spans) return () => true;
  const { cluster: owner } = tree.ownership(path);
  return (cluster) => (owner === undefined ? cluster !== globalCluster : cluster === owner);
}

/** Whether a zone, perhaps with a template for the region in its prefix, begins below a path. */
function liesBelow(prefix: string, path: string): boolean {
  const above = path === "/" ? [] : path.slice(1).split("/");
  const parts = prefix.slice(1).split("/");
  if (parts.length <= above.length) return false;
  return above.every((part, place) => part === parts[place] || parts[place] === "{region}");
}

/**
 * The position that a watcher has reached with a transaction. None in the middle of a snapshot that
 * is being taken over: the position of its parts holds only after the last of them.
 */
function reachedBy(transaction: Transaction, tree: Tree): readonly Position[] {
  const position = positionOf(transaction);
  if (position.index === 0) return [];
  if (position.cluster === tree.cluster) return [position];
  const cursor = tree.cursors().get(position.cluster);
  const isReached = cursor?.incarnation === position.incarnation && cursor.index >= position.index;
  return isReached ? [position] : [];
}

function wasSeen({ seen }: RegisteredWatch, { origin, incarnation, index }: Transaction): boolean {
  const position = seen.get(origin);
  // Parts of a snapshot have no place in the origin's history: nobody has seen them before.
  if (index === 0) return false;
  return position?.incarnation === incarnation && position.index >= index;
}

function positionOf({ origin, incarnation, index }: Transaction): Position {
  return { cluster: origin, incarnation, index };
}

/** Events of one watch in one transaction. A one-shot watch fires for the first change only. */
function eventsOf(watch: RegisteredWatch, transaction: Transaction): Encodable<IWatchEvent>[] {
  const events: Encodable<IWatchEvent>[] = [];
  const position = positionOf(transaction);
  for (const change of transaction.changes) {
    const kind = kindFor(watch, change);
    if (kind === undefined) continue;
    if (kind === EventKind.CHILDREN) {
      events.push({ kind, path: watch.path, position });
    } else {
      const withStat = change.kind === "deleted" ? {} : { stat: encodeStat(change.stat) };
      const withData = watch.withData && change.kind !== "deleted" ? { data: change.data } : {};
      events.push({ kind, path: change.path, position, ...withStat, ...withData });
    }
    if (isOnce(watch.kind)) break;
  }
  return events;
}

const nodeKinds = {
  created: EventKind.CREATED,
  changed: EventKind.CHANGED,
  deleted: EventKind.DELETED,
} as const;

/** What a change means to a watch; undefined: nothing. ZooKeeper's rules, kind by kind. */
function kindFor(watch: RegisteredWatch, change: Change): EventKind | undefined {
  if (isRecursive(watch.kind)) {
    const inside =
      watch.path === "/" || change.path === watch.path || change.path.startsWith(`${watch.path}/`);
    return inside ? nodeKinds[change.kind] : undefined;
  }
  if (change.path !== watch.path) {
    const children = watch.kind === WatchKind.CHILD || watch.kind === WatchKind.PERSISTENT;
    const concerns = change.kind !== "changed" && parentOf(change.path) === watch.path;
    return children && concerns ? EventKind.CHILDREN : undefined;
  }
  if (watch.kind === WatchKind.CHILD) {
    return change.kind === "deleted" ? EventKind.DELETED : undefined;
  }
  if (watch.kind === WatchKind.DATA && change.kind === "created") return undefined;
  return nodeKinds[change.kind];
}
