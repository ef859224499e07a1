import { MeridianError, type IBookmark, type ISeedRemote, type ITransaction } from "@meridian/wire";
import type { ChannelPool } from "../channel.ts";
import type { Place } from "../directory.ts";
import { EventQueue } from "../event-queue.ts";
import type { Position, PositionMap } from "../position.ts";
import { GLOBAL } from "../route.ts";
import type { Runtime } from "../runtime.ts";
import { decodeStreamToken, encodeStreamToken, type StreamPlace } from "../token.ts";
import {
  BookmarkEvent,
  NodeChange,
  SnapshotEndEvent,
  SnapshotEvent,
  SnapshotPartEvent,
  TransactionEvent,
  type ChangesEvent,
} from "./change-event.ts";
import { Follower } from "./follower.ts";
import { Progress } from "./progress.ts";

/** What changes to follow, and from where. */
export interface ChangesOptions {
  /**
   * The token of an event: exactly what came after it. A client's token: what it has not seen of
   * the history of the followed cluster. "start": a snapshot of what there is, then what changes.
   * "now", the default: only what changes from now on.
   */
  readonly from?: string | undefined;
  /** Only nodes at or below one of these. Default: all that the followed cluster shows. */
  readonly prefix?: string | readonly string[] | undefined;
  /**
   * Cluster to follow: "global", or a region. Default: the one that the event's token is of; else
   * the own region's, which mirrors the others, if it holds the prefixes; else their owner.
   */
  readonly cluster?: string | undefined;
  /** Only what the followed cluster made itself, not what it took over. Default false. */
  readonly ownOnly?: boolean | undefined;
  /**
   * Go on with a snapshot when the place to go on from is no longer kept. Default true; false: end
   * with COMPACTED.
   */
  readonly snapshots?: boolean | undefined;
  /** How often there is a bookmark. Default 1,000. */
  readonly bookmarkMs?: number | undefined;
  /**
   * Bytes that may wait to be read, about; the last transaction may go beyond it. Default 4 MiB.
   */
  readonly windowBytes?: number | undefined;
  /** Name of the reader, for the status pages of the servers. */
  readonly consumer?: string | undefined;
  /** Ends the stream; the iteration ends as if there were no more events. */
  readonly signal?: AbortSignal | undefined;
}

/** What a change stream needs of its client. */
export interface ChangesContext {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly region: string;
  /** Positions that the client has seen; events that are read move it. */
  readonly token: PositionMap;
  /** Cluster to follow when neither the caller nor the token says. */
  readonly cluster: string;
  candidates(cluster: string): readonly Place[];
  refreshTopology(): void;
  /** What is open: the stream puts itself in, and takes itself out. */
  readonly open: Set<{ close(): void }>;
}

/** An event, and what the reader has to deal with before more of the same size may come. */
interface Queued {
  readonly event: ChangesEvent;
  readonly costBytes: number;
}

const windowBytesDefault = 4 << 20;
const bookmarkMsDefault = 1_000;

/**
 * Committed changes of a cluster as they are made, transaction by transaction, for `for await`.
 * Goes on by itself after any disconnect, on another member if need be, from the transaction that
 * it has reached: none is missing, none comes twice. What is not read waits at the servers; when it
 * waits for so long that it is no longer kept, a snapshot comes in its place, and says so.
 *
 * Ends with FORKED when its history was abandoned, with MOVED when the token is of another
 * cluster's history than the one that has the paths now, with RESIDENCY_DENIED when they may not be
 * shown here, and with COMPACTED if it was to do without snapshots.
 */
export class Changes implements AsyncIterableIterator<ChangesEvent>, AsyncDisposable {
  /** Cluster that is followed. */
  readonly cluster: string;
  /**
   * Resolves when the stream has begun: whatever happens from then on is reported. Rejects when it
   * never will.
   */
  readonly ready: Promise<void>;
  readonly #context: ChangesContext;
  readonly #options: ChangesOptions;
  readonly #follower: Follower;
  readonly #queue = new EventQueue<Queued>(Infinity);
  /** What has been queued. */
  readonly #progress: Progress;
  readonly #onAbort: () => void;
  /** What the client had seen when it began. */
  readonly #seen: readonly Position[];
  /** After the last event that was taken. */
  #taken: readonly Position[];
  #dueBytes = 0;
  #isFromNow: boolean;
  /** Why there is a snapshot on its way; undefined: there is none. */
  #snapshot: "start" | "compacted" | undefined;
  #isBookmarkQueued = false;
  #bookmarkedAtMs = -Infinity;
  #isRunning = false;
  #isOver = false;
  #settleReady: (error?: Error) => void = () => undefined;

