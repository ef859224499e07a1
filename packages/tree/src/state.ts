import type { Position, Transaction } from "./change.ts";
import { Draft } from "./draft.ts";
import { EventualZones } from "./eventual-zones.ts";
import { failed } from "./failure.ts";
import { History, type HistoryLimits } from "./history.ts";
import { NodeStore } from "./node-store.ts";
import { ReapIndex } from "./reap-index.ts";
import type { Applied, Result } from "./result.ts";
import { SessionTable } from "./session-table.ts";
import type { Founding } from "./snapshot.ts";
import { switchQuotas } from "./quota-switch.ts";
import { switchZones } from "./zone-switch.ts";
import { ZoneTable } from "./zone-table.ts";

/** Bounds of a tree. */
export interface TreeLimits extends HistoryLimits {
  readonly multiOperationsMax: number;
  /** Sum of the paths and data of a multi. */
  readonly multiBytesMax: number;
}

/** Bounds that hold where none are given. */
const treeLimits: TreeLimits = {
  historyTransactionsMax: 200_000,
  historyBytesMax: 12 * 1024 * 1024,
  multiOperationsMax: 128,
  multiBytesMax: 1024 * 1024,
};

/** Where a transaction comes from. */
export interface Source extends Omit<Transaction, "changes"> {
  /** To be told to followers although nothing changed: it ends a snapshot. Default false. */
  readonly isKept?: boolean;
}

const noTransactions: Applied["transactions"] = [];
const noSessions: Applied["endedSessions"] = [];
const done: Result = { kind: "done" };

/** Everything that the commands of a cluster have made, for those that apply the next one. */
export class State {
  readonly limits: TreeLimits;
  readonly nodes: NodeStore = new NodeStore();
  readonly sessions: SessionTable = new SessionTable((session) => this.#ephemeralsOf(session));
  readonly eventual: EventualZones = new EventualZones(this.nodes);
  readonly reaps: ReapIndex = new ReapIndex();
  readonly history: History;
  /** How far each other cluster was taken over; index 0: it must be taken over anew. */
  readonly cursors: Map<string, Position> = new Map();
  /** Undefined before the cluster was founded, and at edges. */
  founding: Founding | undefined;
  cluster = "";
  incarnation: number;
  appliedIndex = 0;
  zones: ZoneTable = new ZoneTable([]);
  /** Nodes that exist because of the zone table: nobody deletes them. */
  fixed: ReadonlySet<string> = new Set();

  constructor(limits: Partial<TreeLimits>, incarnation: number) {
    this.limits = { ...treeLimits, ...limits };
    this.history = new History(this.limits, ({ changes }) => {
      for (const change of changes) this.nodes.forget(change);
    });
    this.incarnation = incarnation;
  }

  /** True when this cluster alone takes the writes of a path. */
  owns(path: string): boolean {
    return this.zones.ownership(path).cluster === this.cluster;
  }

  draft(index: number, timeMs: number, undoable = false): Draft {
    return new Draft(this.nodes, index, timeMs, undoable);
  }

  /** Ends a command of this cluster: see `finish`. */
  finishOwn(draft: Draft, result: Result = done): Applied {
    const { index, timeMs } = draft;
    const { cluster: origin, incarnation } = this;
    return this.finish(draft, { index, origin, incarnation, timeMs }, index, result);
  }

  /** Makes the changes of a draft a transaction and does what follows from them. */
  finish(draft: Draft, source: Source, historyIndex: number, result: Result = done): Applied {
    const { changes, index } = draft;
    if (draft.zonesChanged) switchZones(this, draft);
    if (draft.quotasChanged) switchQuotas(this);
    if (changes.length === 0 && source.isKept !== true) return unchanged(index, result);
    const { origin, incarnation, timeMs } = source;
    const transaction = { index: source.index, origin, incarnation, timeMs, changes };
    this.history.add(historyIndex, transaction);
    for (const change of changes) this.reaps.note(change);
    return { result, index, transactions: [transaction], endedSessions: noSessions };
  }

  /** Moves a cursor on, never back. */
  advance(position: Position): void {
    const known = this.cursors.get(position.cluster);
    const isOlder =
      known !== undefined &&
      (known.incarnation > position.incarnation ||
        (known.incarnation === position.incarnation && known.index >= position.index));
    if (!isOlder) this.cursors.set(position.cluster, position);
  }

  /** Lets the history begin here and now. */
  resetHistory(): void {
    const { cluster, incarnation, appliedIndex: index } = this;
    this.history.reset(index, [{ cluster, incarnation, index }, ...this.cursors.values()]);
  }

  #ephemeralsOf(session: number): ReadonlySet<string> {
    const paths = new Set<string>();
    this.nodes.ownedBy(session).visit(undefined, ({ path }) => {
      if (this.owns(path)) paths.add(path);
      return true;
    });
    return paths;
  }
}

/** What a command did that changed nothing. */
export function unchanged(index: number, result: Result = done): Applied {
  return { result, index, transactions: noTransactions, endedSessions: noSessions };
}

/** What a command did that was given to the wrong cluster, or came at the wrong time. */
export function refused(index: number, message: string): Applied {
  return unchanged(index, failed({ code: "BAD_ARGUMENTS", message }));
}
