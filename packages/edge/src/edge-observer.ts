import {
  addressFor,
  ChangeFeed,
  ChangeFollower,
  type Clock,
  decodeChange,
  decodeTransaction,
  encodeRefusal,
  Freshness,
  type Log,
  type Member,
  mirrorsOf,
  type OpenFollow,
  operationOf,
  type Place,
  type SessionLimits,
  SessionService,
  topologyResponse,
  type TopologyNode,
} from "@meridian/replica";
import type { Caller, Executed, FrameStream, Services, WatchHandler } from "@meridian/transport";
import { type Position, Tree } from "@meridian/tree";
import {
  type Encodable,
  type IBookmark,
  type IRequest,
  type ISeedRemote,
  type IStatusResponse,
  type ITransaction,
  type IWatch,
  type IWatchEvents,
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
  readonly limits: SessionLimits;
}

/** Silence of the whole upstream region after which the next one is followed. */
const regionSilenceMaxMs = 10_000;

/**
 * An edge observer: an in-memory mirror of one region's view of the world, for reads and watches. In no Raft group; follows the change stream
 * of the nearest region and says with every answer how old its data may be.
 */
export class EdgeObserver implements Member {
  readonly place: Place;
  readonly sessions: SessionService;
  readonly #options: EdgeObserverOptions;
  readonly #startedAtMs: number;
  readonly #feed: ChangeFeed;
  #freshness = new Freshness();
  #tree = new Tree();
  #follower: ChangeFollower;
  #seeding: Tree | undefined;
  #incarnation = 0;
  #index = 0;

  constructor(options: EdgeObserverOptions) {
    this.#options = options;
    const { node, region, clock, random, limits, upstreams } = options;
    this.#startedAtMs = clock.nowMs();
    this.place = { node, region, tier: "edge", cluster: upstreams[0] ?? region };
    this.sessions = new SessionService(this, clock, random, limits);
    this.#feed = new ChangeFeed(this, clock);
    this.#follower = this.#follow();
  }
}