  /** Use `Meridian.changes`. */
  constructor(context: ChangesContext, prefixes: readonly string[], options: ChangesOptions) {
    const { from = "now" } = options;
    this.#context = context;
    this.#options = options;
    this.#isFromNow = from === "now";
    const place = decodeStreamToken(from === "now" || from === "start" ? "" : from);
    this.cluster = clusterOf(place, options.cluster, context.cluster);
    this.#progress = new Progress(this.cluster);
    this.#seen = comparable(context.token.list(), this.cluster);
    const isStream = place.cluster !== undefined;
    const { positions } = place;
    this.#progress.takeUp(isStream ? positions : comparable(positions, this.cluster));
    this.#taken = this.#progress.list;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.ready.catch(() => undefined); // Who does not wait for it hears of the error by iterating.
    this.#follower = this.#follow(prefixes);
    this.#onAbort = () => this.#end(undefined);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    context.open.add(this);
    if (options.signal?.aborted === true) this.#end(undefined);
    else this.#follower.start();
  }

  /**
   * From where another stream would report exactly what this one has not handed out yet; "" when
   * that takes a snapshot. Who deals with an event after it was handed out keeps the event's own
   * token once that is done.
   */
  get token(): string {
    return encodeStreamToken(this.#taken);
  }

  /** The next event; `done` when the stream was ended. */
  async next(): Promise<IteratorResult<ChangesEvent, undefined>> {
    this.#settleDue();
    const item = await this.#queue.take();
    if (item === undefined) return { done: true, value: undefined };
    const { event, costBytes } = item;
    this.#dueBytes += costBytes;
    this.#taken = event.resumeFrom;
    this.#context.token.addAll(event.resumeFrom);
    if (event.kind === "bookmark") this.#isBookmarkQueued = false;
    return { done: false, value: event };
  }

  /** Ends the stream. */
  return(): Promise<IteratorResult<ChangesEvent, undefined>> {
    this.#end(undefined);
    this.#queue.clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the stream. What is queued can still be read. */
  close(): void {
    this.#end(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #follow(prefixes: readonly string[]): Follower {
    const { runtime, pool, region } = this.#context;
    const { cluster } = this;
    const {
      consumer = "client",
      ownOnly = false,
      windowBytes = windowBytesDefault,
    } = this.#options;
    if (!(windowBytes >= 1)) {
      throw new MeridianError("BAD_ARGUMENTS", "windowBytes must be at least 1");
    }
    const bounds = { prefixes, ownOnly, windowBytes: Math.ceil(windowBytes) };
    return new Follower({
      runtime,
      pool,
      consumer,
      region,
      cluster,
      ...bounds,
      candidates: () => this.#context.candidates(cluster),
      refreshTopology: () => this.#context.refreshTopology(),
      events: {
        from: () => (this.#isFromNow ? undefined : this.#from()),
        onOpened: (isSnapshot, position) => this.#onOpened(isSnapshot, position),
        onSeed: (seed, costBytes) => this.#onSeed(seed, costBytes),
        onTransactions: (list, costBytes) => this.#onTransactions(list, costBytes),
        onBookmark: (bookmark) => this.#onBookmark(bookmark),
        onRefused: (error) => this.#end(error),
      },
    });
  }

  #from(): Position {
    return this.#progress.followed ?? { cluster: this.cluster, incarnation: 0, index: 0 };
  }

  #onOpened(isSnapshot: boolean, position: Position): boolean {
    if (this.#isFromNow) {
      // What this client has seen happened before now, even where the member has yet to hear of it.
      this.#isFromNow = false;
      this.#progress.takeUp(this.#seen);
      this.#progress.add(position);
      this.#taken = this.#progress.list;
      return false;
    }
    if (isSnapshot) {
      const isKnown = this.#progress.followed !== undefined;
      // One that was broken off begins anew.
      const reason = this.#snapshot ?? (isKnown ? "compacted" : "start");
      if (reason === "compacted" && this.#options.snapshots === false) {
        this.#end(compacted(this.cluster));
        return true;
      }
      this.#progress.reset();
      this.#snapshot = reason;
      this.#put(new SnapshotEvent(reason), 0);
    }
    this.#isRunning = true;
    this.#settleReady();
    return true;
  }

  #onSeed({ nodes, incarnation, index, last }: ISeedRemote, costBytes: number): void {
    // Values of eventual zones that were deleted are there for those who merge.
    const there = nodes
      .map((node) => new NodeChange(node))
      .filter(({ kind }) => kind !== "deleted");
    if (there.length > 0) this.#put(new SnapshotPartEvent(there), costBytes);
    if (last) {
      const { cluster } = this;
      this.#snapshot = undefined;
      this.#progress.add({ cluster, incarnation, index });
      this.#put(new SnapshotEndEvent({ cluster, incarnation, index }), 0);
    }
    if (there.length === 0) this.#follower.credit(costBytes);
  }

