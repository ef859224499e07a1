import { type Change, parentOf, type Position, type Transaction, type Tree } from "@meridian/tree";
import { type Encodable, EventKind, type IWatchEvent, WatchKind } from "@meridian/wire";
import { encodeStat } from "./change-codec.ts";

/** What decides on the events of a watch: all watches that agree in it are told the same. */
export interface WatchSubject {
  readonly path: string;
  readonly kind: number;
  readonly withData: boolean;
}

/** A watch of this kind hears of all that lies below its path. */
export function isRecursive(kind: number): boolean {
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

/** Where a transaction happened. */
export function positionOf({ origin, incarnation, index }: Transaction): Position {
  return { cluster: origin, incarnation, index };
}

/**
 * The position that a watcher has reached with a transaction. None in the middle of a snapshot that
 * is being taken over: the position of its parts holds only after the last of them.
 */
export function reachedBy(transaction: Transaction, tree: Tree): readonly Position[] {
  const position = positionOf(transaction);
  if (position.index === 0) return [];
  if (position.cluster === tree.cluster) return [position];
  const cursor = tree.cursors().get(position.cluster);
  const isReached = cursor?.incarnation === position.incarnation && cursor.index >= position.index;
  return isReached ? [position] : [];
}

/** Events of a watch in one transaction. A one-shot watch fires for the first change only. */
export function eventsOf(
  subject: WatchSubject,
  transaction: Transaction,
): readonly Encodable<IWatchEvent>[] {
  const events: Encodable<IWatchEvent>[] = [];
  const position = positionOf(transaction);
  for (const change of transaction.changes) {
    const kind = kindFor(subject, change);
    if (kind === undefined) continue;
    if (kind === EventKind.CHILDREN) {
      events.push({ kind, path: subject.path, position });
    } else {
      const withStat = change.kind === "deleted" ? {} : { stat: encodeStat(change.stat) };
      const withData = subject.withData && change.kind !== "deleted" ? { data: change.data } : {};
      events.push({ kind, path: change.path, position, ...withStat, ...withData });
    }
    if (isOnce(subject.kind)) break;
  }
  return events;
}

const nodeKinds = {
  created: EventKind.CREATED,
  changed: EventKind.CHANGED,
  deleted: EventKind.DELETED,
} as const;

/** What a change means to a watch; undefined: nothing. ZooKeeper's rules, kind by kind. */
function kindFor(watch: WatchSubject, change: Change): EventKind | undefined {
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
