import { EventKind, MeridianError, WatchKind } from "@meridian/wire";
import type { IResponse, IWatchEvent, IWatchEvents, MeridianErrorCode } from "@meridian/wire";
import { watchDraft } from "./draft.ts";
import { EventQueue } from "./event-queue.ts";
import type { Lane } from "./lane.ts";
import type { Link } from "./link.ts";
import { PositionMap, type Position } from "./position.ts";
import { consistencyNumber, type Stat } from "./receipt.ts";
import type { DraftRequest } from "./request.ts";
import type { ReadConsistency, Step } from "./route.ts";
import type { Runtime } from "./runtime.ts";
import type { Subscription } from "./subscription.ts";
import { encodeToken } from "./token.ts";

/** What a watch reports, and for how long: once (as ZooKeeper's), or until it is ended. */
export type WatchKindName = "data" | "child" | "exists" | "persistent" | "persistent-recursive";

/** How to watch. */
export interface WatchOptions {
  /** The node and all below it; short for `kind: "persistent-recursive"`. */
  readonly recursive?: boolean | undefined;
  /** Default "persistent": the node and its set of children, until ended. */
  readonly kind?: WatchKindName | undefined;
  /** Report what happened after this token. Default: from now. */
  readonly from?: string | undefined;
  /** Where to watch. Default "regional": the own region's cluster. */
  readonly consistency?: Exclude<ReadConsistency, "quorum"> | undefined;
  /** Events carry the data. Default true. */
  readonly withData?: boolean | undefined;
  /** Events that may wait to be read. Default 16,384. */
  readonly bufferMax?: number | undefined;
  /** Ends the watch; the iteration ends as if there were no more events. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that happened. */
export class WatchEvent {
  readonly kind: "created" | "changed" | "deleted" | "children";
  readonly path: string;
  /** After the change, when asked for. */
  readonly data: Uint8Array | undefined;
  /** After the change. */
  readonly stat: Stat | undefined;
  /** Where in the history of the owning cluster. */
  readonly position: Position | undefined;
  readonly #resumeFrom: readonly Position[];

  constructor(event: IWatchEvent, resumeFrom: readonly Position[]) {
    this.kind = kindName(event.kind);
    this.path = event.path;
    const hasData = this.kind === "created" || this.kind === "changed";
    this.data = hasData ? new Uint8Array(event.data) : undefined;
    this.stat = event.stat;
    this.position = event.position;
    this.#resumeFrom = resumeFrom;
  }

