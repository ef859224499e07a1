import { Buffer } from "node:buffer";
import {
  ClientFrame,
  CoordinationService,
  CreateMode,
  type Encodable,
  errorCodeName,
  errorCodeNumber,
  type IClientFrame,
  type IError,
  type IRequest,
  type IServerFrame,
  type IWatchEvents,
  ServerFrame,
  WatchKind,
} from "@meridian/wire";
import type { GrpcConnection, GrpcStream } from "./grpc-connection.ts";

/** What a session does. */
export interface SessionPlan {
  readonly id: number;
  readonly timeoutMs: number;
  /** Paths to watch, until ended. The first is the one that is checked for gaps. */
  readonly watches: readonly string[];
  /** Created with the first welcome. */
  readonly ephemeral: string | undefined;
}

/** What a session has to do with its surroundings. */
export interface SessionSurroundings {
  /** A connection to the next node to try. */
  connection(session: RawSession): GrpcConnection;
  /** Runs something after a random time around `meanMs`. */
  later(meanMs: number, run: () => void): void;
  readonly tally: Tally;
}

/** What happened to the sessions of one process. Fields only grow, except for the first two. */
export interface Tally {
  /** Welcomed now. */
  attached: number;
  /** Watches that have been answered on the present stream. */
  watching: number;
  /** Sessions that were refused as expired. */
  expired: number;
  /** Streams that ended. */
  lost: number;
  /** Refusals by their code, with what ended streams. */
  refusals: Record<string, number>;
  /** Values of the first watch, over all sessions. */
  values: number;
  /** Values that came when others were due: lost, repeated or in another order. */
  wrongValues: number;
  /** When the latest value came, in milliseconds since 1970. */
  lastValueAtMs: number;
  /** Bookmarks, and the longest time between two signs of a watch, in milliseconds. */
  bookmarks: number;
}

/** A tally of nothing. */
export function newTally(): Tally {
  return {
    attached: 0,
    watching: 0,
    expired: 0,
    lost: 0,
    refusals: {},
    values: 0,
    wrongValues: 0,
    lastValueAtMs: 0,
    bookmarks: 0,
  };
}

/** Pauses between attempts, as those of the client: they double. */
const retryMinMs = 50;
const retryMaxMs = 1_000;
/** Ids of pings; those of watches are 1 and up, of the ephemeral node 0 in the sequence. */
const pingId = 1_000_000;
const createId = 2_000_000;
/** Silence after which a stream is given up. */
const silenceTimeouts = 0.7;

/**
 * A session as bytes on a stream: opens, watches, gives signs of life, and goes on at another node
 * from the positions that it has reached. Checks that the values of its first watch come without a
 * gap.
 */
export class RawSession {
  readonly plan: SessionPlan;
  readonly #surroundings: SessionSurroundings;
  readonly #secret: Buffer;
  /** Index of the cluster that each watch has reached; 0: it never ran. */
  readonly #reached: Float64Array;
  #cluster = "";
  #incarnation = 0;
  #stream: GrpcStream | undefined;
  #isOpen = false;
  #isAttached = false;
  #isOver = false;
  #watching = 0;
  #lastValue = 0;
  #heardAtMs = 0;
  /** Attempts since the last welcome, and when the server wants to see the next. */
  #failures = 0;
  #retryAfterMs = 0;
  #hasEphemeral = false;

  constructor(plan: SessionPlan, surroundings: SessionSurroundings) {
    this.plan = plan;
    this.#surroundings = surroundings;
    this.#secret = Buffer.alloc(16, plan.id % 251);
    this.#reached = new Float64Array(plan.watches.length);
  }

