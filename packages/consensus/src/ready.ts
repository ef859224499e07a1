import type { Entry, HardState, NodeId, SnapshotMark } from "./entry.ts";
import type { Message } from "./message.ts";

/**
 * The log as far as it is durable, read synchronously by the core. The driver owns the
 * implementation and appends to it what `Ready.persist` says. Etcd's `raft.Storage` is the model.
 */
export interface Log {
  /**
   * Lowest index whose entry is still there; 1 for a new log, lastIndex + 1 when empty after a
   * snapshot.
   */
  firstIndex(): number;
  /** Highest index there is; `firstIndex() - 1` when empty. */
  lastIndex(): number;
  /** Term of an entry, also at `firstIndex() - 1`; undefined outside. */
  term(index: number): number | undefined;
  /**
   * Entries in `[from, to)`, at least one, up to `bytesMax` in sum of `data.byteLength`. Both must
   * lie inside. The caller must not change them.
   */
  entries(from: number, to: number, bytesMax: number): readonly Entry[];
  /** The newest durable snapshot, for members that need entries below `firstIndex`. */
  snapshot(): SnapshotMark | undefined;
}

/** Why a read was answered, or not. */
export interface ReadState {
  readonly context: number;
  /** Apply up to here, then read. Undefined: refused (no leader, or leadership lost); ask again. */
  readonly index: number | undefined;
}

/** What a node is just now. */
export interface SoftState {
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader" | "learner";
  readonly term: number;
  readonly leader: NodeId | undefined;
  /** The leader hands over and takes no proposals. */
  readonly transferring: boolean;
  /** Lost its log and does not have everything again: no vote, no campaign. */
  readonly recovering: boolean;
  /** A configuration is in force by hand that is not committed in the log. */
  readonly forced: boolean;
}

/**
 * Everything that has to happen because of the inputs since the last one. The driver, in order:
 * 1. hands `send` to the transport at once, also while the disk is busy;
 * 2. writes `persist` durably (state, snapshot reset and entries in one sync), then calls
 *    `persisted(persist.mark)` and sends `persist.send`, which must not leave earlier;
 * 3. applies `committed` in order, then calls `applied(index)`.
 *
 * A later Ready may be taken while an earlier `persist` is still being written; they are written in
 * order. `committed` of a Ready that comes after a `persist.reset` is held back until that is
 * durable.
 */
export interface Ready {
  readonly send: readonly Message[];
  readonly persist: Persist | undefined;
  /**
   * Committed and durable somewhere on a quorum, though perhaps not yet here; may be applied at
   * once.
   */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadState[];
  /** Present when it changed. */
  readonly soft: SoftState | undefined;
}

/** One durable write. */
export interface Persist {
  /** Present when term or vote changed, or the commit index is worth a note. */
  readonly hardState: HardState | undefined;
  /** Entries to append; those at or after the first one's index are replaced. */
  readonly entries: readonly Entry[];
  /** The log is emptied and begins after this mark; comes before `entries`. */
  readonly reset: SnapshotMark | undefined;
  /** Leave only after this write is durable: votes and answers to appends. */
  readonly send: readonly Message[];
  readonly mark: PersistMark;
}

/**
 * Names the state that a durable write made true; guards against ABA when entries are rewritten
 * meanwhile.
 */
export interface PersistMark {
  readonly term: number;
  readonly index: number;
  readonly logTerm: number;
  /**
   * Number of the write, from 1 in each run: reporting one reports all before it, so writes may be
   * merged.
   */
  readonly sequence: number;
}
