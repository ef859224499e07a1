import {
  type Configuration,
  type Entry,
  type Message,
  type NodeId,
  type Proposal,
  Raft,
  type Ready,
  type SoftState,
  type Status,
} from "@meridian/consensus";
import { StorageError } from "@meridian/storage";
import type { OutgoingSnapshot, PeerFrame, PeerHandler, PeerTransport } from "@meridian/transport";
import type { Command, Tree } from "@meridian/tree";
import { every, inStep } from "./clock.ts";
import { decodeCommand, encodeCommand } from "./command-codec.ts";
import { ForwardInbox, type Intake } from "./forward-inbox.ts";
import { ForwardOutbox } from "./forward-outbox.ts";
import { Housekeeping } from "./housekeeping.ts";
import { contactMsMax, contactMsMin, LeaderContact } from "./leader-contact.ts";
import { hasLeft } from "./member-note.ts";
import { PeerOutbox } from "./peer-outbox.ts";
import { type DurableBatch, Persister } from "./persister.ts";
import { raftOptions } from "./raft-options.ts";
import { ReadBarriers } from "./read-barriers.ts";
import type { ReplicaListener, ReplicaOptions } from "./replica-options.ts";
import { type SnapshotAnswer, SnapshotExchange } from "./snapshot-exchange.ts";
import { restoreTree, SnapshotTaker } from "./snapshots.ts";
import { softStateOf } from "./soft-state.ts";
import { Standing } from "./standing.ts";
import { type OfferedWrite, PendingWrite, WriteQueue } from "./write-queue.ts";

/** How often deadlines and sessions are looked at. */
const periodMs = 250;
/** A sweep so late shows that this process was stopped: it cannot tell who was silent meanwhile. */
const stallMs = 1_000;
/** How often a write that found the disk full is tried again. */
const fullDiskPauseMs = 250;
/** Entries after which a turn ends although more are committed: some tens of milliseconds. */
const appliedMax = 1_000;
/** Commands proposed in one turn at most, in bytes: keeps turns short. */
const proposalBytesMax = 1024 * 1024;

/**
 * One member of a Raft group: the only loop that turns `Ready` into disk, network and tree. Inputs
 * are collected and handled in turns, so that one log write, one fsync and one frame a peer serve
 * everything that arrived meanwhile.
 */
