import { configurationProblem } from "./configuration.ts";
import { Core } from "./core.ts";
import {
  campaign,
  campaignInTurn,
  countOwnVote,
  ignores,
  onVoteAnswer,
  onVoteRequest,
  preCampaign,
  repeatQuestion,
} from "./election.ts";
import type { Configuration, NodeId } from "./entry.ts";
import {
  answerStale,
  learnConfigurations,
  onAppend,
  onHeartbeat,
  onSnapshot,
} from "./following.ts";
import { invariant } from "./invariant.ts";
import { advanceCommit, flush } from "./leading.ts";
import { isPromised, onPromise, tellTime } from "./lease.ts";
import type { Message } from "./message.ts";
import type { RaftOptions } from "./options.ts";
import { takePersist } from "./persisting.ts";
import type { Proposal } from "./proposal.ts";
import { propose, proposeConfiguration } from "./proposal.ts";
import {
  expireReads,
  onReadConfirmed,
  onReadIndex,
  onReadIndexAnswer,
  requestRead,
} from "./read-index.ts";
import { askToRecover, finishRecovery, onRecover, onRecoverAnswer } from "./recovery.ts";
import type { PersistMark, Ready, SoftState } from "./ready.ts";
import { onAppendAnswer, onHeartbeatAnswer, sendHeartbeats } from "./replication.ts";
import { becomeFollower, follow, restartElectionTimer } from "./role.ts";
import type { Status } from "./status.ts";
import { softChanged, softStateOf, statusOf } from "./status.ts";
import { traceOwnAppend, traceReceived, traceState } from "./trace.ts";
import type { TransferAnswer } from "./transfer.ts";
import { onTransferProgress, repeatUrge, startTransfer, tickTransfer } from "./transfer.ts";

/**
 * One member of a Raft group as a pure state machine: ticks, messages and reports in, `Ready` out.
 * It does no I/O, knows no clock and never waits; the driver does what `Ready` says and reports
 * back. Not safe against calls from within.
 */
export class Raft {
  readonly #core: Core;
  #soft: SoftState;

