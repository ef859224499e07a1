import type { FrameStream } from "@meridian/transport";
import {
  MeridianError,
  OpenOutcome,
  type Encodable,
  type IBookmark,
  type IChangeFrame,
  type IFollowFrame,
  type IOpened,
  type ISeedRemote,
  type ITransaction,
} from "@meridian/wire";
import type { ChannelPool, PooledChannel } from "../channel.ts";
import type { Place } from "../directory.ts";
import { Itinerary } from "../itinerary.ts";
import { isBarring } from "../lane-error.ts";
import type { Position } from "../position.ts";
import type { Runtime } from "../runtime.ts";
import { encodeToken } from "../token.ts";

/** What the owner of a follower is asked and told. Nothing comes after `onRefused`. */
interface FollowerEvents {
  /**
   * Where to go on; index 0: from a snapshot; undefined: only the present place is asked for.
   * Asked at every connect.
   */
  from(): Position | undefined;
  /** The stream has begun; `isSnapshot`: with a snapshot. Answers whether to go on with it. */
  onOpened(isSnapshot: boolean, position: Position, place: Place): boolean;
  /** Part of a snapshot. Its cost is given back with `credit` once it is dealt with. */
  onSeed(seed: ISeedRemote, costBytes: number): void;
  /** Transactions in order; the cost likewise. */
  onTransactions(transactions: readonly ITransaction[], costBytes: number): void;
  /** Everything up to its position was handed over. `askedAtMs`: when the producer was asked. */
  onBookmark(bookmark: IBookmark, askedAtMs: number): void;
  /** Nobody will take this stream as it was asked for. */
  onRefused(error: MeridianError): void;
}

/** What to follow, and by which means. */
export interface FollowerOptions {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  /** Name of the reader, for status pages. */
  readonly consumer: string;
  readonly region: string;
  readonly cluster: string;
  readonly prefixes: readonly string[];
  readonly ownOnly: boolean;
  /** Bytes that may be on their way or not dealt with. */
  readonly windowBytes: number;
  /** Members of the cluster, best first, as known now. */
  candidates(): readonly Place[];
  refreshTopology(): void;
  readonly events: FollowerEvents;
}

/** A stream to one member. */
interface Connection {
  readonly place: Place;
  readonly pooled: PooledChannel;
  readonly from: Position;
  readonly openedAtMs: number;
  heardAtMs: number;
  stream: FrameStream<Encodable<IFollowFrame>> | undefined;
}

const askPeriodMs = 1_000;
/** Silence after which another member is tried: many bookmarks were missed. */
const silenceMaxMs = 4_000;
/** A member that is itself so far behind its cluster is left, if there are others. */
const outdatedMs = 5_000;
const backoffMinMs = 50;
const backoffMaxMs = 2_000;

/**
 * Keeps a change stream of one cluster: connects to the best member, over the channels that all
 * else goes over, moves on when it is silent or out of date, backs off with jitter, and gives the
 * producer no more credit than there is room. Holds no events: the owner says where to go on.
 */
export class Follower {
  readonly #options: FollowerOptions;
  readonly #itinerary = new Itinerary();
  #connection: Connection | undefined;
  /** Bytes that were handed over and are not dealt with, over whatever connection they came. */
  #heldBytes = 0;
  #failures = 0;
  #isOver = false;
  #cancelRetry: () => void = () => undefined;
  #cancelAsk: () => void = () => undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Connects. Once. */
  start(): void {
    this.#askLater();
    this.#connect();
  }

