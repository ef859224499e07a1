import type { ConfigurationCodec } from "./configuration.ts";
import { configurationProblem, isHeldBack, isJoint, votersOf } from "./configuration.ts";
import { ConfigurationHistory } from "./configuration-history.ts";
import { Delivery } from "./delivery.ts";
import { Durability } from "./durability.ts";
import type { Configuration, NodeId } from "./entry.ts";
import type { Lease } from "./lease.ts";
import { leaseOf } from "./lease.ts";
import type { Message } from "./message.ts";
import { invariant } from "./invariant.ts";
import type { Limits, RaftOptions, Timing } from "./options.ts";
import { defaultLimits } from "./options.ts";
import type { Progress } from "./progress.ts";
import { Quorum } from "./quorum.ts";
import type { Random } from "./random.ts";
import type { ReadState } from "./ready.ts";
import type { ReadRounds } from "./reads.ts";
import { ForwardedReads } from "./reads.ts";
import type { Recovery } from "./recovery.ts";
import { beginRecovery } from "./recovery.ts";
import { ReplicatedLog } from "./replicated-log.ts";
import type { Trace } from "./trace.ts";
import { traceAdopted, traceSent } from "./trace.ts";
import type { Uncommitted } from "./uncommitted.ts";
import type { Votes } from "./votes.ts";

/** The part a member plays in its current term. Fields of one role cannot be touched in another. */
export type Role = Follower | PreCandidate | Candidate | Leader;

/** Takes what a leader sends; learners are always that. */
interface Follower {
  readonly kind: "follower";
  readonly leader: NodeId | undefined;
  readonly reads: ForwardedReads;
}

/** Asks whether a campaign would be won, without raising the term. Raft thesis, section 9.6. */
interface PreCandidate {
  readonly kind: "pre-candidate";
  readonly votes: Votes;
  /** Tick at which a quorum had said yes. */
  wonTick: number | undefined;
}

/** Asks for votes. */
interface Candidate {
  readonly kind: "candidate";
  readonly votes: Votes;
  /** The old leader wanted it. */
  readonly transfer: boolean;
}

/** Leads its term. */
export interface Leader {
  readonly kind: "leader";
  /** All members but itself. */
  readonly progress: Map<NodeId, Progress>;
  readonly reads: ReadRounds;
  readonly uncommitted: Uncommitted;
  readonly handOver: HandOver;
  /**
   * Durable index of a member as far as it is known here; made once, so that counting allocates
   * nothing.
   */
  readonly matchOf: (member: NodeId) => number;
  /** Newest read round that a member confirmed. */
  readonly readRoundOf: (member: NodeId) => number;
  transfer: Transfer | undefined;
  /** Ticks since the last round of heartbeats. */
  heartbeatElapsed: number;
  /** An entry of this term is committed: only then is the commit index the group's. */
  committedInTerm: boolean;
  /** Leads only because the group that holds leadership was behind. */
  readonly interim: boolean;
  /** Somebody was told to campaign, and may do so at any later time. */
  urged: boolean;
  /** There may be something to send to followers. */
  dirty: boolean;
}

/** Leadership on its way to another voter. */
interface Transfer {
  readonly to: NodeId;
  elapsed: number;
  /** Told to campaign. */
  sent: boolean;
}

/** How a witness gets rid of leadership. */
interface HandOver {
  /** Targets that did not make it since the last full round. */
  readonly tried: Set<NodeId>;
  /** Ticks without anybody to hand over to. */
  idle: number;
}

/** What all parts of the state machine share. */
export class Core {
  readonly id: NodeId;
  readonly log: ReplicatedLog;
  readonly random: Random;
  readonly timing: Timing;
  readonly limits: Limits;
  readonly codec: ConfigurationCodec;
  readonly trace: Trace | undefined;
  readonly configurations: ConfigurationHistory;
  readonly delivery: Delivery;
  readonly durability: Durability;
  term: number;
  vote: NodeId | undefined;
  role: Role;
  /** Counts calls of `tick`. */
  now = 0;
  /** Tick at which the present leader was last heard. */
  heardTick = 0;
  /** Ticks since the election timer was started. */
  electionElapsed = 0;
  /** When it runs out. */
  electionTimeout = 0;
  /** Of the newest configuration. */
  quorum: Quorum;
  voters: ReadonlySet<NodeId>;
  isWitness: boolean;
  /** Another group holds leadership. */
  heldBack: boolean;
  /**
   * Tick at which somebody of the group that holds leadership was refused for a log that is behind.
   */
  reliefTick: number = -Infinity;
  /** Tick at which this member last let somebody else go first, in the present term. */
  gaveWayTick: number = -Infinity;
  /** Tick at which somebody who comes first last asked for a pre-vote, in the present term. */
  precededTick: number = -Infinity;
  /** A whole election timeout brought no quorum of pre-votes, in the present term. */
  askedInVain = false;
  /** An operator made this member campaign. */
  summoned = false;
  /** The way back after a loss of the log; undefined: the log is whole. */
  recovery: Recovery | undefined;
  /** Undefined: each read takes a round. */
  readonly lease: Lease | undefined;
  /** Answered reads for the next `Ready`. */
  reads: ReadState[] = [];
  /** Messages that may leave at once. */
  outbox: Message[] = [];
  /** Messages that claim something which has to be durable first. */
  afterPersist: Message[] = [];