export class Replica implements PeerHandler {
  readonly #options: ReplicaOptions;
  readonly #raft: Raft;
  readonly #peers: PeerTransport;
  readonly #persister: Persister;
  readonly #queue: WriteQueue;
  readonly #forwards: ForwardOutbox;
  readonly #inbox = new ForwardInbox();
  readonly #outbox: PeerOutbox;
  readonly #barriers: ReadBarriers;
  readonly #snapshots: SnapshotTaker;
  readonly #exchange: SnapshotExchange;
  readonly #housekeeping: Housekeeping;
  readonly #standing: Standing;
  readonly #listeners: ReplicaListener[] = [];
  readonly #timers: (() => void)[] = [];
  /** What the leader and the other members tell each other beside the log. */
  readonly contact: LeaderContact;
  #tree: Tree;
  #soft: SoftState;
  #sweptAtMs: number;
  /** Of the newest entry that was applied. */
  #appliedTerm = 0;
  #committed: Entry[] = [];
  #restoring = false;
  #scheduled = false;
  #working = false;
  #dormant: boolean;
  #stopped = false;
  #isDismissed = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#dormant = options.dormant;
    const { storage, clock } = options;
    this.#tree = options.tree;
    this.#raft = new Raft(raftOptions(options));
    this.#soft = softStateOf(this.#raft.status(), storage.member.forced !== undefined);
    this.#sweptAtMs = clock.nowMs();
    this.contact = new LeaderContact(options, clock, options.random);
    this.#housekeeping = new Housekeeping({
      clock,
      tree: () => this.#tree,
      liveness: this.contact.liveness,
      term: () => (this.isLeader && !this.#restoring && !this.#idle ? this.#soft.term : undefined),
      propose: (command) => this.propose(command),
    });
    this.#queue = new WriteQueue(options.limits, () => clock.nowMs());
    this.#outbox = new PeerOutbox(options.relays);
    this.#forwards = new ForwardOutbox(this.#queue);
    this.#forwards.restart(this.#soft.term);
    this.#barriers = new ReadBarriers(Math.floor(options.random() * 2 ** 40), (index, askedAtMs) =>
      this.contact.onProof(index, askedAtMs),
    );
    this.#persister = new Persister(
      storage,
      (batch) => this.#onDurable(batch),
      (error) => this.#fail(error),
      (task) => clock.after(fullDiskPauseMs, task),
    );
    this.#standing = new Standing(options, (error) => this.#fail(error));
    this.#snapshots = new SnapshotTaker(
      options,
      () => this.#tree,
      (error) => this.#fail(error),
    );
    this.#exchange = new SnapshotExchange({
      ...options,
      raft: this.#raft,
      peers: () => this.#peers,
      turn: () => this.#turn(),
      wake: () => this.wake(),
      onFailure: (error) => this.#fail(error),
    });
    this.#peers = options.connect(this);
    this.#timers.push(
      every(clock, options.timing.tickMs, () => clock.defer(() => this.#tick())),
      // What arrived while this process was stopped is read before anybody is called silent.
      inStep(clock, periodMs, () => clock.defer(() => this.#sweep())),
    );
    this.wake();
  }

  get tree(): Tree {
    return this.#tree;
  }

  get soft(): SoftState {
    return this.#soft;
  }

  get isLeader(): boolean {
    return this.#soft.role === "leader";
  }

  /** Leads, and has applied everything that leaders before it had committed. */
  get isSettled(): boolean {
    return this.isLeader && this.#appliedTerm === this.#soft.term;
  }

  /** The core's view, for status pages. */
  status(): Status {
    return this.#raft.status();
  }

  /** The newest configuration applied here, or of a snapshot being taken over: it stays. */
  get configuration(): Configuration {
    return this.#raft.configurationAt(this.#tree.appliedIndex) ?? this.#raft.status().configuration;
  }

  /** This member was removed from the group, and knows it: it rests. */
  get isRemoved(): boolean {
    return this.#isDismissed || this.hasLeft(this.#options.node);
  }

  /** Whether a node was removed from the group. */
  hasLeft(node: NodeId): boolean {
    return hasLeft(this.configuration, node);
  }

  /** Puts a configuration into the log; it counts at once, and is settled when it is applied. */
  proposeConfiguration(configuration: Configuration): Proposal {
    const outcome = this.#raft.proposeConfiguration(configuration);
    this.wake();
    return outcome;
  }

  /** The way to the other members. */
  get peers(): PeerTransport {
    return this.#peers;
  }

  /** A dormant member takes part from now on. */
  admit(): void {
    this.#dormant = false;
    this.wake();
  }

  /** Adds a listener; listeners are called in the order of their adding. */
  listen(listener: ReplicaListener): void {
    this.#listeners.push(listener);
  }

  /** Takes a write; false: overloaded. */
  submit(write: OfferedWrite): boolean {
    this.wake();
    return this.#queue.add(new PendingWrite(write));
  }

  /** When to submit a write again that was refused. */
  get retryAfterMs(): number {
    return this.#queue.retryAfterMs;
  }

  /**
   * Leader's own commands: proposed at once and not repeated. Gives the command's index in the log,
   * certain while this member leads; undefined when it does not, or too much is uncommitted.
   */
  propose(command: Command): number | undefined {
    return this.proposeBytes(encodeCommand(command));
  }

  /** Likewise, for a command that is encoded already. */
  proposeBytes(command: Uint8Array): number | undefined {
    if (this.#persister.stalled) return undefined;
    const outcome = this.#raft.propose([command]);
    this.wake();
    return outcome.accepted ? outcome.index : undefined;
  }

  /** Calls back when a read of the tree is linearizable, or with false at the deadline. */
  barrier(deadlineAtMs: number, done: (passed: boolean) => void): void {
    this.#barriers.add(deadlineAtMs, done);
    this.wake();
  }

  /** Tries to lead, once, at an operator's word: also where another group holds leadership. */
  campaign(): void {
    this.#raft.campaign({ byHand: true });
    this.wake();
  }

  /** Hands leadership over; the answer tells only whether it was begun. */
  transferLeadership(to: NodeId): string {
    const outcome = this.#raft.transferLeadership(to);
    this.wake();
    return outcome;
  }

  onFrame(from: NodeId, frame: PeerFrame): void {
    if (this.#idle) return;
    for (const message of this.#outbox.receive(from, frame.messages)) this.#raft.step(message);
    if (frame.messages.some(({ type }) => type === "heartbeat")) this.#keepContact(contactMsMin);
    const term = frame.forwards.length === 0 ? 0 : this.#raft.status().term;
    for (const forward of frame.forwards) {
      const answer = this.#inbox.offer(from, forward, term, (commands) => this.#intake(commands));
      this.#outbox.forwardAnswer(from, answer);
    }
    const nowMs = this.#options.clock.nowMs();
    for (const answer of frame.forwardAnswers) this.#forwards.answer(answer, nowMs);
    if (frame.liveness !== undefined) this.contact.hear(from, frame.liveness);
    if (frame.livenessAnswer !== undefined && from === this.#soft.leader) {
      this.contact.onAnswer(frame.livenessAnswer);
    }
    this.wake();
  }

  /** A peer knows of a removal that this member was away for. */
  onDismissed(): void {
    this.#isDismissed = true;
    this.wake();
  }

  birthOf(peer: NodeId): string | undefined {
    return this.#options.storage.acquaintances.get(peer);
  }

  onSuperseded(peer: NodeId): void {
    for (const listener of this.#listeners) listener.onSuperseded?.(peer);
  }

  onPeerDown(peer: NodeId, isGone: boolean): void {
    if (this.#idle) return;
    if (isGone) this.#raft.reportGone(peer);
    for (const lost of this.#outbox.lose(peer)) this.#raft.reportUnreachable(lost);
    if (peer === this.#soft.leader) this.#forwards.resume();
    this.wake();
  }

  async onSnapshot(from: NodeId, snapshot: OutgoingSnapshot): Promise<SnapshotAnswer> {
    if (this.#dormant) return { installed: false, reason: "not admitted yet" };
    return this.#exchange.receive(from, snapshot);
  }

  /** Runs a turn soon. */
  wake(): void {
    if (this.#scheduled || this.#idle) return;
    this.#scheduled = true;
    this.#options.clock.defer(() => this.#turn());
  }

  /** Ends the loop; the storage stays open and belongs to the caller. */
  stop(): void {
    this.#stopped = true;
    this.#persister.stop();
    this.#snapshots.stop();
    for (const cancel of this.#timers) cancel();
    this.#peers.close();
    this.#exchange.stop();
    this.#queue.expire(Infinity);
    this.#barriers.expire(Infinity);
  }

  /** Not admitted yet, or stopped. */
  get #idle(): boolean {
    return this.#dormant || this.#stopped;
  }

  #tick(): void {
    if (this.#idle || this.#isDismissed) return;
    this.#outbox.tick();
    if (this.#raft.tick(this.#options.clock.nowMs())) this.#keepContact(contactMsMin);
    this.#turn();
  }

  /** Damage that shows when the log is read ends the member; its next start repairs it. */
  #turn(): void {
    this.#scheduled = false;
    if (this.#idle) return;
    this.#working = true;
    try {
      this.#work();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#fail(error);
    } finally {
      this.#working = false;
    }
  }

  #work(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#routeWrites(nowMs);
    this.#barriers.flush(nowMs, (context) => this.#raft.readIndex(context, nowMs));
    const turnEnd = this.#tree.appliedIndex + appliedMax;
    while (this.#tree.appliedIndex < turnEnd) {
      const ready = this.#raft.ready();
      if (ready === undefined) break;
      this.#handle(ready);
    }
    if (this.#tree.appliedIndex >= turnEnd) this.wake();
    if (!this.#restoring) this.#barriers.applied(this.#tree.appliedIndex);
    this.#answerReports();
    // Whoever waits for an answer comes before those who are only told what is committed.
    if (this.#outbox.isPressing) this.#outbox.flush(this.#peers);
    for (const listener of this.#listeners) listener.onTurnEnd?.();
    this.#outbox.flush(this.#peers);
  }

  /** Gives queued writes to whoever leads. */
  #routeWrites(nowMs: number): void {
    const { leader } = this.#soft;
    if (leader === undefined) return;
    if (leader !== this.#options.node) {
      for (let next = this.#forwards.next(nowMs); next; next = this.#forwards.next(nowMs)) {
        this.#outbox.forward(leader, next);
      }
      return;
    }
    const writes = this.#queue.takeUnsent(proposalBytesMax);
    if (writes.length === 0) return;
    const taken = this.#intake(writes.map((write) => write.bytes)) === "accepted";
    if (!taken) this.#queue.rewind(writes);
    else if (this.#queue.hasUnsent) this.wake();
  }

  #intake(commands: readonly Uint8Array[]): Intake {
    // A leader takes on no more than it can store itself.
    if (this.#persister.stalled) return "overloaded";
    const outcome = this.#raft.propose(commands);
    if (outcome.accepted) return "accepted";
    return outcome.reason === "overloaded" ? "overloaded" : "refused";
  }

  #handle(ready: Ready): void {
    if (ready.soft !== undefined) this.#onSoftState(ready.soft);
    for (const message of ready.send) this.#send(message);
    if (ready.persist?.reset !== undefined) this.#exchange.taken(ready.persist.reset.index);
    if (ready.persist !== undefined) this.#persister.push(ready.persist);
    for (const read of ready.reads) this.#barriers.answer(read);
    if (this.#restoring) this.#committed.push(...ready.committed);
    else this.#apply(ready.committed);
  }

  #send(message: Message): void {
    if (message.type !== "snapshot") this.#outbox.message(message);
    else void this.#exchange.send(message.to, message.mark, this.#soft.term);
  }

  #onDurable(batch: DurableBatch): void {
    this.#raft.persisted(batch.mark);
    for (const message of batch.send) this.#send(message);
    if (batch.reset) void this.#restore();
    // Unless something else has come in, nothing is gained by waiting until all that came is read.
    if (this.#scheduled || this.#working) this.wake();
    else this.#turn();
  }

  /** A snapshot of the leader became ours: the tree starts again from it. */
  async #restore(): Promise<void> {
    const { storage, witness, log } = this.#options;
    const mark = storage.log.snapshot();
    if (mark === undefined) return;
    this.#restoring = true;
    try {
      if (witness) this.#tree.skip(mark.index);
      else this.#tree = await restoreTree(storage, this.#options.clock);
    } catch (error) {
      return this.#fail(error);
    }
    this.#restoring = false;
    if (this.#stopped) return;
    log.info({ index: mark.index, term: mark.term }, "snapshot installed");
    this.#raft.applied(mark.index);
    const committed = this.#committed.filter((entry) => entry.index > mark.index);
    this.#committed = [];
    this.#exchange.restored();
    for (const listener of this.#listeners) listener.onRestored?.();
    this.#apply(committed);
    // Some of what waits here was applied inside the snapshot, unseen; its clients will ask again.
    // To hand all of it over could fill the log so that this member falls behind again, for ever.
    this.#queue.expire(Infinity);
    this.#forwards.resume();
    this.wake();
  }

  #apply(entries: readonly Entry[]): void {
    let index = 0;
    for (const entry of entries) {
      index = entry.index;
      this.#appliedTerm = entry.term;
      if (entry.kind !== "command" || this.#options.witness) {
        this.#tree.skip(entry.index);
        continue;
      }
      const command = decodeCommand(entry.data);
      const applied = this.#tree.apply(entry.index, entry.term, command);
      for (const session of applied.endedSessions) this.contact.liveness.forget(session);
      for (const listener of this.#listeners) listener.onApplied?.(entry.index, applied);
      this.#queue.applied(command, applied);
    }
    if (index === 0) return;
    this.#raft.applied(index);
    this.#housekeeping.applied(index);
    this.#snapshots.consider(this.#raft, this.contact.safeIndex);
  }

  #onSoftState(soft: SoftState): void {
    const before = this.#soft;
    this.#soft = soft;
    if (soft.term !== before.term || soft.role !== before.role) this.#outbox.restart(soft);
    // A term has one leader and one log: while it lasts, what was taken is certain to stay.
    if (soft.term !== before.term) this.#forwards.restart(soft.term);
    else if (soft.leader !== before.leader) this.#forwards.resume();
    if (soft.leader !== before.leader || soft.term !== before.term) this.#barriers.restart();
    this.contact.lead(soft.role === "leader");
    if (soft.leader !== before.leader) this.#keepContact(0);
    if (soft.role !== before.role || soft.leader !== before.leader) {
      const { role, term, leader } = soft;
      this.#options.log.info({ role, term, leader }, "role");
    }
    this.#standing.changed(before, soft);
    for (const listener of this.#listeners) listener.onSoftState?.(soft);
  }

  /** Leaders prove that they still lead, the others that the leader can be reached. */
  #keepContact(againMs: number): void {
    const { leader } = this.#soft;
    if (leader === undefined || this.isRemoved || !this.contact.isDue(againMs)) return;
    if (leader === this.#options.node) this.#barriers.probe();
    else this.#outbox.liveness(leader, this.contact.report(this.#tree.appliedIndex));
  }

  /** With the newest proof. Who was removed must notice that it reaches nobody: it gets none. */
  #answerReports(): void {
    for (const [from, report] of this.contact.takeReports()) {
      if (!this.isLeader || this.hasLeft(from)) continue;
      const exists = (session: number): boolean => this.#tree.session(session) !== undefined;
      const answer = this.contact.answerTo(from, report, this.#raft.status().safeIndex, exists);
      this.#outbox.livenessAnswer(from, answer);
    }
  }

  #sweep(): void {
    if (this.#idle) return;
    const nowMs = this.#options.clock.nowMs();
    if (this.isLeader && nowMs - this.#sweptAtMs > stallMs) this.contact.liveness.lead(nowMs);
    this.#sweptAtMs = nowMs;
    this.#queue.expire(nowMs);
    this.#barriers.expire(nowMs);
    this.#housekeeping.run();
    this.#keepContact(contactMsMax);
    this.wake();
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.fatal(error instanceof Error ? error : new Error(String(error)));
  }
}