  /**
   * A watch `from` here misses nothing that comes after this event. Within one transaction it
   * repeats the events before, because a position cannot lie in the middle of one.
   */
  get token(): string {
    return encodeToken(this.#resumeFrom);
  }

  /** The data as UTF-8 text; undefined without data. */
  get text(): string | undefined {
    return this.data === undefined ? undefined : new TextDecoder().decode(this.data);
  }

  /** Places in history that the token stands for. */
  get resumeFrom(): readonly Position[] {
    return this.#resumeFrom;
  }
}

/** What a watch needs of its client. */
export interface WatchContext {
  readonly runtime: Runtime;
  /** Positions that the client has seen; events that are read move it. */
  readonly token: PositionMap;
  /** What is open: the watch puts itself in, and takes itself out. */
  readonly open: Set<{ close(): void }>;
  /** Clusters whose positions matter for the watched path. */
  readonly origins: readonly string[];
  /** Places to watch at, best first. */
  readonly steps: readonly Step[];
  lane(step: Step): Lane;
}

const kinds: Readonly<Record<WatchKindName, number>> = {
  data: WatchKind.DATA,
  child: WatchKind.CHILD,
  exists: WatchKind.EXISTS,
  persistent: WatchKind.PERSISTENT,
  "persistent-recursive": WatchKind.PERSISTENT_RECURSIVE,
};
/** Refusals that another moment or another place may take back. Others end the watch. */
const transient = new Set<MeridianErrorCode>([
  "NOT_LEADER",
  "OVERLOADED",
  "GLOBAL_UNAVAILABLE",
  "REGION_UNAVAILABLE",
  "STALE",
  "MOVED",
  "DEADLINE",
  "UNKNOWN",
  "SESSION_EXPIRED",
]);
const bufferMax = 16_384;
const retryMinMs = 50;
const retryMaxMs = 2_000;
const returnMs = 60_000;

/**
 * Changes below a path, as they happen, for `for await`. Goes on by itself after any disconnect, on
 * another node if need be, from the position that it has reached: no gap, ever. When that is
 * impossible it ends with an error (COMPACTED, FORKED, …), and when it is not read fast enough with
 * OVERLOADED; `token` says from where to go on.
 */
export class Watch implements AsyncIterableIterator<WatchEvent>, AsyncDisposable {
  /**
   * Resolves when the watch runs: whatever happens from then on is reported. Rejects when it never
   * will.
   */
  readonly ready: Promise<void>;
  readonly #context: WatchContext;
  readonly #path: string;
  readonly #kind: WatchKindName;
  readonly #withData: boolean;
  readonly #queue: EventQueue<WatchEvent>;
  readonly #subscription: Subscription;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  /** What the caller had seen before a watch "from now": a node that lags must not report it. */
  readonly #seen = new PositionMap();
  /** Everything up to here has been queued. */
  readonly #reached = new PositionMap();
  /** Everything up to here has been read by the caller. */
  #read: readonly Position[];
  /** Events that were queued and not handed out; one may be on its way to who waits for it. */
  #unread = 0;
  #settleReady: (error?: Error) => void = () => undefined;
  #isRunning = false;
  #step = -1;
  #lane: Lane | undefined;
  #failures = 0;
  #cancelReturn: () => void = () => undefined;
  #isOver = false;
  #cancelRetry: () => void = () => undefined;

  constructor(context: WatchContext, path: string, from: readonly Position[], o: WatchOptions) {
    this.#context = context;
    this.#path = path;
    this.#kind = o.recursive === true ? "persistent-recursive" : (o.kind ?? "persistent");
    this.#withData = o.withData ?? true;
    this.#reached.addAll(from);
    this.#read = from;
    if (from.length === 0) {
      for (const cluster of context.origins) {
        const position = context.token.get(cluster);
        if (position !== undefined) this.#seen.addAll([position]);
      }
    }
    this.#queue = new EventQueue(o.bufferMax ?? bufferMax);
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.ready.catch(() => undefined); // Who does not wait for it hears of the error by iterating.
    this.#subscription = {
      draft: (link) => this.#draft(link),
      onStarted: (link, response) => this.#onStarted(link, response),
      onEvents: (_, events) => this.#onEvents(events),
      onRefused: (error) => this.#onRefused(error),
      onUnreachable: (error) => this.#onUnreachable(error),
    };
    this.#signal = o.signal;
    this.#onAbort = () => this.#end(undefined);
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    context.open.add(this);
    if (this.#signal?.aborted === true) this.#end(undefined);
    else this.#subscribe();
  }

  /** From where another watch would go on without a gap: after the last event that was read. */
  get token(): string {
    return encodeToken(this.#unread === 0 ? this.#reached.list() : this.#read);
  }

  /** The next event; `done` when the watch was ended, or a one-shot watch has fired. */
  async next(): Promise<IteratorResult<WatchEvent, undefined>> {
    const event = await this.#queue.take();
    if (event === undefined) return { done: true, value: undefined };
    this.#unread -= 1;
    this.#read = event.resumeFrom;
    this.#context.token.addAll(event.resumeFrom);
    return { done: false, value: event };
  }

  /** Ends the watch. */
  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#end(undefined);
    this.#queue.clear();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the watch. What is queued can still be read. */
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

  #subscribe(): void {
    const { steps } = this.#context;
    this.#cancelReturn();
    this.#step = (this.#step + 1) % steps.length;
    const step = steps[this.#step];
    if (step === undefined) {
      this.#end(new MeridianError("REGION_UNAVAILABLE", `no region holds ${this.#path}`));
      return;
    }
    this.#lane = this.#context.lane(step);
    this.#lane.subscribe(this.#subscription);
  }

  #draft(link: Link): DraftRequest {
    const from = this.#reached.list();
    const request = watchDraft(this.#path, kinds[this.#kind], from, this.#withData);
    const step = this.#context.steps[this.#step];
    request.consistency = consistencyNumber(step?.consistency ?? "eventual");
    // Without a position it starts now, which must not be before what the caller has seen.
    if (from.length === 0) {
      request.after = this.#context.token.missing(this.#context.origins, link.shown);
    }
    return request;
  }

  #onStarted(link: Link, response: IResponse): void {
    this.#failures = 0;
    // A watch that resumes has still to hear what lies between its position and this answer's.
    if (this.#reached.size === 0 && link.welcome !== undefined) {
      this.#reached.add(link.welcome.cluster, link.welcome.incarnation, response.index);
      this.#reached.addAll(response.positions);
      this.#read = this.#reached.list();
    }
    this.#isRunning = true;
    this.#settleReady();
    this.#cancelReturn();
    if (this.#step === 0) return;
    // It runs at a place that is second best: now and then the best one is tried again.
    this.#cancelReturn = this.#context.runtime.after(returnMs, () => {
      this.#lane?.unsubscribe(this.#subscription);
      this.#step = -1;
      this.#subscribe();
    });
  }

