import { ChangeKind, type IChange } from "@meridian/wire";
import type { Position } from "../position.ts";
import type { Stat } from "../receipt.ts";
import { encodeStreamToken } from "../token.ts";

/** Everything that a change stream reports, by `kind`. */
export type ChangesEvent =
  | SnapshotEvent
  | SnapshotPartEvent
  | SnapshotEndEvent
  | TransactionEvent
  | BookmarkEvent;

/** What became of one node. */
export class NodeChange {
  readonly kind: "created" | "changed" | "deleted";
  readonly path: string;
  /** After the change; undefined for a deletion. Belongs to the reader. */
  readonly data: Uint8Array | undefined;
  /** After the change; for a deletion the last one, if it is known. */
  readonly stat: Stat | undefined;

  constructor(change: IChange) {
    this.kind = kindName(change.kind);
    this.path = change.path;
    // The frame that it came in may be large, and must not be kept alive by a small value.
    this.data = this.kind === "deleted" ? undefined : new Uint8Array(change.data);
    this.stat = change.stat;
  }

  /** The data as UTF-8 text; undefined without data. */
  get text(): string | undefined {
    return this.data === undefined ? undefined : new TextDecoder().decode(this.data);
  }
}

/** What all events have: what to do, and a place to go on from. */
class StreamEvent {
  /** What became of nodes, in order: who keeps a copy applies these, whatever the kind of event. */
  readonly changes: readonly NodeChange[];
  readonly #resumeFrom: readonly Position[];

  constructor(resumeFrom: readonly Position[], changes: readonly NodeChange[] = none) {
    this.changes = changes;
    this.#resumeFrom = resumeFrom;
  }

  /**
   * A stream `from` here reports exactly what comes after this event. "" while a snapshot is on its
   * way: from there only a whole one helps. Also a causal token: a read `after` it shows at least
   * what this event shows.
   */
  get token(): string {
    return encodeStreamToken(this.#resumeFrom);
  }

  /** Places in history that the token stands for; the first is the followed cluster's. */
  get resumeFrom(): readonly Position[] {
    return this.#resumeFrom;
  }
}

/**
 * A snapshot begins: everything that the reader knows of the followed paths is void, and what
 * follows up to `snapshot-end` is all that there is.
 */
export class SnapshotEvent extends StreamEvent {
  readonly kind = "snapshot" as const;
  /**
   * `start`: it was asked for. `compacted`: the place to go on from lies behind what the cluster
   * keeps of its history, and changes in between are not reported one by one.
   */
  readonly reason: "start" | "compacted";

  constructor(reason: "start" | "compacted") {
    super([]);
    this.reason = reason;
  }
}

/** Some of the nodes of a snapshot; parents come before their children. */
export class SnapshotPartEvent extends StreamEvent {
  readonly kind = "snapshot-part" as const;

  constructor(nodes: readonly NodeChange[]) {
    super([], nodes);
  }

  /** The nodes: its changes, all of kind "created". */
  get nodes(): readonly NodeChange[] {
    return this.changes;
  }
}

/** The snapshot is whole; transactions follow. */
export class SnapshotEndEvent extends StreamEvent {
  readonly kind = "snapshot-end" as const;
  /** Place in the history of the followed cluster that the snapshot shows. */
  readonly position: Position;

  constructor(position: Position) {
    super([position]);
    this.position = position;
  }
}

/** All changes of one transaction that lie below the prefixes, in order. */
export class TransactionEvent extends StreamEvent {
  readonly kind = "transaction" as const;
  /**
   * Place in the history of the cluster that made it, which grows from one to the next of the same
   * cluster. Index 0: the followed cluster took over a new snapshot of that one, of which this is a
   * part; it may be reported again after a lost connection.
   */
  readonly position: Position;
  /** Milliseconds since 1970 by the clock of the server that took it. */
  readonly timeMs: number;

  constructor(
    position: Position,
    timeMs: number,
    changes: readonly NodeChange[],
    resumeFrom: readonly Position[],
  ) {
    super(resumeFrom, changes);
    this.position = position;
    this.timeMs = timeMs;
  }

  /** Cluster that made it: "global", or a region. */
  get origin(): string {
    return this.position.cluster;
  }
}

/**
 * Progress: everything up to here was reported. Comes now and then, also when nothing changes, so
 * that a reader of few paths has a fresh place to go on from.
 */
export class BookmarkEvent extends StreamEvent {
  readonly kind = "bookmark" as const;
  /** Place in the history of the followed cluster. */
  readonly position: Position;
  /**
   * By cluster: everything that it had committed so many milliseconds ago has been reported. Empty
   * while the stream is behind.
   */
  readonly ages: ReadonlyMap<string, number>;

  constructor(
    position: Position,
    ages: ReadonlyMap<string, number>,
    resumeFrom: readonly Position[],
  ) {
    super(resumeFrom);
    this.position = position;
    this.ages = ages;
  }
}

function kindName(kind: number): NodeChange["kind"] {
  switch (kind) {
    case ChangeKind.CREATED:
      return "created";
    case ChangeKind.DELETED:
      return "deleted";
    default:
      return "changed";
  }
}

const none: readonly NodeChange[] = Object.freeze([]);