  constructor(options: RaftOptions) {
    const { hardState, log, appliedIndex, configuration } = options;
    const snapshotIndex = log.snapshot()?.index ?? 0;
    this.id = options.id;
    this.limits = { ...defaultLimits, ...options.limits };
    this.timing = options.timing;
    this.random = options.random;
    this.codec = options.codec;
    this.trace = options.trace;
    const noted = options.recovering === true ? 0 : hardState.commitIndex;
    this.log = new ReplicatedLog(log, Math.max(noted, appliedIndex, snapshotIndex));
    this.lease = leaseOf(options.leaseMs);
    this.recovery = options.recovering === true ? beginRecovery(options.random) : undefined;
    this.delivery = new Delivery(this.log, appliedIndex, this.limits.applyBytesMax);
    this.durability = new Durability(hardState);
    const forced = forcedOf(options);
    this.configurations = new ConfigurationHistory(snapshotIndex, configuration, forced);
    this.term = hardState.term;
    this.vote = hardState.vote;
    this.role = {
      kind: "follower",
      leader: undefined,
      reads: new ForwardedReads(this.limits.readsMax),
    };
    this.quorum = new Quorum(configuration);
    this.voters = new Set();
    this.isWitness = false;
    this.heldBack = false;
    this.#adopt();
  }

  get configuration(): Configuration {
    return this.configurations.newest;
  }

  /** Who leads, as far as this member knows. */
  get leader(): NodeId | undefined {
    if (this.role.kind === "leader") return this.id;
    return this.role.kind === "follower" ? this.role.leader : undefined;
  }

  /**
   * Has a vote, or had one before a configuration that is not known to be committed. Without the
   * latter a group could be stuck for good: those who lost their vote may be the only ones with
   * that configuration in their log, and nobody could win against them (Raft thesis, section
   * 4.2.2). Whoever wins so leads until it is committed.
   */
  get hasVote(): boolean {
    if (this.voters.has(this.id)) return true;
    const { commitIndex } = this.log;
    if (this.configurations.newestIndex <= commitIndex) return false;
    const candidates = this.configurations.since(commitIndex);
    return candidates.some((configuration) => votersOf(configuration).includes(this.id));
  }

  /** May campaign: has a vote, a log that is not about to be replaced, and nothing forgotten. */
  get promotable(): boolean {
    return this.hasVote && !this.log.resetting && this.recovery === undefined;
  }

  /**
   * May campaign without being told to. Who is held back may while the group that holds leadership
   * is at it and cannot win, since logs elsewhere are longer; otherwise all would wait for ever.
   */
  get eager(): boolean {
    const { electionTicks, electionJitterTicks } = this.timing;
    const relieves = this.now - this.reliefTick < 2 * (electionTicks + electionJitterTicks);
    return this.promotable && (!this.heldBack || relieves);
  }

  /** Makes the newest configuration count. */
  adopt(): void {
    this.#adopt();
    traceAdopted(this);
  }

  #adopt(): void {
    const { configuration } = this;
    this.quorum = new Quorum(configuration);
    this.voters = new Set(votersOf(configuration));
    this.isWitness = configuration.witnesses.includes(this.id);
    this.heldBack = isHeldBack(configuration, this.id);
  }

  /**
   * Sends a message when it may leave. Votes, for oneself included, and answers to appends speak of
   * term, vote and log as if they could not be lost, so they wait for the disk. Everything else
   * waits only while the term it carries could still be forgotten; a leader's term cannot, so its
   * heartbeats and appends never wait.
   */
  send(message: Message): void {
    traceSent(this, message);
    const waits =
      message.type === "append-answer" ||
      message.type === "vote" ||
      message.type === "vote-answer" ||
      this.durability.durableTerm < this.term;
    (waits ? this.afterPersist : this.outbox).push(message);
  }
}

function forcedOf({ forced }: RaftOptions): Configuration | undefined {
  if (forced === undefined) return undefined;
  const { configuration, incarnation } = forced;
  invariant(
    configurationProblem(configuration) === undefined,
    "a forced configuration makes sense",
  );
  invariant(!isJoint(configuration), "a forced configuration is not joint");
  return { ...configuration, incarnation };
}
