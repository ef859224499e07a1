import { MeridianError, Tier, type IHello, type IResponse } from "@meridian/wire";
import type { IWatchEvents, IWelcome } from "@meridian/wire";
import type { Breaker } from "./breaker.ts";
import type { ChannelPool } from "./channel.ts";
import type { Place } from "./directory.ts";
import { Itinerary } from "./itinerary.ts";
import { Link } from "./link.ts";
import type { Runtime } from "./runtime.ts";

/** What the owner of an attachment is asked and told. */
interface AttachmentEvents {
  /** First words of the next stream. */
  hello(): IHello;
  pingIntervalMs(): number;
  acknowledged(): number;
  /** Somebody needs a link now, or will soon. */
  isWanted(): boolean;
  /** Nothing is on its way: the link may be exchanged without sending anything twice. */
  isIdle(): boolean;
  onWelcome(link: Link, welcome: IWelcome): void;
  onResponse(link: Link, response: IResponse): void;
  onWatchEvents(link: Link, events: IWatchEvents): void;
  /**
   * What was on its way has to be sent again. Without an error the link was exchanged on purpose.
   */
  onLost(link: Link, error: MeridianError | undefined): void;
  /** There is a link to send on, or there may be soon. */
  onReady(): void;
  /** Every candidate has failed since the last success. */
  onUnreachable(error: MeridianError): void;
}

/** What an attachment needs. */
export interface AttachmentOptions {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly breaker: Breaker;
  readonly attachTimeoutMs: number;
  /** Moves to the node that leads the cluster: writes are quickest there. */
  readonly followsLeader: boolean;
  candidates(): readonly Place[];
  refreshTopology(): void;
  readonly events: AttachmentEvents;
}

const backoffMinMs = 25;
const backoffMaxMs = 1_000;
/** A link that is not at the leader is given up for it only when idle, or after this. */
const moveMaxMs = 500;
/** How often a client asks who leads: when it is not attached to the leader, and when it is. */
const leaderSearchMs = 3_000;
const leaderCheckMs = 30_000;
/** What is known of unreachable nodes is out of date when nobody has tried them for so long. */
const forgetMs = 10_000;
/** A channel that was heard so recently is up: what is sent over it arrives. */
const freshMs = 2_000;

/**
 * Keeps one link to one of several nodes: chooses, connects, backs off with jitter, and moves to
 * the leader. Holds no requests: its owner sends them again when a link is lost.
 */