  /** @throws {Error} when options contradict each other or the log. */
  constructor(options: RaftOptions) {
    const { configuration, timing, appliedIndex, log } = options;
    invariant(configurationProblem(configuration) === undefined, "the configuration makes sense");
    invariant(timing.heartbeatTicks < timing.leaseTicks, "heartbeats keep a lease alive");
    invariant(timing.leaseTicks <= timing.electionTicks, "no campaign ends within a lease");
    invariant(appliedIndex >= (log.snapshot()?.index ?? 0), "the snapshot is applied");
    invariant(options.leaseMs === undefined || options.leaseMs > 0, "a lease takes some time");
    this.#core = new Core(options);
    this.#readConfigurations();
    restartElectionTimer(this.#core);
    // If it is settled already, the first `Ready` says so.
    this.#soft = { ...softStateOf(this.#core), forced: options.forced !== undefined };
    traceState(this.#core, "InitState");
  }

  /**
   * One beat of the clock. `nowMs` is for leases: monotonic, from any origin. True: this member
   * leads and has heartbeats for all, with which more can go.
   */
  tick(nowMs?: number): boolean {
    const core = this.#core;
    core.now += 1;
    tellTime(core, nowMs);
    if (core.role.kind === "leader") return this.#tickLeader();
    expireReads(core);
    core.electionElapsed += 1;
    campaignInTurn(core);
    if (core.electionElapsed >= core.electionTimeout) {
      if (core.eager) preCampaign(core);
      // A campaign by hand that did not succeed is not repeated.
      else if (core.role.kind !== "follower") becomeFollower(core, core.term, undefined);
      else core.electionElapsed = 0;
    } else if (core.electionElapsed % core.timing.heartbeatTicks === 0) {
      repeatQuestion(core);
    }
    return false;
  }

  /** Feeds one message of a peer in. Stale and unknown input is dropped, never thrown. */
  step(message: Message): void {
    const core = this.#core;
    if (message.to !== core.id || message.from === core.id) return;
    if (ignores(core, message)) return;
    traceReceived(core, message);
    if (message.term < core.term) {
      answerStale(core, message);
      return;
    }
    if (message.term > core.term) this.#meetTerm(message);
    this.#dispatch(message);
  }

  /**
   * Puts commands into the log, one entry each, all or none; to be committed if this member goes on
   * leading.
   */
  propose(commands: readonly Uint8Array[]): Proposal {
    invariant(commands.length > 0, "a proposal has a command");
    return propose(this.#core, commands);
  }

  /**
   * Puts a configuration into the log. It counts from now on, and no longer if its entry is cut off
   * again.
   */
  proposeConfiguration(configuration: Configuration): Proposal {
    return proposeConfiguration(this.#core, configuration);
  }

  /**
   * Asks up to where to apply before reading. The answer comes in `Ready.reads`, under the same
   * context. `nowMs` is for leases: taken after the read arrived, since a process may have stood
   * still since the last tick; without it, the read takes a round.
   */
  readIndex(context: number, nowMs?: number): void {
    tellTime(this.#core, nowMs);
    requestRead(this.#core, context, nowMs !== undefined);
  }

  /**
   * Campaigns now instead of after a silence, if the others would vote for it. Nothing for leaders,
   * learners, members that lost their log or that a lease binds, and, unless `byHand`, for those
   * whom another group holds back: that is an operator's act.
   */
  campaign({ byHand = false }: { readonly byHand?: boolean } = {}): void {
    const core = this.#core;
    if (core.role.kind === "leader" || isPromised(core)) return;
    if (!byHand && core.heldBack) return;
    if (core.promotable) core.summoned = byHand;
    preCampaign(core);
  }

  /**
   * Hands leadership to a voter. Proposals are refused until that has succeeded or been given up.
   */
  transferLeadership(to: NodeId): TransferAnswer {
    return startTransfer(this.#core, to);
  }

  /** Whether `ready` has something. */
  hasReady(): boolean {
    const core = this.#core;
    flush(core);
    return (
      core.outbox.length > 0 ||
      core.afterPersist.length > 0 ||
      core.reads.length > 0 ||
      core.log.hasUnwritten ||
      core.durability.changed(core.term, core.vote) ||
      core.delivery.waiting ||
      softChanged(core, this.#soft)
    );
  }

  /**
   * Everything that has to happen because of the inputs since the last one; undefined if nothing
   * has.
   */
  ready(): Ready | undefined {
    if (!this.hasReady()) return undefined;
    const core = this.#core;
    const persist = takePersist(core);
    const { outbox: send, reads } = core;
    core.outbox = [];
    core.reads = [];
    let soft: SoftState | undefined;
    if (softChanged(core, this.#soft)) {
      soft = softStateOf(core);
      this.#soft = soft;
    }
    traceState(core, "Ready");
    return { send, persist, committed: core.delivery.take(), reads, soft };
  }

  /** A write is durable, and so are those before it. Reports may be merged into the last one. */
  persisted(mark: PersistMark): void {
    const core = this.#core;
    if (!core.durability.persisted(mark)) return;
    const { durableIndex } = core.log;
    core.log.persisted(mark.sequence);
    countOwnVote(core);
    finishRecovery(core);
    if (core.role.kind !== "leader") return;
    if (core.log.durableIndex > durableIndex)
      traceOwnAppend(core, "Receive", core.log.durableIndex);
    advanceCommit(core, core.role);
  }

  /** The state machine has applied everything up to the index, a snapshot included. */
  applied(index: number): void {
    this.#core.delivery.applied(index);
    this.#core.configurations.prune(index);
  }

  /** Messages to a peer were lost: asks anew where its log stands before sending more. */
  reportUnreachable(peer: NodeId): void {
    const { role } = this.#core;
    if (role.kind !== "leader") return;
    const progress = role.progress.get(peer);
    if (progress?.state === "replicate") progress.becomeProbe();
  }

  /**
   * The process of a peer has ended, as far as can be told from here. If it led, an election need
   * not wait for a silence: what is left of the timer is what sets groups and members apart, so
   * that those still come first that should. Where leaders rely on leases nothing changes: only
   * time ends a promise. A wrong report costs at most an election, which the pre-votes of those
   * prevent who hear the leader.
   */
  reportGone(peer: NodeId): void {
    const core = this.#core;
    if (core.leader !== peer || core.role.kind !== "follower" || core.lease !== undefined) return;
    // Without a vote nothing follows from it, and one that lost its data hears of that from those
    // who go on looking for their leader where it was.
    if (!core.hasVote) return;
    const { electionElapsed, timing } = core;
    becomeFollower(core, core.term, undefined);
    core.electionElapsed = Math.max(electionElapsed, timing.leaseTicks);
  }

  /** A snapshot to a peer has arrived and is durable there, or has failed and may be sent again. */
  reportSnapshot(peer: NodeId, installed: boolean): void {
    const { role } = this.#core;
    if (role.kind !== "leader") return;
    const progress = role.progress.get(peer);
    if (progress?.state !== "snapshot") return;
    if (!installed) progress.pendingSnapshot = 0;
    progress.becomeProbe();
    // Its answer to the snapshot, or to the next heartbeat, tells when to go on.
    progress.paused = true;
  }

  /**
   * The configuration that belongs into a snapshot at an applied index. To be asked for when the
   * snapshot is begun: undefined once later entries have been applied that brought another one.
   */
  configurationAt(index: number): Configuration | undefined {
    return this.#core.configurations.at(index);
  }

  /**
   * Term of the entry at an index. What is stored there may still be of another term, until the
   * entry that took its place is durable. Undefined where the log does not reach.
   */
  termAt(index: number): number | undefined {
    return this.#core.log.term(index);
  }

  /** What this member is and knows just now. */
  status(): Status {
    return statusOf(this.#core);
  }

  /** Configurations that came after the one of the snapshot. */
  #readConfigurations(): void {
    const core = this.#core;
    const { log, limits, configurations } = core;
    let from = Math.max(log.firstIndex, configurations.newestIndex + 1);
    while (from <= log.lastIndex) {
      const entries = log.entries(from, log.lastIndex + 1, limits.applyBytesMax);
      learnConfigurations(core, entries, from);
      from += entries.length;
    }
    configurations.prune(core.delivery.appliedIndex);
  }

  #tickLeader(): boolean {
    const core = this.#core;
    const { role, timing, now } = core;
    if (role.kind !== "leader") return false;
    const heard = (voter: NodeId): boolean => {
      if (voter === core.id) return true;
      const progress = role.progress.get(voter);
      return progress !== undefined && now - progress.activeTick < timing.leaseTicks;
    };
    if (!core.quorum.reached(heard)) {
      becomeFollower(core, core.term, undefined);
      return false;
    }
    role.heartbeatElapsed += 1;
    const isDue = role.heartbeatElapsed >= timing.heartbeatTicks;
    if (isDue) {
      role.heartbeatElapsed = 0;
      sendHeartbeats(core, role, false);
      repeatUrge(core, role);
    }
    tickTransfer(core, role);
    return isDue;
  }

  /** A message of a later term came. */
  #meetTerm(message: Message): void {
    const core = this.#core;
    const { type, term, from } = message;
    switch (type) {
      case "pre-vote":
        return;
      case "pre-vote-answer":
        // A yes speaks of a term that has not begun.
        if (message.reject) becomeFollower(core, term, undefined);
        return;
      case "append":
      case "heartbeat":
      case "snapshot":
        becomeFollower(core, term, from);
        return;
      case "vote":
      case "append-answer":
      case "heartbeat-answer":
      case "vote-answer":
      case "read-index":
      case "read-index-answer":
      case "timeout-now":
      case "recover":
      case "recover-answer":
        becomeFollower(core, term, undefined);
    }
  }

  #dispatch(message: Message): void {
    const core = this.#core;
    switch (message.type) {
      case "append":
      case "heartbeat":
      case "snapshot":
      case "timeout-now":
        if (core.role.kind !== "leader") this.#obey(message);
        return;
      case "append-answer":
      case "heartbeat-answer":
        this.#hear(message);
        return;
      case "pre-vote":
      case "vote":
        onVoteRequest(core, message);
        return;
      case "pre-vote-answer":
      case "vote-answer":
        onVoteAnswer(core, message);
        return;
      case "read-index":
        onReadIndex(core, message);
        return;
      case "read-index-answer":
        onReadIndexAnswer(core, message);
        return;
      case "recover":
        if (core.role.kind === "leader") onRecover(core, core.role, message);
        return;
      case "recover-answer":
        onRecoverAnswer(core, message);
    }
  }

  /** What only the leader of this term says. */
  #obey(
    message: Extract<Message, { type: "append" | "heartbeat" | "snapshot" | "timeout-now" }>,
  ): void {
    const core = this.#core;
    if (message.type === "timeout-now") {
      if (core.leader === message.from && !core.heldBack) campaign(core, true);
      return;
    }
    const known = core.leader === message.from;
    follow(core, message.from);
    if (!known || message.type === "heartbeat") askToRecover(core, message.from);
    if (message.type === "append") onAppend(core, message);
    else if (message.type === "heartbeat") onHeartbeat(core, message);
    else onSnapshot(core, message);
  }

  /** What a follower of this leader answers. */
  #hear(message: Extract<Message, { type: "append-answer" | "heartbeat-answer" }>): void {
    const core = this.#core;
    const { role } = core;
    if (role.kind !== "leader") return;
    if (message.type === "heartbeat-answer") {
      onPromise(core, role, message);
      onReadConfirmed(core, role, message);
      onHeartbeatAnswer(core, role, message);
      return;
    }
    const advanced = onAppendAnswer(core, role, message);
    if (advanced) advanceCommit(core, role);
    if (core.role === role) onTransferProgress(core, role, message.from, advanced);
  }
}