  #onTransactions(transactions: readonly ITransaction[], costBytes: number): void {
    const events: TransactionEvent[] = [];
    for (const { origin, incarnation, index, timeMs, changes } of transactions) {
      const position = { cluster: origin, incarnation, index };
      if (this.#progress.covers(position)) continue;
      if (index > 0) this.#progress.add(position);
      if (changes.length === 0) continue;
      const list = changes.map((change) => new NodeChange(change));
      events.push(new TransactionEvent(position, timeMs, list, this.#progress.list));
    }
    for (const [place, event] of events.entries()) {
      this.#put(event, place === events.length - 1 ? costBytes : 0);
    }
    if (events.length === 0) this.#follower.credit(costBytes);
  }

  #onBookmark({ position, ages }: IBookmark): void {
    if (position === undefined || this.#snapshot !== undefined) return;
    this.#progress.add(position);
    const nowMs = this.#context.runtime.nowMs();
    const { bookmarkMs = bookmarkMsDefault } = this.#options;
    // At most one waits to be read: a reader that is away must not find thousands.
    if (this.#isBookmarkQueued || nowMs - this.#bookmarkedAtMs < bookmarkMs) return;
    this.#bookmarkedAtMs = nowMs;
    this.#isBookmarkQueued = true;
    const byCluster = new Map(ages.map(({ origin, ageMs }) => [origin, ageMs]));
    this.#put(new BookmarkEvent(position, byCluster, this.#progress.list), 0);
  }

  #put(event: ChangesEvent, costBytes: number): void {
    this.#queue.put({ event, costBytes });
  }

  /** Who asks for the next event has dealt with those before it. */
  #settleDue(): void {
    const bytes = this.#dueBytes;
    this.#dueBytes = 0;
    if (!this.#isOver) this.#follower.credit(bytes);
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#follower.close();
    this.#queue.end(error);
    this.#context.open.delete(this);
    if (this.#isRunning) return;
    this.#settleReady(error ?? new MeridianError("DEADLINE", "the stream was ended by its owner"));
  }
}

/**
 * Cluster to follow. The token of a stream says nothing of another cluster's stream, even where it
 * tells how far changes of that one were reported: it has taken over others in an order of its own.
 * @throws {MeridianError} BAD_ARGUMENTS when the token says nothing of the cluster's history.
 */
function clusterOf(place: StreamPlace, wanted: string | undefined, usual: string): string {
  const followed = wanted ?? place.cluster ?? usual;
  if (place.positions.length === 0) return followed;
  const isItsOwn = place.cluster === undefined || place.cluster === followed;
  if (isItsOwn && place.positions.some(({ cluster }) => cluster === followed)) return followed;
  const message = `the token says nothing of the history of ${followed}, which is to be followed`;
  throw new MeridianError("BAD_ARGUMENTS", message);
}

/**
 * What a client has seen and a stream need not report. What it has seen of other regions it may
 * have seen elsewhere: there this may have come after what the followed cluster merges first. Who
 * is told of that has to be told of what it lost against.
 */
function comparable(seen: readonly Position[], followed: string): readonly Position[] {
  return seen.filter(({ cluster }) => cluster === followed || cluster === GLOBAL);
}

function compacted(cluster: string): MeridianError {
  const message =
    `${cluster} no longer keeps what came after the token; ` + 'begin again from "start"';
  return new MeridianError("COMPACTED", message);
}