  #onEvents({ events: all, positions }: IWatchEvents): void {
    if (this.#isOver) return;
    const events = all.filter(({ position }) => !this.#wasSeen(position));
    const before = this.#reached.list();
    const isFull = !this.#queue.hasRoomFor(events.length);
    if (isFull) {
      this.#end(overloaded(this.#path, encodeToken(before)));
      return;
    }
    // Nothing is between what was read last and these events.
    if (this.#unread === 0) this.#read = before;
    // Events may lead back: told by a region that has yet to merge what was seen in another one,
    // they may have lost against that, and it has to be heard of again.
    if (all.length > 0) this.#reached.moveTo(positions);
    else this.#reached.addAll(positions);
    const after = this.#reached.list();
    for (const [place, event] of events.entries()) {
      const isLast = place === events.length - 1;
      this.#unread += 1;
      this.#queue.put(new WatchEvent(event, isLast ? after : before));
    }
    const isOneShot = this.#kind !== "persistent" && this.#kind !== "persistent-recursive";
    if (isOneShot && events.length > 0) this.#end(undefined);
  }

  #wasSeen(position: Position | undefined): boolean {
    if (position === undefined || this.#seen.size === 0) return false;
    // Parts of a snapshot have no place in the history: nobody has seen them before.
    return position.index > 0 && this.#seen.covers(position);
  }

  #onRefused(error: MeridianError): void {
    if (this.#isOver) return;
    this.#lane = undefined;
    this.#cancelReturn();
    if (!transient.has(error.code)) {
      this.#end(error);
      return;
    }
    this.#failures += 1;
    const ceilingMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failures, 10));
    const { runtime } = this.#context;
    const delayMs = Math.max(error.retryAfterMs, ceilingMs * (0.5 + runtime.random() / 2));
    this.#cancelRetry = runtime.after(delayMs, () => this.#subscribe());
  }

  /** Another place is tried; when all have been, they are tried again after a while. */
  #onUnreachable(error: MeridianError): void {
    if (this.#isOver || this.#context.steps.length < 2) return;
    this.#lane?.unsubscribe(this.#subscription);
    this.#onRefused(error);
  }

  #end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.open.delete(this);
    this.#cancelRetry();
    this.#cancelReturn();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#lane?.unsubscribe(this.#subscription);
    this.#queue.end(error);
    if (!this.#isRunning) {
      this.#settleReady(error ?? new MeridianError("DEADLINE", "the watch was ended by its owner"));
    }
  }
}

function kindName(kind: number): WatchEvent["kind"] {
  switch (kind) {
    case EventKind.CREATED:
      return "created";
    case EventKind.DELETED:
      return "deleted";
    case EventKind.CHILDREN:
      return "children";
    default:
      return "changed";
  }
}

function overloaded(path: string, token: string): MeridianError {
  const message = `the events of ${path} are not read fast enough; watch again from the token`;
  return new MeridianError("OVERLOADED", message, { hint: token });
}
