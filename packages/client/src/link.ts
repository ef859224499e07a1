import type { FrameStream } from "@meridian/transport";
import {
  MeridianError,
  type Encodable,
  type IClientFrame,
  type IHello,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatchEvents,
  type IWelcome,
} from "@meridian/wire";
import type { PooledChannel } from "./channel.ts";
import type { Place } from "./directory.ts";
import { PositionMap } from "./position.ts";
import { servedByOf, type ServedBy } from "./receipt.ts";
import { pingRequest, requestBytes, type DraftRequest } from "./request.ts";
import type { Runtime } from "./runtime.ts";

/** What the owner of a link is told. Nothing comes after `onDown`, which comes exactly once. */
export interface LinkEvents {
  onWelcome(link: Link, welcome: IWelcome): void;
  onResponse(link: Link, response: IResponse): void;
  onWatchEvents(link: Link, events: IWatchEvents): void;
  onDown(link: Link, error: MeridianError): void;
  /** Highest session sequence number up to which every answer has arrived. */
  acknowledged(): number;
}

/** What a link needs. */
export interface LinkOptions {
  readonly runtime: Runtime;
  readonly pooled: PooledChannel;
  readonly place: Place;
  readonly hello: IHello;
  /** Time for the welcome. */
  readonly attachTimeoutMs: number;
  /** Silence after which a sign of life is asked for; after twice as much the link is given up. */
  readonly pingIntervalMs: number;
  readonly events: LinkEvents;
}

/** Frames stay well below the 4 MiB that servers take. */
const frameBytesMax = 1 << 20;
const frameRequestsMax = 1_024;

/**
 * One stream to one node: says hello, gathers the requests of a turn into a frame, hands answers
 * on, and notices when the other side has gone silent. Knows nothing of sessions or retries.
 */
export class Link {
  readonly place: Place;
  readonly pooled: PooledChannel;
  /** What answers on this stream have shown: a replica never goes back behind it. */
  readonly shown: PositionMap = new PositionMap();
  welcome: IWelcome | undefined;
  servedBy: ServedBy | undefined;
  readonly openedAtMs: number;
  /** When something last arrived; until then, when the link was opened. */
  heardAtMs: number;
  /** The node ended it in words of its own. Before a welcome that means that it did nothing. */
  wasDismissed = false;
  /** It did not answer in time. */
  hasStalled = false;
  /** The server had received everything sent up to then. -Infinity: nothing is known. */
  confirmedAtMs: number = -Infinity;

  readonly #runtime: Runtime;
  readonly #events: LinkEvents;
  readonly #attachTimeoutMs: number;
  #stream: FrameStream<Encodable<IClientFrame>> | undefined;
  /** Last request id of each frame on its way, and when that was sent. */
  readonly #frames: { readonly lastId: number; readonly sentAtMs: number }[] = [];
  #pingIntervalMs: number;
  #hello: IHello | undefined;
  #requests: DraftRequest[] = [];
  #lastId = 0;
  #flushing = false;
  #pinging = false;
  #down = false;
  #cancelTick: () => void = () => undefined;

  constructor(options: LinkOptions) {
    this.place = options.place;
    this.pooled = options.pooled;
    this.#runtime = options.runtime;
    this.#events = options.events;
    this.#hello = options.hello;
    this.#attachTimeoutMs = options.attachTimeoutMs;
    this.#pingIntervalMs = options.pingIntervalMs;
    this.openedAtMs = this.#runtime.nowMs();
    this.heardAtMs = this.openedAtMs;
  }

