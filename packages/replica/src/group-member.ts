import { type Configuration, membersOf, type Random } from "@meridian/consensus";
import type { Storage } from "@meridian/storage";
import type { PeerHandler, PeerMember, PeerTransport, Services } from "@meridian/transport";
import type { Operation, Position, Tree } from "@meridian/tree";
import {
  type Encodable,
  type IMeetResponse,
  type IStatusResponse,
  MeetOutcome,
} from "@meridian/wire";
import { Admission } from "./admission.ts";
import { Candidacy } from "./candidacy.ts";
import { ChangeFeed } from "./change-feed.ts";
import type { Clock } from "./clock.ts";
import { findFork, forkOf, withFork } from "./fork.ts";
import { HeardLeader } from "./heard-leader.ts";
import { Leadership } from "./leadership.ts";
import type { Log } from "./log.ts";
import type { Member, Parting, Place } from "./member.ts";
import { noteOf } from "./member-note.ts";
import { Membership } from "./membership.ts";
import { Refounding } from "./refounding.ts";
import { Relays } from "./relays.ts";
import { Replica } from "./replica.ts";
import type { ReplicaTiming } from "./replica-options.ts";
import { SessionRoster } from "./session-roster.ts";
import { type SessionLimits, SessionService } from "./session-service.ts";
import {
  type LoopDelay,
  loopFields,
  memberStatus,
  quotasResponse,
  topologyResponse,
} from "./status.ts";
import { type Succession, Successor, supersededBy } from "./succession.ts";
import { addressFor, type TopologyNode } from "./topology.ts";
import type { OfferedWrite } from "./write-queue.ts";

/** Everything a group member is made of. Storage stays the caller's, who closes it after `stop`. */
export interface GroupMemberOptions {
  readonly place: Place;
  readonly incarnation: number;
  readonly role: TopologyNode["role"];
  readonly group: string;
  readonly configuration: Configuration;
  readonly timing: ReplicaTiming;
  readonly storage: Storage;
  readonly tree: Tree;
  /** `noted`: host:port of members that were added while the cluster ran, where it is known. */
  readonly connect: (
    handler: PeerHandler,
    noted: (node: string) => string | undefined,
  ) => PeerTransport;
  readonly topology: readonly TopologyNode[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fatal: (error: Error) => void;
  /**
   * Called once, after this life has ended, when another one is to begin on the same data: see
   * `succeed`. Without it members do not change their incarnation.
   */
  readonly succeed?: (succession: Succession) => void;
  readonly version: string;
  /** Resident memory of the process, for the status page. */
  readonly memoryBytes: () => number;
  /** How late the process comes to what is due, for the status page. */
  readonly loopDelay?: () => LoopDelay;
  readonly limits: MemberLimits;
  /** What the first leader founds the cluster with. */
  readonly bootstrap: Extract<Operation, { kind: "bootstrap" }>;
}

/** Bounds of a member. */
export interface MemberLimits extends SessionLimits {
  /** Writes and their bytes that wait for the leader at one member. */
  readonly writesMax: number;
  readonly writeBytesMax: number;
  /** Entries between two snapshots at least; more in a tree of very many nodes. */
  readonly snapshotEntries: number;
  /** Entries kept behind a snapshot for members that are a little behind. */
  readonly keptEntries: number;
  /** Without a leader for this long, clients are sent elsewhere. */
  readonly leaderlessMaxMs: number;
}

/** Bounds that suit a server; every one can be set in the node's configuration. */
export const memberLimits: MemberLimits = {
  timeoutMinMs: 2_000,
  timeoutMaxMs: 120_000,
  streamsMax: 50_000,
  writesMax: 65_536,
  writeBytesMax: 64 * 1024 * 1024,
  snapshotEntries: 50_000,
  keptEntries: 10_000,
  leaderlessMaxMs: 3_000,
};

/** Peers whose own word for their address is remembered. */
const heardMax = 256;

/**
 * A member of a Raft group with everything that it offers: sessions, changes, its peers' streams,
 * administration. The global tier and the regional tier are made of these.
 */
export class GroupMember implements Member {
  readonly place: Place;
  readonly incarnation: number;
  readonly replica: Replica;
  readonly sessions: SessionService;
  readonly feed: ChangeFeed;
  readonly #options: GroupMemberOptions;
  readonly #startedAtMs: number;
  readonly #leadership: Leadership;
  readonly #candidacy: Candidacy;
  readonly #membership: Membership;
  /** Addresses that peers told when they connected. */
  readonly #heard = new Map<string, string>();
  /** Its members were introduced. */
  #acquainted: Configuration | undefined;
  /** It was said that this member was removed. */
  #isFarewellSaid = false;
  readonly #admission: Admission;
  readonly #relays: Relays;
  readonly #refounding: Refounding;
  readonly #successor: Successor;
  /** Term in which this member, leading, told where its incarnation begins. */
  #forkTerm = 0;
  /** Streams and calls of members of other clusters or incarnations that were refused. */
  #strangers = 0;
  /** Term in which this member, leading, proposed the founding of the cluster. */
  #foundedTerm = 0;
  /** Partition state for the status page; regions set it. */
  partitionState: () => string = () => "";

