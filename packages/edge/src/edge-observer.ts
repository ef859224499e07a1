import {
  addressFor,
  ChangeFeed,
  ChangeFollower,
  type Clock,
  decodeChange,
  decodeTransaction,
  every,
  Freshness,
  type Log,
  type Member,
  mirrorsOf,
  type OpenFollow,
  type Place,
  type SessionLimits,
  SessionService,
  topologyResponse,
  type TopologyNode,
} from "@meridian/replica";
import type { Services } from "@meridian/transport";
import { type Position, Tree } from "@meridian/tree";
import {
  type Encodable,
  type IBookmark,
  type ISeedRemote,
  type IStatusResponse,
  type ITransaction,
  MeridianError,
  Tier,
} from "@meridian/wire";

/** What an edge observer is made of. */
export interface EdgeObserverOptions {
  readonly node: string;
  readonly region: string;
  /** Regional clusters to follow, nearest first. */
  readonly upstreams: readonly string[];
  readonly topology: readonly TopologyNode[];
  readonly follow: (address: string) => OpenFollow;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly version: string;
  /** Resident memory of the process. */
  readonly memoryBytes: () => number;
  readonly limits: SessionLimits;
}

/** Silence of the whole upstream region after which the next one is followed. */
const regionSilenceMaxMs = 10_000;

/**
 * An edge observer: an in-memory mirror of one region's view of the world, for reads and watches. In no Raft group; follows the change stream
 * of the nearest region and says with every answer how old its data may be.
 */
export class EdgeObserver implements Member {
  place: Place;
  readonly sessions: SessionService;
  readonly #options: EdgeObserverOptions;
  readonly #startedAtMs: number;
  readonly #feed: ChangeFeed;
  #freshness = new Freshness();
  #tree = new Tree();
  #follower: ChangeFollower;
  #seeding: Tree | undefined;
  readonly #cancel: () => void;
  #incarnation = 0;
  /** How far the followed region's history has been taken over; 0: not at all. */
  #index = 0;
  #upstream = 0;
  #upstreamHeardAtMs: number;

  constructor(options: EdgeObserverOptions) {
    this.#options = options;
    const { node, region, clock, random, limits, upstreams } = options;
    this.#startedAtMs = clock.nowMs();
    this.#upstreamHeardAtMs = this.#startedAtMs;
    this.place = { node, region, tier: "edge", cluster: upstreams[0] ?? region };
    this.sessions = new SessionService(this, clock, random, limits);
    this.#feed = new ChangeFeed(this, clock);
    this.#follower = this.#follow();
    this.#cancel = every(clock, 1_000, () => this.#watchUpstream());
  }

  /** The mirror is there: clients are welcome. */
  get ready(): boolean {
    return this.#index > 0;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get tree(): Tree {
    return this.#tree;
  }

  get leader(): undefined {
    return undefined;
  }

  get serving(): boolean {
    return this.ready;
  }

  get vouches(): boolean {
    return true;
  }

  submit(): boolean {
    return false;
  }

  barrier(_deadlineAtMs: number, done: (passed: boolean) => void): void {
    done(false);
  }