  /** Opens a stream at the next node. */
  connect(): void {
    if (this.#isOver) return;
    const { id, timeoutMs } = this.plan;
    const connection = this.#surroundings.connection(this);
    const stream = connection.open(CoordinationService.session.path, {
      onMessage: (bytes) => {
        if (this.#stream === stream) this.#onFrame(ServerFrame.decode(bytes));
      },
      onEnd: () => {
        if (this.#stream === stream) this.#onEnd();
      },
    });
    this.#stream = stream;
    this.#heardAtMs = performance.now();
    const hello = { sessionId: id, secret: this.#secret, timeoutMs, create: !this.#isOpen };
    this.#send({ hello: { ...hello, region: "local" } });
  }

  /** Gives a sign of life, or gives a silent stream up. */
  ping(nowMs: number): void {
    if (this.#stream === undefined || this.#isOver) return;
    if (nowMs - this.#heardAtMs > this.plan.timeoutMs * silenceTimeouts) {
      this.#stream.close();
      this.#note(errorCodeNumber("DEADLINE"));
      this.#onEnd();
    } else if (this.#isAttached) this.#send({ requests: [{ id: pingId, ping: {} }] });
  }

  #send(frame: Encodable<IClientFrame>): void {
    this.#stream?.send(ClientFrame.encode(frame));
  }

  #onEnd(): void {
    const { tally } = this.#surroundings;
    this.#detach();
    this.#stream = undefined;
    tally.lost += 1;
    this.#failures += 1;
    this.#surroundings.later(this.#pauseMs, () => this.connect());
  }

  get #pauseMs(): number {
    const ceilingMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 10));
    return Math.max(this.#retryAfterMs, ceilingMs);
  }

  #detach(): void {
    const { tally } = this.#surroundings;
    if (this.#isAttached) tally.attached -= 1;
    tally.watching -= this.#watching;
    this.#watching = 0;
    this.#isAttached = false;
  }

  #onFrame(frame: IServerFrame): void {
    const { tally } = this.#surroundings;
    this.#heardAtMs = performance.now();
    if (frame.welcome !== undefined) {
      this.#isOpen = true;
      this.#isAttached = true;
      this.#failures = 0;
      this.#retryAfterMs = 0;
      tally.attached += 1;
      this.#cluster = frame.welcome.cluster;
      this.#incarnation = frame.welcome.incarnation;
      this.#begin();
    }
    for (const { id, error, index } of frame.responses) {
      if (error !== undefined) this.#note(error.code);
      else if (id <= this.plan.watches.length) this.#onWatching(id, index);
      if (id === createId) this.#hasEphemeral = true;
    }
    for (const events of frame.events) this.#onEvents(events);
    if (frame.farewell !== undefined) this.#onFarewell(frame.farewell);
  }

  #begin(): void {
    const requests: Encodable<IRequest>[] = this.plan.watches.map((_, at) => this.#watch(at));
    const { ephemeral } = this.plan;
    if (ephemeral !== undefined && !this.#hasEphemeral) {
      const create = { path: ephemeral, mode: CreateMode.EPHEMERAL };
      requests.push({ id: createId, sequence: 1, create });
    }
    if (requests.length > 0) this.#send({ requests });
  }

  #watch(at: number): Encodable<IRequest> {
    const index = this.#reached[at] ?? 0;
    const position = { cluster: this.#cluster, incarnation: this.#incarnation, index };
    const from = index === 0 ? [] : [position];
    const path = this.plan.watches[at] ?? "/";
    const watch = { path, kind: WatchKind.PERSISTENT, withData: at === 0, from };
    return { id: at + 1, watch };
  }

  #onWatching(id: number, index: number): void {
    const { tally } = this.#surroundings;
    this.#watching += 1;
    tally.watching += 1;
    if (this.#reached[id - 1] === 0) this.#reached[id - 1] = index;
  }

  #onEvents({ watch, events, positions, error }: IWatchEvents): void {
    const { tally } = this.#surroundings;
    if (events.length === 0) tally.bookmarks += 1;
    for (const { data } of watch === 1 ? events : []) {
      const value = Number(Buffer.from(data).toString());
      if (this.#lastValue !== 0 && value !== this.#lastValue + 1) tally.wrongValues += 1;
      this.#lastValue = value;
      tally.values += 1;
      tally.lastValueAtMs = performance.timeOrigin + performance.now();
    }
    for (const { cluster, index } of positions) {
      if (cluster === this.#cluster) {
        this.#reached[watch - 1] = Math.max(this.#reached[watch - 1] ?? 0, index);
      }
    }
    if (error !== undefined) this.#onWatchEnded(watch, error.code);
  }

  #onWatchEnded(watch: number, code: number): void {
    this.#note(code);
    this.#watching -= 1;
    this.#surroundings.tally.watching -= 1;
    const stream = this.#stream;
    this.#surroundings.later(retryMinMs, () => {
      if (this.#stream === stream) this.#send({ requests: [this.#watch(watch - 1)] });
    });
  }

  #onFarewell({ code, retryAfterMs }: IError): void {
    this.#note(code);
    this.#retryAfterMs = retryAfterMs;
    if (errorCodeName(code) !== "SESSION_EXPIRED") return;
    this.#surroundings.tally.expired += 1;
    this.#detach();
    this.#isOver = true;
    this.#stream?.close();
  }

  #note(code: number): void {
    const { refusals } = this.#surroundings.tally;
    const name = errorCodeName(code);
    refusals[name] = (refusals[name] ?? 0) + 1;
  }
}
