/** Name of a node, unique in its group for ever: a wiped node comes back under another one. */
export type NodeId = string;

/** What an entry holds: a command of the state machine, nothing, or an encoded configuration. */
export type EntryKind = "command" | "empty" | "configuration";

/** One entry of the replicated log. Immutable; `data` belongs to the log and is never changed. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** What must survive a crash beside the log. Raft paper, figure 2, "persistent state". */
export interface HardState {
  readonly term: number;
  /** Who got this node's vote in `term`. */
  readonly vote: NodeId | undefined;
  /** May lag behind; only saves work at start. */
  readonly commitIndex: number;
}

/** Where a snapshot ends, and who was in the group there. */
export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
  readonly configuration: Configuration;
}

/** Voters that decide by majority among themselves; a group weighs `weight` among groups. */
export interface VoterGroup {
  readonly name: string;
  readonly voters: readonly NodeId[];
  readonly weight: number;
}

/**
 * Who belongs to the group and what a quorum is: a set of voters whose majorities win groups that
 * weigh more than half of all. One group is plain majority. ZooKeeper's QuorumHierarchical is the
 * model.
 */
export interface Configuration {
  readonly groups: readonly VoterGroup[];
  readonly learners: readonly NodeId[];
  /** Voters that keep the log and no state: they never lead for longer than a hand-over takes. */
  readonly witnesses: readonly NodeId[];
  /** During a joint change: the groups before it; a quorum needs both. Empty otherwise. */
  readonly outgoingGroups: readonly VoterGroup[];
  /** The leader leaves the joint configuration by itself once it is committed. */
  readonly autoLeave: boolean;
  /**
   * Group whose voters alone campaign by themselves and take over leadership, until a configuration
   * without this releases it. It must be among `groups` and have a voter that is no witness.
   */
  readonly heldBy?: string;
  /**
   * Counts configurations that were put in force by hand; inherited by those that follow. One of an
   * earlier incarnation is void where a later one is known. Undefined: 0.
   */
  readonly incarnation?: number;
  /**
   * What drivers must know of members that their own settings do not name, such as addresses. Means
   * nothing here; travels in log and snapshots.
   */
  readonly notes?: Readonly<Record<NodeId, string>>;
}