  constructor(options: GroupMemberOptions) {
    const { place, incarnation, clock, random, limits } = options;
    this.#options = options;
    this.#startedAtMs = clock.nowMs();
    this.place = place;
    this.incarnation = incarnation;
    this.#relays = this.#makeRelays();
    this.replica = new Replica({
      ...options,
      relays: this.#relays,
      connect: (handler) => options.connect(handler, (node) => this.#noted(node)),
      node: place.node,
      cluster: place.cluster,
      witness: options.role === "witness",
      dormant: !options.storage.member.admitted,
      snapshotEntries: limits.snapshotEntries,
      keptEntries: limits.keptEntries,
    });
    this.sessions = new SessionService(this, clock, random, limits);
    this.feed = new ChangeFeed(this, clock);
    const leader = new HeardLeader(this.replica, options);
    this.#membership = new Membership(this.replica, { ...options, leader });
    this.#leadership = new Leadership(this.replica, this.#membership, options);
    const isAdmitted = (): boolean => this.#admission.admitted;
    this.#candidacy = new Candidacy(this.replica, { ...options, leader, isAdmitted });
    this.#admission = new Admission({
      ...options,
      node: place.node,
      cluster: place.cluster,
      voters: votersOf(options.storage.member.forced?.configuration ?? options.configuration),
      meet: (to, birth) => this.#introduce(to, birth),
      onAdmitted: () => this.replica.admit(),
      onFailure: (error) => {
        this.stop();
        options.fatal(error);
      },
    });
    const succeed = (succession: Succession): void => {
      this.stop();
      options.succeed?.(succession);
    };
    this.#refounding = new Refounding({
      ...options,
      succeed,
      replica: this.replica,
      regionOf: (node) => this.#membership.topology.find((known) => known.node === node)?.region,
    });
    this.#successor = new Successor({
      meet: (to) => this.replica.peers.meet(to, options.storage.member.birth),
      nowMs: () => clock.nowMs(),
      found: succeed,
    });
    this.replica.listen({
      onSuperseded: (peer) => this.#successor.ask(peer),
      onApplied: (_index, applied) => this.sessions.onApplied(applied),
      onRestored: () => {
        this.sessions.onRestored();
        this.feed.onRestored();
      },
      onTurnEnd: () => {
        this.sessions.onTurnEnd();
        this.feed.onTurnEnd();
        this.#found();
        this.#rest();
        this.#acquaint();
        this.#tellFork();
      },
    });
    this.#admission.start();
  }

  get tree(): Tree {
    return this.replica.tree;
  }

  get leader(): string | undefined {
    return this.replica.soft.leader;
  }

  get parting(): Parting | undefined {
    const { incarnation, sharedIndex } = forkOf(this.replica.configuration) ?? {};
    if (incarnation === undefined || sharedIndex === undefined) return undefined;
    return { incarnation, index: sharedIndex };
  }

  get takesPart(): boolean {
    const { recovering, leader } = this.replica.soft;
    return this.#admission.admitted && (!recovering || leader !== undefined);
  }

  get serving(): boolean {
    return (
      this.#options.role !== "witness" &&
      !this.replica.isRemoved &&
      this.replica.contact.silenceMs < this.#options.limits.leaderlessMaxMs
    );
  }

  /** The cluster is founded and has a leader: clients are welcome. */
  get ready(): boolean {
    if (this.leader === undefined || this.replica.isRemoved) return false;
    return this.#options.role === "witness" || this.tree.cluster !== "";
  }

  submit(write: OfferedWrite): boolean {
    return this.replica.submit(write);
  }

  get retryAfterMs(): number {
    return this.replica.retryAfterMs;
  }

  barrier(deadlineAtMs: number, done: (passed: boolean) => void): void {
    this.replica.barrier(deadlineAtMs, done);
  }

  ageMs(cluster: string): number {
    const { tree, contact } = this.replica;
    const own = cluster === this.place.cluster;
    const index = own ? tree.appliedIndex : (tree.cursors().get(cluster)?.index ?? 0);
    return contact.freshness.ageMs(cluster, index, this.#options.clock.nowMs());
  }

  reach(cursor: Position): number {
    return this.replica.contact.coverage.reach(cursor);
  }

  get vouches(): boolean {
    return this.replica.contact.vouches;
  }

  touch(session: number): void {
    this.replica.contact.liveness.touch(session, this.#options.clock.nowMs());
  }

  silenceMs(session: number): number {
    return this.replica.contact.liveness.silenceMs(session, this.#options.clock.nowMs());
  }

  /** What this member answers on its server. */
  services(): Services {
    const { place, incarnation, replica } = this;
    const identity = { cluster: place.cluster, incarnation, node: place.node };
    const peer: PeerMember = {
      identity,
      handler: replica,
      birth: this.#options.storage.member.birth,
      onOtherBirth: (from) => this.#admission.disown(from),
      onStranger: () => (this.#strangers += 1),
      meet: (from, birth) => this.#meet(from, birth),
      hasLeft: (node) => replica.hasLeft(node),
      onHello: (from, address, abilities) => {
        this.#hear(from, address);
        this.#relays.learn(from, abilities);
      },
      meetFormer: () => supersededBy(incarnation, replica.configuration),
      refound: (from, request) => this.#refounding.answer(from, request),
    };
    const peers = new Map([[place.cluster, peer]]);
    const admin = {
      status: () => this.status(),
      topology: () => topologyResponse(this.#membership.topology, this.tree),
      transferLeadership: this.#leadership.transfer.bind(this.#leadership),
      membership: this.#membership,
      standForElection: this.#candidacy.stand.bind(this.#candidacy),
      forcePromote: this.#refounding.promote.bind(this.#refounding),
    };
    if (this.#options.role === "witness") return { peers, admin };
    const roster = new SessionRoster(this, this.#options.log);
    return {
      peers,
      admin: { ...admin, roster, quotas: () => quotasResponse(this.tree) },
      coordination: {
        session: (stream, caller) => this.sessions.accept(stream, caller),
        execute: (request, caller) => this.sessions.answer(request, caller),
        watch: (watch, stream) => this.sessions.watch(watch, stream),
      },
      changes: { follow: (stream) => this.feed.accept(stream) },
    };
  }

  /** How this member is. */
  status(): Encodable<IStatusResponse> {
    const { version } = this.#options;
    const { role, group } = this.#membership.self ?? this.#options;
    const uptimeMs = Math.floor(this.#options.clock.nowMs() - this.#startedAtMs);
    const memoryBytes = this.#options.memoryBytes();
    const loopDelay = this.#options.loopDelay?.();
    const admission = this.#admission.waitsFor;
    const strangers = this.#strangers;
    const process = { uptimeMs, memoryBytes, ...loopFields(loopDelay) };
    const facts = { role, group, version, admission, strangers, ...process };
    return memberStatus(this, facts);
  }

  /** Ends it; the storage may be closed afterwards. */
  stop(): void {
    this.#successor.stop();
    this.#admission.stop();
    this.#leadership.stop();
    this.#candidacy.stop();
    this.#membership.stop();
    this.sessions.stop();
    this.feed.stop();
    this.replica.stop();
  }

  /** Address of a member that no settings name. */
  #noted(node: string): string | undefined {
    const note = noteOf(this.replica.status().configuration, node);
    // A new member has no configuration yet that could tell who leads now, and where.
    return note === undefined ? this.#heard.get(node) : addressFor(note, this.place.region);
  }

  #makeRelays(): Relays {
    const { place, timing } = this.#options;
    const regionOf = (node: string): string | undefined => this.#regionOf(node);
    return new Relays({ node: place.node, regionOf, lagTicks: timing.heartbeatTicks + 1 });
  }

  /** Region of a member of this cluster. */
  #regionOf(node: string): string | undefined {
    const { place, topology } = this.#options;
    if (node === place.node) return place.region;
    const known = topology.find((one) => one.node === node && one.cluster === place.cluster);
    return known?.region ?? noteOf(this.replica.status().configuration, node)?.region;
  }

  /** A peer connected, and said where it is reached. */
  #hear(from: string, address: string): void {
    if (address === "") return;
    if (this.#heard.size < heardMax || this.#heard.has(from)) this.#heard.set(from, address);
  }

  /** A member that was removed does not come back with an empty disk either. */
  #meet(from: string, birth: string): ReturnType<Admission["answer"]> {
    if (!this.replica.hasLeft(from)) return this.#admission.answer(from, birth);
    return Promise.resolve({ outcome: MeetOutcome.OTHER_BIRTH });
  }

  /** A new member also learns here that its cluster has a later incarnation. */
  async #introduce(to: string, birth: string): Promise<IMeetResponse> {
    const answer = await this.replica.peers.meet(to, birth);
    this.#successor.hear(answer);
    return answer;
  }

  /** The first leader of a new incarnation says where it begins, for those who come back. */
  #tellFork(): void {
    const { replica } = this;
    const { term, forced } = replica.soft;
    if (this.#forkTerm === term || !replica.isSettled || forced) return;
    const { configuration } = replica;
    const fork = forkOf(configuration);
    if (fork === undefined || fork.last !== undefined) return;
    this.#forkTerm = term;
    const found = findFork(this.#options.storage.log, fork);
    if (found !== undefined) replica.proposeConfiguration(withFork(configuration, found));
  }

  /** Those who joined since the settings were written are introduced too. */
  #acquaint(): void {
    const { configuration } = this.replica;
    if (configuration === this.#acquainted || !this.#admission.admitted) return;
    this.#acquainted = configuration;
    this.#admission.know(membersOf(configuration));
  }

  /** Says once that this member was removed: what runs here is of no use any more. */
  #rest(): void {
    if (this.#isFarewellSaid || !this.replica.isRemoved) return;
    this.#isFarewellSaid = true;
    const { cluster, node } = this.place;
    const text = "this member was removed from its cluster and rests; it may be stopped for good";
    this.#options.log.warn({ cluster, member: node }, text);
  }

  /** The first leader of a new cluster founds it. */
  #found(): void {
    const { replica } = this;
    const { term } = replica.soft;
    if (this.tree.cluster !== "" || this.#foundedTerm === term) return;
    if (!replica.isSettled || this.#options.role === "witness") return;
    const timeMs = Math.floor(this.#options.clock.wallMs());
    const operation = this.#options.bootstrap;
    const command = { session: 0, sequence: 0, acknowledged: 0, timeMs, operation };
    if (replica.propose(command) !== undefined) this.#foundedTerm = term;
  }
}

function votersOf({ groups }: Configuration): readonly string[] {
  return groups.flatMap(({ voters }) => voters);
}
