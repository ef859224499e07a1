import type { Random } from "@meridian/consensus";
import type { LivenessAnswer, LivenessReport, OriginAge } from "@meridian/transport";
import type { Clock } from "./clock.ts";
import { Coverage } from "./coverage.ts";
import { Freshness } from "./freshness.ts";
import type { ReplicaTiming } from "./replica-options.ts";
import { contactMaxMs, SessionLiveness } from "./session-liveness.ts";

/**
 * Contact is kept with heartbeats, but no sooner than this after the last time: strict reads make
 * more of them.
 */
export const contactMsMin = 125;
/** Without heartbeats it is kept this long after the last time. */
export const contactMsMax = 350;
const noReports: readonly [] = [];
/** An unknown age travels as a very great one. */
const ageMaxMs = 2 ** 40;

/**
 * What a leader and the other members tell each other several times a second: which sessions live,
 * and how old what is where may be. The answers also prove that the leader can be reached.
 */
export class LeaderContact {
  readonly liveness: SessionLiveness;
  /** Ages of the cluster's own state and of its mirrors here, as far as this member knows. */
  readonly freshness: Freshness = new Freshness();
  /** How far its mirrors here reach. */
  readonly coverage: Coverage = new Coverage();
  /** Leader: ages of its mirrors, for the others. Set by the region. */
  ages: () => readonly OriginAge[] = () => [];
  /** The region's partition state as a number, as the leader sees it. */
  partitionState = 0;
  /** What witnesses may forget. */
  safeIndex = 0;
  readonly #cluster: string;
  readonly #incarnation: number;
  readonly #clock: Clock;
  /**
   * Added to the times that are sent: an answer to an earlier life of this node, whose clock began
   * elsewhere, must not pass for one to this life.
   */
  readonly #lifeMs: number;
  readonly #startedAtMs: number;
  /** Of members that wait for an answer, until the end of the turn. */
  readonly #reports = new Map<string, LivenessReport>();
  /** When contact was last kept from here. */
  #keptAtMs = -Infinity;
  #leads = false;
  #contactAtMs: number;
  /** It has led, or had an answer of a leader, since it started. */
  #hadContact = false;

  constructor(
    {
      cluster,
      incarnation,
      timing,
    }: {
      readonly cluster: string;
      readonly incarnation: number;
      readonly timing: ReplicaTiming;
    },
    clock: Clock,
    random: Random,
  ) {
    this.liveness = new SessionLiveness(timing.leaseTicks * timing.tickMs);
    this.#cluster = cluster;
    this.#incarnation = incarnation;
    this.#clock = clock;
    this.#lifeMs = Math.floor(random() * 2 ** 40);
    this.#startedAtMs = Math.floor(clock.nowMs());
    this.#contactAtMs = this.#startedAtMs;
  }

  /** How long ago this member last had proof of a leader that it can reach; 0 while it leads. */
  get silenceMs(): number {
    return this.#leads ? 0 : this.#clock.nowMs() - this.#contactAtMs;
  }

  /**
   * Clients may take what this member answers as a sign that their sessions live. One that has just
   * started may not say so: no leader allows for what it does before its first report.
   */
  get vouches(): boolean {
    return this.#hadContact && this.silenceMs <= contactMaxMs;
  }

  /** Whether contact was last kept `againMs` ago or longer; if so, it is now. */
  isDue(againMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#keptAtMs < againMs) return false;
    this.#keptAtMs = nowMs;
    return true;
  }

  /** This member leads from now on, or does no longer. */
  lead(leads: boolean): void {
    if (this.#leads === leads) return;
    const nowMs = this.#clock.nowMs();
    this.#leads = leads;
    this.#hadContact = true;
    if (leads) return this.liveness.lead(nowMs);
    this.liveness.follow();
    this.#contactAtMs = nowMs;
  }

  /** Follower: what to tell the leader. */
  report(applied: number): LivenessReport {
    const sentAtMs = Math.floor(this.#clock.nowMs()) + this.#lifeMs;
    return { sessions: this.liveness.report(), sentAtMs, applied };
  }

  /** A member's report came; it is answered at the end of the turn. */
  hear(from: string, report: LivenessReport): void {
    this.#reports.set(from, report);
  }

  /** Reports to be answered, each its member's newest. They leave. */
  takeReports(): readonly (readonly [from: string, report: LivenessReport])[] {
    // Most turns have none.
    if (this.#reports.size === 0) return noReports;
    const reports = [...this.#reports];
    this.#reports.clear();
    return reports;
  }

  /** Leader: a member's report, and the answer to it. */
  answerTo(
    member: string,
    report: LivenessReport,
    safeIndex: number,
    exists: (session: number) => boolean,
  ): LivenessAnswer {
    this.liveness.heard(member, report.sessions, this.#clock.nowMs(), exists);
    const { sentAtMs } = report;
    const { partitionState } = this;
    return { sentAtMs, ages: [...this.#ownAge(), ...this.ages()], partitionState, safeIndex };
  }

  /** Follower: the leader's answer. */
  onAnswer(answer: LivenessAnswer): void {
    const reportedAtMs = answer.sentAtMs - this.#lifeMs;
    if (reportedAtMs < this.#startedAtMs || reportedAtMs > this.#clock.nowMs()) return;
    this.#contactAtMs = Math.max(this.#contactAtMs, reportedAtMs);
    this.#hadContact = true;
    this.liveness.confirmed(reportedAtMs);
    for (const { origin, incarnation, index, ageMs, covers } of answer.ages) {
      this.freshness.note(origin, index, reportedAtMs - ageMs);
      this.coverage.note({ cluster: origin, incarnation, index }, covers);
    }
    this.partitionState = answer.partitionState;
    this.safeIndex = answer.safeIndex;
  }

  /** The answer to a read index: all that was committed when it was asked for is at or below it. */
  onProof(index: number, askedAtMs: number): void {
    this.freshness.note(this.#cluster, index, askedAtMs);
  }

  /**
   * Age of the leader's own proof. Its commit index alone proves nothing: another may lead already,
   * and a new leader does not know what the one before had committed.
   */
  #ownAge(): readonly OriginAge[] {
    const proof = this.freshness.newest(this.#cluster);
    if (proof === undefined) return [];
    const ageMs = Math.min(Math.ceil(this.#clock.nowMs() - proof.asOfMs), ageMaxMs);
    const { index } = proof;
    return [{ origin: this.#cluster, incarnation: this.#incarnation, index, ageMs, covers: index }];
  }
}