export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #itinerary = new Itinerary();
  #link: Link | undefined;
  #failures = 0;
  #failedAtMs = -Infinity;
  #hasStalled = false;
  #isClosed = false;
  #isMoving = false;
  #cancelRetry: (() => void) | undefined;
  #cancelMove: (() => void) | undefined;
  #cancelSearch: (() => void) | undefined;

  constructor(options: AttachmentOptions) {
    this.#options = options;
  }

  /** The link to send on: welcomed, and not about to be exchanged. */
  get link(): Link | undefined {
    return this.#isMoving || this.#link?.welcome === undefined ? undefined : this.#link;
  }

  /**
   * A link that is not welcomed yet, over a connection that just worked: requests may go with the
   * hello, which saves a round trip.
   */
  get hopefulLink(): Link | undefined {
    const link = this.#link;
    if (link === undefined || this.#isMoving) return undefined;
    const isFresh = this.#options.runtime.nowMs() - link.pooled.heardAtMs < freshMs;
    return isFresh ? link : undefined;
  }

  /** The link that is being opened, whatever is known of its connection. */
  get openingLink(): Link | undefined {
    return this.#isMoving ? undefined : this.#link;
  }

  /**
   * Every region that has candidates has failed since the last success, and then once more: one
   * broken connection says little. One that does not answer at all is enough, for it took long to
   * tell.
   */
  get isUnreachable(): boolean {
    if (this.#link?.welcome !== undefined || this.#failures === 0) return false;
    if (this.#options.runtime.nowMs() - this.#failedAtMs > forgetMs) return false;
    const regions = new Set(this.#options.candidates().map(({ region }) => region)).size;
    return this.#failures > regions || (this.#hasStalled && this.#failures >= regions);
  }

  /** Connects, if there is no link and no attempt under way. */
  attach(): void {
    if (this.#isClosed || this.#link !== undefined || this.#cancelRetry !== undefined) return;
    this.#connect();
  }

  /** Nothing is on its way any more: an exchange that was waiting for that happens now. */
  idle(): void {
    if (this.#isMoving) this.#exchange();
  }

  /** Another node would be better, perhaps a named one. */
  leave(error: MeridianError): void {
    this.#link?.fail(error);
  }

  /** Says hello anew on the same terms: the session has become another one. */
  restart(): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#itinerary.prefer(link.place.node);
    this.#drop();
    link.close();
    this.#options.events.onLost(link, undefined);
    this.attach();
  }

  /** Asks the server to end the session; false when there is nobody to ask. */
  sayGoodbye(): boolean {
    this.#isClosed = true;
    const link = this.#link;
    if (link?.welcome === undefined) return false;
    link.sayGoodbye();
    return true;
  }

  /** Ends the link, without telling the owner. It can attach again. */
  detach(): void {
    const link = this.#link;
    this.#drop();
    link?.close();
  }

  /** Ends the link for good, without telling the owner. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.detach();
  }

  #connect(): void {
    const { runtime, pool, events } = this.#options;
    const place = this.#itinerary.next(this.#options.candidates(), runtime.nowMs());
    if (place === undefined) {
      this.#options.refreshTopology();
      this.#onFailure(new MeridianError("REGION_UNAVAILABLE", "no node is known to ask"));
      return;
    }
    const link = new Link({
      runtime,
      pooled: pool.to(place.address),
      place,
      hello: events.hello(),
      attachTimeoutMs: this.#options.attachTimeoutMs,
      pingIntervalMs: events.pingIntervalMs(),
      events: {
        onWelcome: (from, welcome) => this.#onWelcome(from, welcome),
        onResponse: (from, response) => events.onResponse(from, response),
        onWatchEvents: (from, batch) => events.onWatchEvents(from, batch),
        onDown: (from, error) => this.#onDown(from, error),
        acknowledged: () => events.acknowledged(),
      },
    });
    this.#link = link;
    link.open();
    if (this.#link === link) events.onReady();
  }

  #onWelcome(link: Link, welcome: IWelcome): void {
    this.#itinerary.succeeded(link.place);
    this.#failures = 0;
    this.#hasStalled = false;
    if (welcome.leader !== "" || welcome.tier === Tier.EDGE) this.#options.breaker.succeeded();
    this.#options.events.onWelcome(link, welcome);
    if (this.#link !== link) return;
    this.#considerLeader(link, welcome.leader);
    if (this.link !== undefined) this.#options.events.onReady();
  }

  #considerLeader(link: Link, leader: string): void {
    if (!this.#options.followsLeader) return;
    if (leader === link.place.node) {
      this.#searchLeaderLater(link, leaderCheckMs);
      return;
    }
    const nowMs = this.#options.runtime.nowMs();
    const known = this.#options.candidates().some(({ node }) => node === leader);
    if (known && !this.#itinerary.isCooling(leader, nowMs)) {
      this.#itinerary.prefer(leader);
      this.#isMoving = true;
      if (this.#options.events.isIdle()) this.#exchange();
      else this.#cancelMove = this.#options.runtime.after(moveMaxMs, () => this.#exchange());
      return;
    }
    this.#searchLeaderLater(link, leaderSearchMs);
  }

  #exchange(): void {
    const link = this.#link;
    this.#drop();
    if (link !== undefined) {
      link.close();
      this.#options.events.onLost(link, undefined);
    }
    this.attach();
  }

  #searchLeaderLater(link: Link, periodMs: number): void {
    const { runtime } = this.#options;
    const delayMs = periodMs * (0.75 + runtime.random() / 2);
    this.#cancelSearch?.();
    this.#cancelSearch = runtime.after(delayMs, () => {
      void this.#searchLeader(link);
    });
  }

  async #searchLeader(link: Link): Promise<void> {
    let leader = "";
    try {
      const options = { deadlineMs: this.#options.attachTimeoutMs };
      ({ leader } = await link.pooled.channel.status(options));
    } catch {
      // The link has its own means to notice a dead node; the leader is looked for again later.
    }
    if (this.#link !== link || this.#isMoving || this.#isClosed) return;
    this.#considerLeader(link, leader);
  }

  #onDown(link: Link, error: MeridianError): void {
    if (this.#link !== link) return;
    const { runtime, pool, events } = this.#options;
    const wasWelcome = link.welcome !== undefined;
    this.#drop();
    if (link.hasStalled) this.#hasStalled = true;
    this.#itinerary.failed(link.place, runtime.nowMs());
    if (error.code !== "MOVED" && error.hint !== "") this.#itinerary.prefer(error.hint);
    // A node without a leader keeps silent to sessions and answers others: then the connection is
    // fine. Otherwise what was heard over it says nothing about the next one.
    const isConnectionFine = link.wasDismissed || link.pooled.heardAtMs > link.heardAtMs;
    if (!isConnectionFine && isUnreachable(error)) {
      link.pooled.heardAtMs = -Infinity;
      if (link.hasStalled || !wasWelcome) pool.discard(link.pooled);
    }
    events.onLost(link, error);
    this.#onFailure(error);
  }

  #onFailure(error: MeridianError): void {
    if (this.#isClosed) return;
    const { runtime, breaker, events } = this.#options;
    this.#failures += 1;
    this.#failedAtMs = runtime.nowMs();
    breaker.failed(runtime.nowMs());
    if (this.isUnreachable) {
      this.#options.refreshTopology();
      events.onUnreachable(error);
    }
    if (this.#cancelRetry !== undefined || this.#link !== undefined) return;
    const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failures - 1, 10));
    const delayMs = Math.max(error.retryAfterMs, ceilingMs * (0.5 + runtime.random() / 2));
    this.#cancelRetry = runtime.after(delayMs, () => {
      this.#cancelRetry = undefined;
      if (events.isWanted()) this.attach();
    });
  }

  #drop(): void {
    this.#link = undefined;
    this.#isMoving = false;
    this.#cancelMove?.();
    this.#cancelSearch?.();
    this.#cancelMove = undefined;
    this.#cancelSearch = undefined;
  }
}

function isUnreachable(error: MeridianError): boolean {
  return error.code === "REGION_UNAVAILABLE" || error.code === "DEADLINE";
}