  ageMs(cluster: string): number {
    const nowMs = this.#options.clock.nowMs();
    const applied =
      cluster === this.place.cluster
        ? this.#tree.appliedIndex
        : (this.#tree.cursors().get(cluster)?.index ?? 0);
    return this.#freshness.ageMs(cluster, applied, nowMs);
  }

  touch(): void {
    // An edge has no sessions.
  }

  /** What this edge answers on its server. */
  services(): Services {
    const { topology } = this.#options;
    return {
      coordination: {
        session: (stream) => this.sessions.accept(stream),
        execute: (request, caller) => this.sessions.answer(request, caller),
        watch: (watch, stream) => this.sessions.watch(watch, stream),
      },
      changes: { follow: (stream) => this.#feed.accept(stream) },
      admin: {
        status: () => this.status(),
        topology: () => topologyResponse(topology, this.#tree),
        transferLeadership: () => {
          throw new MeridianError("UNSUPPORTED", "an edge has no leadership to hand over");
        },
      },
    };
  }

  /** How this edge is. */
  status(): Encodable<IStatusResponse> {
    const { node, region, version, clock } = this.#options;
    return {
      ...{ node, region, version, tier: Tier.EDGE, role: "edge", state: "edge" },
      ...{ cluster: this.place.cluster, incarnation: this.#incarnation },
      appliedIndex: this.#tree.appliedIndex,
      commitIndex: this.#tree.appliedIndex,
      znodes: this.#tree.nodeCount,
      watches: this.sessions.watches.size,
      connections: this.sessions.connections,
      mirrors: mirrorsOf(this, this.#tree),
      uptimeMs: Math.floor(clock.nowMs() - this.#startedAtMs),
      memoryBytes: this.#options.memoryBytes(),
      digest: this.#tree.digest(),
    };
  }

  /** Ends it. */
  stop(): void {
    this.#cancel();
    this.#follower.stop();
    this.sessions.stop();
    this.#feed.stop();
  }

  #follow(): ChangeFollower {
    const { node, region, follow, topology, clock, random, log } = this.#options;
    const producers = topology
      .filter(({ role, cluster }) => cluster === this.place.cluster && role !== "edge")
      .map((upstream) => follow(addressFor(upstream, region)));
    return new ChangeFollower({
      ...{ consumer: node, region, producers, clock, random, log },
      ownOnly: false,
      from: () => this.#begin(),
      onSeed: (seed, costBytes) => this.#onSeed(seed, costBytes),
      onTransactions: (transactions, costBytes) => this.#onTransactions(transactions, costBytes),
      onBookmark: (bookmark, askedAtMs) => this.#onBookmark(bookmark, askedAtMs),
    });
  }

  #begin(): Position {
    this.#seeding = undefined;
    return { cluster: this.place.cluster, incarnation: this.#incarnation, index: this.#index };
  }

  #onSeed(seed: ISeedRemote, costBytes: number): void {
    this.#seeding ??= Tree.mirrorOf(seed.origin, seed.incarnation);
    this.#seeding.mirrorSeed(seed.nodes.map(decodeChange));
    this.#follower.credit(costBytes);
    if (!seed.last) return;
    this.#tree = this.#seeding;
    this.#seeding = undefined;
    this.#incarnation = seed.incarnation;
    this.#index = seed.index;
    this.#tree.mirrorProgress(seed.index, []);
    this.#freshness = new Freshness();
    this.#feed.onRestored();
    this.sessions.onRestored();
  }

  #onTransactions(transactions: readonly ITransaction[], costBytes: number): void {
    for (const transaction of transactions) {
      this.sessions.onApplied(this.#tree.mirror(decodeTransaction(transaction)));
    }
    this.#follower.credit(costBytes);
  }

  /** Comes with every frame of changes, and several times a second without. */
  #onBookmark(bookmark: IBookmark, askedAtMs: number): void {
    const { position, ages } = bookmark;
    if (position === undefined || this.#seeding !== undefined) return;
    this.#index = position.index;
    const others = ages.filter(({ origin }) => origin !== this.place.cluster);
    this.#tree.mirrorProgress(
      position.index,
      others.map(({ origin, incarnation, index }) => ({ cluster: origin, incarnation, index })),
    );
    for (const { origin, index, ageMs } of ages) {
      this.#freshness.note(origin, index, askedAtMs - ageMs);
    }
    this.sessions.onTurnEnd();
    this.#feed.onTurnEnd();
  }

  /** The whole upstream region is silent: follow the next one, from a snapshot. */
  #watchUpstream(): void {
    const { clock, upstreams, log, node } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#follower.connected) this.#upstreamHeardAtMs = nowMs;
    if (nowMs - this.#upstreamHeardAtMs < regionSilenceMaxMs || upstreams.length < 2) return;
    this.#upstreamHeardAtMs = nowMs;
    this.#upstream = (this.#upstream + 1) % upstreams.length;
    const cluster = upstreams[this.#upstream] ?? this.place.cluster;
    log.warn({ node, from: this.place.cluster, to: cluster }, "following another region");
    this.#follower.stop();
    this.place = { ...this.place, cluster };
    this.#incarnation = 0;
    this.#index = 0;
    this.#follower = this.#follow();
  }
}