  /** Gives credit back for what was dealt with. */
  credit(bytes: number): void {
    if (bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#connection?.stream?.send({ creditBytes: bytes });
  }

  /** Begins anew, at the same member if it works, from where the owner says. */
  restart(): void {
    this.#drop();
    if (!this.#isOver) this.#connect();
  }

  /** Ends it. */
  close(): void {
    this.#isOver = true;
    this.#cancelRetry();
    this.#cancelAsk();
    this.#drop();
  }

  #connect(): void {
    const { runtime, pool, cluster } = this.#options;
    const nowMs = runtime.nowMs();
    const place = this.#itinerary.next(this.#options.candidates(), nowMs);
    if (place === undefined) {
      this.#options.refreshTopology();
      this.#retryLater(0);
      return;
    }
    const pooled = pool.to(place.address);
    const { consumer, region, prefixes, ownOnly, windowBytes, events } = this.#options;
    const wanted = events.from();
    const from = wanted ?? { cluster, incarnation: 0, index: 0 };
    const times = { openedAtMs: nowMs, heardAtMs: nowMs };
    const connection: Connection = { place, pooled, from, ...times, stream: undefined };
    this.#connection = connection;
    const stream = pooled.channel.follow({
      onFrame: (frame) => {
        if (this.#connection === connection) this.#onFrame(connection, frame);
      },
      onClose: (error) => {
        if (this.#connection === connection) this.#onClose(connection, error);
      },
    });
    if (this.#connection !== connection) return;
    connection.stream = stream;
    stream.send({
      open: { consumer, region, from, ownOnly, prefixes },
      // Without credit nothing is sent but where the producer is.
      creditBytes: wanted === undefined ? 0 : Math.max(0, windowBytes - this.#heldBytes),
      sentAtMs: stamp(nowMs),
    });
  }

  #onFrame(connection: Connection, frame: IChangeFrame): void {
    const nowMs = this.#options.runtime.nowMs();
    connection.heardAtMs = nowMs;
    connection.pooled.heardAtMs = nowMs;
    if (frame.opened !== undefined) this.#onOpened(connection, frame.opened);
    if (this.#connection !== connection) return;
    const { events } = this.#options;
    const { seed, transactions, bookmark, costBytes } = frame;
    this.#heldBytes += costBytes;
    if (seed !== undefined) events.onSeed(seed, costBytes);
    else if (transactions.length > 0) events.onTransactions(transactions, costBytes);
    else this.credit(costBytes);
    if (bookmark === undefined || this.#connection !== connection) return;
    // Both sides round so that the age is never stated too low: one more millisecond goes off.
    events.onBookmark(bookmark, bookmark.echoMs + Math.max(0, bookmark.heldMs - 1));
    this.#leaveOutdated(connection, bookmark);
  }

  #onOpened(connection: Connection, { outcome, position, fork }: IOpened): void {
    const { cluster, events } = this.#options;
    const at = position ?? { cluster, incarnation: 0, index: 0 };
    switch (outcome) {
      case OpenOutcome.CONTINUE:
      case OpenOutcome.COMPACTED: {
        // A node that has taken up another cluster's view counts by that one's history.
        if (at.cluster !== cluster) return this.#fail(connection, elsewhere(at.cluster));
        this.#itinerary.succeeded(connection.place);
        this.#failures = 0;
        const isSnapshot = outcome === OpenOutcome.COMPACTED;
        if (!events.onOpened(isSnapshot, at, connection.place)) this.restart();
        return;
      }
      case OpenOutcome.FORKED:
        // It may have yet to hear of the history that the place belongs to.
        if (at.incarnation < connection.from.incarnation) return this.#fail(connection, undefined);
        return this.#refuse(forked(fork));
      case OpenOutcome.MOVED: {
        const owner = fork?.cluster ?? "";
        // It only says that it is no member of the cluster that was asked for.
        if (owner === cluster) return this.#fail(connection, elsewhere(at.cluster));
        this.#options.refreshTopology();
        return this.#refuse(moved(owner === "" ? "a region" : owner, owner));
      }
      case OpenOutcome.DENIED:
        return this.#refuse(denied(cluster));
      default:
        return this.#refuse(new MeridianError("UNSUPPORTED", `outcome ${outcome} is not known`));
    }
  }

  #onClose(connection: Connection, error: Error | undefined): void {
    const known = error instanceof MeridianError ? error : undefined;
    if (known !== undefined && isBarring(known.code)) this.#refuse(known);
    else this.#fail(connection, known);
  }

  /** A member cut off from its own cluster goes on talking; its age is what gives it away. */
  #leaveOutdated(connection: Connection, { ages }: IBookmark): void {
    const { runtime, cluster } = this.#options;
    const ageMs = ages.find(({ origin }) => origin === cluster)?.ageMs ?? 0;
    const isNew = runtime.nowMs() - connection.openedAtMs < outdatedMs;
    if (ageMs <= outdatedMs || isNew || this.#options.candidates().length < 2) return;
    this.#fail(connection, new MeridianError("STALE", "the member is out of date"));
  }

  #askLater(): void {
    const { runtime } = this.#options;
    this.#cancelAsk = runtime.after(askPeriodMs, () => {
      // What arrived while this process was stopped is read before anybody is called silent.
      runtime.defer(() => runtime.defer(() => this.#ask()));
    });
  }

  #ask(): void {
    if (this.#isOver) return;
    this.#askLater();
    const connection = this.#connection;
    const nowMs = this.#options.runtime.nowMs();
    if (connection === undefined) return;
    if (nowMs - connection.heardAtMs <= silenceMaxMs) {
      connection.stream?.send({ sentAtMs: stamp(nowMs) });
      return;
    }
    const { pooled, heardAtMs } = connection;
    this.#drop();
    // Nothing else came over the channel either: the next stream would hang on it as well.
    if (pooled.heardAtMs <= heardAtMs) this.#options.pool.discard(pooled);
    this.#fail(connection, new MeridianError("DEADLINE", "the member is silent"));
  }

  #fail(connection: Connection, error: MeridianError | undefined): void {
    if (this.#isOver) return;
    const { runtime } = this.#options;
    if (this.#connection === connection) this.#drop();
    this.#itinerary.failed(connection.place, runtime.nowMs());
    this.#failures += 1;
    if (this.#failures > 1) this.#options.refreshTopology();
    this.#retryLater(error?.retryAfterMs ?? 0);
  }

  #retryLater(atLeastMs: number): void {
    const { runtime } = this.#options;
    const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failures, 10));
    const delayMs = Math.max(atLeastMs, ceilingMs * (0.5 + runtime.random() / 2));
    this.#cancelRetry();
    this.#cancelRetry = runtime.after(delayMs, () => {
      if (!this.#isOver && this.#connection === undefined) this.#connect();
    });
  }

  #refuse(error: MeridianError): void {
    this.close();
    this.#options.events.onRefused(error);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.stream?.close(new MeridianError("DEADLINE", "the reader went on elsewhere"));
  }
}

/** 0 means on the wire that nothing was asked. */
function stamp(nowMs: number): number {
  return Math.max(1, Math.floor(nowMs));
}

function elsewhere(cluster: string): MeridianError {
  return new MeridianError("MOVED", `the node shows the view of ${cluster}`, { hint: cluster });
}

function forked(fork: Position | undefined): MeridianError {
  const shared = fork === undefined || fork.index === 0 ? "" : encodeToken([fork]);
  const message =
    "the place to go on from belongs to a history that was abandoned; " +
    (shared === "" ? 'begin again from "start"' : "the hint is where both histories part");
  return new MeridianError("FORKED", message, { hint: shared });
}

function moved(where: string, owner: string): MeridianError {
  const message = `the paths are those of ${where}, whose history counts for itself`;
  return new MeridianError("MOVED", message, { hint: owner });
}

function denied(cluster: string): MeridianError {
  return new MeridianError("RESIDENCY_DENIED", `${cluster} does not show these paths here`);
}
