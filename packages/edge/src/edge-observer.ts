import {
  addressFor,
  ChangeFeed,
  ChangeFollower,
  type Clock,
  decodeChange,
  decodeTransaction,
  inStep,
  Freshness,
  type Log,
  type LoopDelay,
  loopFields,
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
import { WayBack } from "./way-back.ts";

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
  /** How late the process comes to what is due, for the status page. */
  readonly loopDelay?: () => LoopDelay;
  readonly limits: SessionLimits;
}

/** Silence of the whole upstream region after which the next one is followed. */
const regionSilenceMaxMs = 10_000;
/**
 * How long another region than the nearest is followed at least. A return takes all data over anew,
 * so that one that comes and goes must not be run after.
 */
const awayMsMin = 30_000;

/** A mirror, and the place in the history of the region that it was taken from. */
interface Mirror {
  readonly cluster: string;
  readonly incarnation: number;
  readonly tree: Tree;
  readonly freshness: Freshness;
  /** How far the region's history has been taken over. */
  index: number;
}

/**
 * An edge observer: an in-memory mirror of one region's view of the world, for reads and watches.
 * In
 * no Raft group; follows the change stream of the nearest region and says with every answer how old
 * its data may be. A new mirror takes the place of the old one only when it is complete and its
 * age is known, with everything that names the region it is of.
 */
export class EdgeObserver implements Member {
  readonly sessions: SessionService;
  readonly #options: EdgeObserverOptions;
  readonly #startedAtMs: number;
  readonly #feed: ChangeFeed;
  readonly #cancel: () => void;
  /** What is served. */
  #mirror: Mirror;
  #follower: ChangeFollower;
  /** What a snapshot is being taken over into. */
  #next: Mirror | undefined;
  /** The snapshot has arrived; what came after it follows. */
  #seeded = false;
  #upstream = 0;
  #upstreamHeardAtMs: number;
  /** When another region was begun to be followed. */
  #movedAtMs = 0;
  readonly #wayBack: WayBack;

