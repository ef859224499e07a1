import type { ConfigurationCodec } from "./configuration.ts";
import type { Configuration, HardState, NodeId } from "./entry.ts";
import type { Random } from "./random.ts";
import type { Log } from "./ready.ts";
import type { Trace } from "./trace.ts";

/** Clockwork of one member, counted in calls of `tick`. */
export interface Timing {
  /** Silence after which this member's group campaigns; groups that should lead have less. */
  readonly electionTicks: number;
  /** Drawn anew for each wait and added, so that members do not campaign together. */
  readonly electionJitterTicks: number;
  /** How often the leader shows itself, and how often an unanswered vote is asked for again. */
  readonly heartbeatTicks: number;
  /**
   * Shortest `electionTicks` of all groups. A voter sticks so long to a leader it has heard, and a
   * leader that has not heard from a quorum for so long steps down.
   */
  readonly leaseTicks: number;
}

/** Bounds. Bytes are sums of `data.byteLength`; where entries pile up, each counts some more. */
export interface Limits {
  /** Larger commands are refused. */
  readonly entryBytesMax: number;
  /** Entries of one append, though always at least one entry. */
  readonly appendBytesMax: number;
  /** Appends on their way to one follower. */
  readonly inflightMax: number;
  readonly inflightBytesMax: number;
  /** Proposed and not committed, or not yet on the own disk: beyond it proposals are refused. */
  readonly uncommittedBytesMax: number;
  /** Reads that wait, forwarded ones included. */
  readonly readsMax: number;
  /**
   * Handed out to be applied and not yet reported as applied; at least one entry is always handed
   * out.
   */
  readonly applyBytesMax: number;
  /**
   * A learner becomes a voter only while it is not further behind, and so does nobody else.
   * Infinity: voters may be added however far behind they are, heard or not.
   */
  readonly promotionEntriesMax: number;
  readonly promotionBytesMax: number;
}

/** What a member starts with. */
export interface RaftOptions {
  readonly id: NodeId;
  readonly log: Log;
  readonly random: Random;
  /** As last written; `{ term: 0, vote: undefined, commitIndex: 0 }` for a new member. */
  readonly hardState: HardState;
  /** As of the log's snapshot, or the one the group began with; later ones are found in the log. */
  readonly configuration: Configuration;
  /** How far the state machine has got; at least the snapshot's index. */
  readonly appliedIndex: number;
  readonly timing: Timing;
  readonly limits?: Partial<Limits>;
  readonly codec: ConfigurationCodec;
  /** Hears of every transition. Costs nothing when absent. */
  readonly trace?: Trace;
  /**
   * Part of the log that this member acknowledged is lost; term and vote are not. It neither grants
   * votes nor campaigns until it holds all that a leader of its term had after this start: see
   * `SoftState.recovering`. Needs a `random` that does not begin alike at each start. Default
   * false.
   */
  readonly recovering?: boolean;
  /**
   * For so long after heartbeats were sent that a quorum answered, a leader answers reads without
   * asking anybody, if the driver tells the time with each tick and read. Must be less than
   * `leaseTicks - 1` of the fastest member's ticks by the slowest member's clock; drivers must not
   * make up for late ticks. To be given to all members or none: it is what keeps a member that was
   * restarted from voting too soon. Absent: each read is confirmed by a quorum.
   */
  readonly leaseMs?: number | undefined;
  /**
   * A configuration put in force by hand, over everything that the log says of earlier
   * incarnations. The next leader writes it into the log; to be passed in at each start until
   * `SoftState.forced` is false.
   */
  readonly forced?:
    | {
        readonly configuration: Configuration;
        /** More than that of any configuration before; the same at all who put it in force. */
        readonly incarnation: number;
      }
    | undefined;
}

/** Bounds where the options say nothing. */
export const defaultLimits: Limits = {
  entryBytesMax: 2 * 1024 * 1024,
  appendBytesMax: 512 * 1024,
  inflightMax: 256,
  inflightBytesMax: 16 * 1024 * 1024,
  uncommittedBytesMax: 64 * 1024 * 1024,
  readsMax: 65_536,
  applyBytesMax: 16 * 1024 * 1024,
  promotionEntriesMax: 4096,
  promotionBytesMax: 16 * 1024 * 1024,
};

/**
 * What an entry weighs beside its data where entries pile up, so that empty ones are bounded too.
 */
export const entryOverheadBytes = 64;