  /** Opens the stream and says hello at the end of the turn, with what is sent meanwhile. Once. */
  open(): void {
    this.#cancelTick = this.#scheduleTick();
    const stream = this.pooled.channel.session({
      onFrame: (frame) => this.#onFrame(frame),
      onClose: (error) => this.#onClose(error),
    });
    if (this.#down) return;
    this.#stream = stream;
    this.#flushLater();
  }

  /** The stream is over. */
  get isDown(): boolean {
    return this.#down;
  }

  /** An id for the next request; ids only grow on a link. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Sends a request with the rest of this turn's. It must not be changed afterwards. */
  send(request: DraftRequest): void {
    this.#requests.push(request);
    if (!this.#flushing) this.#flushLater();
  }

  /** The server granted another session timeout. */
  set pingIntervalMs(intervalMs: number) {
    this.#pingIntervalMs = intervalMs;
  }

  /** Asks the server to end the session, after everything that was sent. It will end the stream. */
  sayGoodbye(): void {
    if (this.#down) return;
    this.#flush();
    const acknowledged = this.#events.acknowledged();
    this.#stream?.send({ hello: undefined, requests: [], acknowledged, goodbye: true });
  }

  /** Ends the stream without telling the owner. */
  close(): void {
    if (this.#down) return;
    this.#down = true;
    this.#cancelTick();
    this.#stream?.close();
  }

  /** Gives the link up and tells the owner. */
  fail(error: MeridianError): void {
    if (this.#down) return;
    this.close();
    this.#events.onDown(this, error);
  }

  #flushLater(): void {
    this.#flushing = true;
    this.#runtime.defer(() => {
      this.#flushing = false;
      if (!this.#down) this.#flush();
    });
  }

  #flush(): void {
    const requests = this.#requests;
    if (requests.length === 0 && this.#hello === undefined) return;
    this.#requests = [];
    let from = 0;
    do {
      const to = frameEnd(requests, from);
      this.#sendFrame(from === 0 && to === requests.length ? requests : requests.slice(from, to));
      from = to;
    } while (from < requests.length);
  }

  #sendFrame(requests: readonly IRequest[]): void {
    const hello = this.#hello;
    this.#hello = undefined;
    const lastId = requests.at(-1)?.id ?? 0;
    this.#frames.push({ lastId, sentAtMs: this.#runtime.nowMs() });
    const acknowledged = this.#events.acknowledged();
    this.#stream?.send({ hello, requests, acknowledged, goodbye: false });
  }

  #onFrame(frame: IServerFrame): void {
    if (this.#down) return;
    this.heardAtMs = this.#runtime.nowMs();
    this.pooled.heardAtMs = this.heardAtMs;
    this.#pinging = false;
    if (frame.welcome !== undefined) this.#onWelcome(frame.welcome);
    this.#onContent(frame);
    if (frame.farewell === undefined || this.#down) return;
    this.wasDismissed = true;
    this.fail(MeridianError.fromWire(frame.farewell));
  }

  /** Answers and events, in the order in which the server had them. */
  #onContent({ responses, events: reports }: IServerFrame): void {
    let answered = 0;
    const answerTo = (end: number): void => {
      for (; answered < end; answered += 1) {
        const response = responses[answered];
        // The owner may have gone on to another link, which gives the same ids to other requests.
        if (this.#down || response === undefined) return;
        this.#confirm(response.id);
        this.#note(response);
        this.#events.onResponse(this, response);
      }
    };
    for (const events of reports) {
      answerTo(responses.length - events.laterResponses);
      if (this.#down) return;
      this.shown.addAll(events.positions);
      this.#events.onWatchEvents(this, events);
    }
    answerTo(responses.length);
  }

  #onWelcome(welcome: IWelcome): void {
    this.welcome = welcome;
    this.servedBy = servedByOf(welcome);
    this.#confirm(0);
    this.#events.onWelcome(this, welcome);
  }

  #note(response: IResponse): void {
    if (this.welcome === undefined) return;
    if (response.index > 0) {
      this.shown.add(this.welcome.cluster, this.welcome.incarnation, response.index);
    }
    if (response.positions.length > 0) this.shown.addAll(response.positions);
  }

  /** An answer proves that the frame with its request has been received. */
  #confirm(id: number): void {
    const frames = this.#frames;
    let first = frames[0];
    while (first !== undefined && first.lastId < id) {
      frames.shift();
      first = frames[0];
    }
    if (first !== undefined && first.sentAtMs > this.confirmedAtMs) {
      this.confirmedAtMs = first.sentAtMs;
    }
  }

  #onClose(error: Error | undefined): void {
    if (this.#down) return;
    this.#down = true;
    this.#cancelTick();
    this.#events.onDown(this, linkError(error, this.place));
  }

  #scheduleTick(): () => void {
    return this.#runtime.after(this.#pingIntervalMs / 2, () => {
      // After a pause of this process timers come before the input that has been waiting
      // meanwhile; that input has to be seen before the other side is called silent.
      this.#runtime.defer(() =>
        this.#runtime.defer(() => {
          if (!this.#down) this.#tick();
        }),
      );
    });
  }

  #tick(): void {
    const nowMs = this.#runtime.nowMs();
    if (this.welcome === undefined) {
      // A node that is asked by very many at once says that it has heard, and keeps them waiting.
      if (nowMs - this.heardAtMs >= this.#attachTimeoutMs) this.#giveUp("does not answer");
    } else {
      const silentMs = nowMs - this.heardAtMs;
      if (silentMs > 2 * this.#pingIntervalMs && this.#pinging) this.#giveUp("has gone silent");
      else if (silentMs >= this.#pingIntervalMs * 0.9 && !this.#pinging) this.#ping();
    }
    if (!this.#down) this.#cancelTick = this.#scheduleTick();
  }

  #ping(): void {
    this.#pinging = true;
    const ping = pingRequest();
    ping.id = this.nextId();
    this.send(ping);
  }

  #giveUp(why: string): void {
    this.hasStalled = true;
    this.fail(new MeridianError("REGION_UNAVAILABLE", `${describe(this.place)} ${why}`));
  }
}

/** End of the frame that starts at `from`, by number and size of its requests. */
function frameEnd(requests: readonly IRequest[], from: number): number {
  let bytes = 0;
  let to = from;
  while (to < requests.length && to - from < frameRequestsMax) {
    const request = requests[to];
    if (request !== undefined) bytes += requestBytes(request);
    if (to > from && bytes > frameBytesMax) break;
    to += 1;
  }
  return to;
}

function linkError(error: Error | undefined, place: Place): MeridianError {
  if (error instanceof MeridianError) return error;
  const why = error === undefined ? "ended the stream" : error.message;
  const options = error === undefined ? {} : { cause: error };
  return new MeridianError("REGION_UNAVAILABLE", `${describe(place)}: ${why}`, options);
}

function describe(place: Place): string {
  return `node ${place.node} at ${place.address}`;
}