  constructor(options: EdgeObserverOptions) {
    this.#options = options;
    const { region, clock, random, limits, upstreams } = options;
    this.#startedAtMs = clock.nowMs();
    this.#upstreamHeardAtMs = this.#startedAtMs;
    this.#mirror = {
      cluster: upstreams[0] ?? region,
      incarnation: 0,
      index: 0,
      tree: new Tree(),
      freshness: new Freshness(),
    };
    this.sessions = new SessionService(this, clock, random, limits);
    this.#feed = new ChangeFeed(this, clock);
    this.#follower = this.#follow();
    const [nearest = region] = upstreams;
    this.#wayBack = new WayBack({
      consumer: `${options.node} back`,
      region,
      cluster: nearest,
      producers: this.#producersOf(nearest),
      onFound: () => this.#move(0),
    });
    this.#cancel = inStep(clock, 1_000, () => this.#watchUpstream());
  }

  /** Where this edge is, and the region whose view it serves. */
  get place(): Place {
    const { node, region } = this.#options;
    return { node, region, tier: "edge", cluster: this.#mirror.cluster };
  }

  /** The mirror is there: clients are welcome. */
  get ready(): boolean {
    return this.#mirror.index > 0;
  }

  get incarnation(): number {
    return this.#mirror.incarnation;
  }

  get tree(): Tree {
    return this.#mirror.tree;
  }

  get leader(): undefined {
    return undefined;
  }

  get takesPart(): boolean {
    return true;
  }

  get serving(): boolean {
    return this.ready;
  }

  get vouches(): boolean {
    return true;
  }

  readonly retryAfterMs: number = 0;

  submit(): boolean {
    return false;
  }

  barrier(_deadlineAtMs: number, done: (passed: boolean) => void): void {
    done(false);
  }

  ageMs(cluster: string): number {
    const { tree, freshness } = this.#mirror;
    const own = cluster === this.#mirror.cluster;
    const index = own ? tree.appliedIndex : (tree.cursors().get(cluster)?.index ?? 0);
    return freshness.ageMs(cluster, index, this.#options.clock.nowMs());
  }

  /** The region that is followed tells how far it reaches: the cursors are there. */
  reach({ index }: Position): number {
    return index;
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
        topology: () => topologyResponse(topology, this.tree),
        transferLeadership: () => {
          throw new MeridianError("UNSUPPORTED", "an edge has no leadership to hand over");
        },
      },
    };
  }

  /** How this edge is. */
  status(): Encodable<IStatusResponse> {
    const { node, region, version, clock } = this.#options;
    const { tree, incarnation } = this;
    return {
      node,
      region,
      version,
      tier: Tier.EDGE,
      role: "edge",
      state: "edge",
      cluster: this.place.cluster,
      incarnation,
      znodes: tree.nodeCount,
      appliedIndex: tree.appliedIndex,
      commitIndex: tree.appliedIndex,
      watches: this.sessions.watches.size,
      connections: this.sessions.connections,
      mirrors: mirrorsOf(this, tree),
      uptimeMs: Math.floor(clock.nowMs() - this.#startedAtMs),
      memoryBytes: this.#options.memoryBytes(),
      ...loopFields(this.#options.loopDelay?.()),
      digest: tree.digest(),
    };
  }

  /** Ends it. */
  stop(): void {
    this.#cancel();
    this.#wayBack.stop();
    this.#follower.stop();
    this.sessions.stop();
    this.#feed.stop();
  }

  #follow(): ChangeFollower {
    const { node, region, clock, random, log } = this.#options;
    const producers = this.#producersOf(this.#followed);
    return new ChangeFollower({
      consumer: node,
      region,
      producers,
      clock,
      random,
      log,
      ownOnly: false,
      from: () => this.#begin(),
      onSeed: (seed, costBytes) => this.#onSeed(seed, costBytes),
      onTransactions: (transactions, costBytes) => this.#onTransactions(transactions, costBytes),
      onBookmark: (bookmark, askedAtMs) => this.#onBookmark(bookmark, askedAtMs),
    });
  }

  #producersOf(wanted: string): readonly OpenFollow[] {
    const { region, follow, topology } = this.#options;
    return topology
      .filter(({ role, cluster }) => cluster === wanted && role !== "edge")
      .map((upstream) => follow(addressFor(upstream, region)));
  }

  /** Cluster that is followed now; what is served may still be another's view. */
  get #followed(): string {
    return this.#options.upstreams[this.#upstream] ?? this.#mirror.cluster;
  }

  /** The mirror that what arrives goes into; undefined: a snapshot has to come first. */
  get #target(): Mirror | undefined {
    if (this.#next !== undefined) return this.#seeded ? this.#next : undefined;
    return this.#mirror.cluster === this.#followed ? this.#mirror : undefined;
  }

  #begin(): Position {
    // Half a snapshot is of no use.
    if (!this.#seeded) this.#next = undefined;
    const { incarnation, index } = this.#target ?? { incarnation: 0, index: 0 };
    return { cluster: this.#followed, incarnation, index };
  }

  #onSeed(seed: ISeedRemote, costBytes: number): void {
    const { origin: cluster, incarnation, index } = seed;
    if (this.#seeded || this.#next === undefined) {
      const tree = Tree.mirrorOf(cluster, incarnation);
      this.#next = { cluster, incarnation, tree, freshness: new Freshness(), index: 0 };
      this.#seeded = false;
    }
    this.#next.tree.mirrorSeed(seed.nodes.map(decodeChange));
    this.#follower.credit(costBytes);
    if (!seed.last) return;
    this.#next.index = index;
    this.#seeded = true;
  }

  #onTransactions(transactions: readonly ITransaction[], costBytes: number): void {
    const target = this.#target;
    if (target === undefined) return this.#follower.restart("changes came before their snapshot");
    for (const transaction of transactions) {
      const applied = target.tree.mirror(decodeTransaction(transaction));
      if (target === this.#mirror) this.sessions.onApplied(applied);
    }
    this.#follower.credit(costBytes);
  }

  /** Comes with every frame of changes, and several times a second without. */
  #onBookmark({ position, ages }: IBookmark, askedAtMs: number): void {
    const target = this.#target;
    if (position === undefined || target === undefined) return;
    target.index = position.index;
    const others = ages.filter(({ origin }) => origin !== target.cluster);
    // Until the first that says how old all is, the mirror is not served, and has no beginning.
    if (target === this.#next && ages.length === 0) return;
    target.tree.mirrorProgress(
      position.index,
      others.map(({ origin, incarnation, index }) => ({ cluster: origin, incarnation, index })),
    );
    for (const { origin, index, ageMs } of ages) {
      target.freshness.note(origin, index, askedAtMs - ageMs);
    }
    if (target === this.#next) this.#serve(target);
    this.sessions.onTurnEnd();
    this.#feed.onTurnEnd();
  }

  #serve(mirror: Mirror): void {
    this.#mirror = mirror;
    this.#next = undefined;
    this.#seeded = false;
    this.#feed.onRestored();
    this.sessions.onRestored();
  }

  /** When the whole upstream region is silent, the next one is; and the nearest when it is back. */
  #watchUpstream(): void {
    const { clock, upstreams } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#follower.connected) this.#upstreamHeardAtMs = nowMs;
    const isSilent = nowMs - this.#upstreamHeardAtMs >= regionSilenceMaxMs;
    if (isSilent && upstreams.length > 1) this.#move((this.#upstream + 1) % upstreams.length);
    else if (this.#upstream > 0 && nowMs - this.#movedAtMs >= awayMsMin) this.#wayBack.look();
  }

  /** Follows another region, from a snapshot. Until that is complete the old mirror is served. */
  #move(to: number): void {
    const { clock, log } = this.#options;
    const from = this.#followed;
    this.#wayBack.stop();
    this.#upstream = to;
    this.#movedAtMs = clock.nowMs();
    this.#upstreamHeardAtMs = this.#movedAtMs;
    log.warn({ from, to: this.#followed }, "following another region");
    this.#follower.stop();
    this.#next = undefined;
    this.#seeded = false;
    this.#follower = this.#follow();
  }
}
