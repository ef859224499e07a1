import { MeridianError, type IResponse } from "@meridian/wire";
import { Alarm } from "./alarm.ts";
import { Attachment } from "./attachment.ts";
import { Breaker } from "./breaker.ts";
import type { Place } from "./directory.ts";
import type { LaneContext } from "./lane-context.ts";
import {
  closed,
  endOfSession,
  isBarring,
  isPassing,
  isUncertain,
  isWithoutEffect,
  lostError,
  tooMuch,
} from "./lane-error.ts";
import type { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { Pending, type Submission } from "./pending.ts";
import { emptyWrite } from "./request.ts";
import { SendWindow } from "./send-window.ts";
import { SessionKeeper, sessionExpired, strangersHello } from "./session-keeper.ts";
import { Subscriptions, type Subscription } from "./subscription.ts";

/** Who serves a lane, and how. */
export interface LaneOptions {
  /** For messages and events: the cluster, or what the lane reaches. */
  readonly name: string;
  readonly hasSession: boolean;
  /** Moves to the node that leads, when it is known. */
  readonly followsLeader: boolean;
  /** What an operation fails with when nobody can be reached. */
  readonly unavailable: "GLOBAL_UNAVAILABLE" | "REGION_UNAVAILABLE";
  /** Nodes that serve this lane, best first, as known now. */
  candidates(): readonly Place[];
}

/** Without a session, signs of life are asked for this often. */
const pingMs = 2_000;
const holdMinMs = 20;
const holdMaxMs = 500;
/** A lane that was used so recently keeps looking for a node, even if nobody waits for it now. */
const wantedForMs = 10_000;
const probeMs = 1_000;
/** Milliseconds that fit into a request. */
const wireMax = 2 ** 32 - 1;
/** A frame of 4 MiB is refused as a whole, and its stream with it. */
const requestBytesMax = 3 << 20;
const failuresMin = 3;
/** What would wait for longer until it is sent to a cluster that has too much to do is refused. */
const heldMaxMs = 500;
/** Time for the servers to end a session when the client is closed. */
const closeMs = 1_000;
/**
 * Deadline that a server is given for a write whose caller has been told that its fate is unknown.
 */
const lateDeadlineMs = 10_000;

/**
 * The way to one cluster (with a session, for writes and what has to be in order with them) or to
 * whichever node of a tier is best (without one). Requests go in order and are answered each once:
 * over any number of links, within their deadline.
 *
 * A numbered write stays open until a server has answered it, even when its caller has long been
 * told UNKNOWN: its number must not be missing from the session.
 */
export class Lane {
  readonly name: string;
  readonly #context: LaneContext;
  readonly #unavailableCode: LaneOptions["unavailable"];
  readonly #attachment: Attachment;
  readonly #breaker: Breaker;
  readonly #session: SessionKeeper | undefined;
  readonly #outbox = new Outbox();
  readonly #subscriptions = new Subscriptions();
  readonly #deadlines: Alarm;
  #isClosed = false;
  #isExpiring = false;
  #wantedUntilMs = -Infinity;
  readonly #window = new SendWindow();
  /** On their way, and sent after one that was refused as too much: they will be, too. */
  #behind = 0;
  #refusedOrder = Infinity;
  #refusals = 0;
  #hold: MeridianError | undefined;
  /** Something was refused: one request at a time goes out, until one is answered for good. */
  #isCautious = false;
  #cancelHold: () => void = () => undefined;
  #onGoodbye: () => void = () => undefined;

  constructor(context: LaneContext, options: LaneOptions) {
    const { runtime, pool, limits } = context;
    this.name = options.name;
    this.#context = context;
    this.#unavailableCode = options.unavailable;
    this.#breaker = new Breaker({
      failuresMin,
      openAfterMs: limits.breakerOpenMs,
      forgetAfterMs: wantedForMs,
      probeMs,
    });
    this.#deadlines = new Alarm(runtime, () => this.#onDeadline());
    this.#session = options.hasSession
      ? new SessionKeeper(context, options.name, (reason) => this.#expire(reason))
      : undefined;
    this.#attachment = new Attachment({
      runtime,
      pool,
      breaker: this.#breaker,
      attachTimeoutMs: limits.attachTimeoutMs,
      followsLeader: options.followsLeader,
      candidates: () => options.candidates(),
      refreshTopology: () => context.refreshTopology(),
      events: {
        hello: () => this.#session?.hello() ?? strangersHello(context.region),
        pingIntervalMs: () => this.#session?.pingIntervalMs ?? pingMs,
        acknowledged: () => this.#session?.ledger.acknowledged ?? 0,
        isWanted: () => this.#isWanted(),
        isIdle: () => this.#outbox.isIdle,
        onWelcome: (link, welcome) => this.#session?.onWelcome(link, welcome),
        onResponse: (link, response) => this.#onResponse(link, response),
        onWatchEvents: (link, events) => this.#subscriptions.onEvents(link, events),
        onLost: (link, error) => this.#onLost(link, error),
        onReady: () => this.#pump(),
        onUnreachable: (error) => this.#onUnreachable(error),
      },
    });
  }

  /** The lane takes requests: it is not closed, and its session has not expired. */
  get isUsable(): boolean {
    return !this.#isClosed && this.#session?.isExpired !== true;
  }

  /** Runtime clock: until when the session lives for certain. Infinity without a session. */
  get leaseEndsAtMs(): number {
    return this.#session?.leaseEndsAtMs ?? Infinity;
  }

  /** Id of the session; 0 without one. A renewed session has another. */
  get sessionId(): number {
    return this.#session?.ledger.id ?? 0;
  }

  /** Takes a request. `settle` is called exactly once, perhaps before this returns. */
  submit(submission: Submission): Pending {
    const pending = new Pending(submission);
    const nowMs = this.#context.runtime.nowMs();
    this.#wantedUntilMs = nowMs + wantedForMs;
    const refusal = this.#admit(pending, nowMs);
    if (refusal !== undefined) {
      pending.isSettled = true;
      pending.settle(refusal, undefined, undefined);
      return pending;
    }
    this.#outbox.add(pending);
    this.#deadlines.setNoLaterThan(pending.deadlineAtMs);
    const link = this.#outbox.hasWaiting ? undefined : this.#sendingLink();
    if (link !== undefined) {
      this.#transmit(pending, link, nowMs);
    } else {
      this.#outbox.wait(pending);
      this.#pump();
    }
    return pending;
  }

  /** The caller no longer waits. A write that may have been applied ends with UNKNOWN. */
  cancel(pending: Pending, reason: MeridianError): void {
    if (pending.isSettled) return;
    this.#giveUp(pending, reason);
    if (this.#outbox.hasWaiting) this.#pump();
  }

  /** Starts a watch; it lives through any number of links until `unsubscribe` or a refusal. */
  subscribe(subscription: Subscription): void {
    this.#subscriptions.add(subscription, this.#sendingLink());
    if (this.#attachment.isUnreachable) {
      subscription.onUnreachable(this.#unavailable("nobody who could serve it answers"));
    }
    this.#attachment.attach();
  }

  /** Ends a watch. */
  unsubscribe(subscription: Subscription): void {
    this.#subscriptions.remove(subscription, this.#attachment.link);
  }

  /** After an expiry: goes on with a new session. */
  renew(): void {
    if (!this.#isClosed) this.#session?.renew();
  }

  /** Ends the session, if there is a link to do it over, and everything that is open. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#session?.ledger.isOpen === true && this.#attachment.sayGoodbye()) {
      await new Promise<void>((resolve) => {
        const cancel = this.#context.runtime.after(closeMs, resolve);
        this.#onGoodbye = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#attachment.close();
    this.#deadlines.clear();
    this.#cancelHold();
    this.#session?.close();
    this.#endAll(closed());
  }

  #admit(pending: Pending, nowMs: number): MeridianError | undefined {
    if (this.#isClosed) return closed();
    if (this.#session?.isExpired === true) return sessionExpired(this.name, "earlier");
    if (pending.bytes > requestBytesMax) {
      return new MeridianError("TOO_LARGE", `a request of about ${pending.bytes} bytes`);
    }
    const { outstandingMax, outstandingBytesMax } = this.#context.limits;
    if (this.#outbox.count >= outstandingMax || this.#outbox.bytes >= outstandingBytesMax) {
      const bound = `${this.#outbox.count} requests are open on the way to ${this.name}`;
      return new MeridianError("OVERLOADED", bound, { retryAfterMs: holdMinMs });
    }
    const held = this.#outbox.count - this.#outbox.inflight;
    if (this.#window.waitMs(held, nowMs) > heldMaxMs) {
      return tooMuch(`${this.name}, where ${held} requests wait before this one,`, heldMaxMs);
    }
    if (this.#breaker.failures === 0) return undefined;
    const isAttached = this.#attachment.link !== undefined;
    if (this.#breaker.isOpen(nowMs) && !(isAttached && this.#breaker.admits(nowMs))) {
      this.#attachment.attach();
      return this.#unavailable("nothing has worked for a while", undefined, probeMs);
    }
    if (!pending.isFinal && this.#attachment.isUnreachable) {
      this.#attachment.attach();
      return this.#unavailable("nobody answers");
    }
    return undefined;
  }

  #isWanted(): boolean {
    if (this.#isClosed || this.#session?.isExpired === true) return false;
    if (this.#session?.ledger.isOpen === true || this.#subscriptions.size > 0) return true;
    return this.#outbox.count > 0 || this.#context.runtime.nowMs() < this.#wantedUntilMs;
  }

  #sendingLink(): Link | undefined {
    if (this.#hold !== undefined || this.#isExpiring || this.#behind > 0) return undefined;
    if (this.#window.room(this.#outbox.inflight) === 0) return undefined;
    if (this.#isCautious && !this.#outbox.isIdle) return undefined;
    if (this.#session === undefined) return this.#attachment.openingLink;
    return this.#attachment.link ?? this.#attachment.hopefulLink;
  }

  #pump(): void {
    if (!this.#isWanted()) return;
    const link = this.#sendingLink();
    if (link === undefined) {
      this.#attachment.attach();
      return;
    }
    this.#subscriptions.startAll(link);
    if (!this.#outbox.hasWaiting) return;
    const nowMs = this.#context.runtime.nowMs();
    const room = this.#isCautious ? 1 : this.#window.room(this.#outbox.inflight);
    const sent = this.#outbox.takeWaiting(room);
    for (const pending of sent) this.#transmit(pending, link, nowMs);
  }

  #transmit(pending: Pending, link: Link, nowMs: number): void {
    const isFirst = pending.id === 0;
    const request = isFirst ? pending.request : { ...pending.request };
    if (pending.isWrite) {
      if (pending.sequence === 0) this.#session?.ledger.number(pending);
      pending.wasMaybeApplied = pending.maybeApplied;
      pending.maybeApplied = true;
    } else if (this.#context.token.size > 0) {
      request.after = this.#context.token.missing(pending.origins, link.shown);
    }
    pending.id = link.nextId();
    pending.sentAtMs = nowMs;
    request.id = pending.id;
    request.sequence = pending.sequence;
    const leftMs = pending.isSettled ? lateDeadlineMs : pending.deadlineAtMs - nowMs;
    request.deadlineMs = Math.min(Math.max(1, Math.ceil(leftMs)), wireMax);
    this.#outbox.sent(pending);
    link.send(request);
  }

  #onResponse(link: Link, response: IResponse): void {
    const pending = this.#outbox.answered(response.id);
    if (pending === undefined) {
      this.#subscriptions.onResponse(link, response);
      return;
    }
    this.#leave(pending);
    const error = response.error === undefined ? undefined : MeridianError.fromWire(response.error);
    // With an index it is the log that does not know, and will not however often it is asked.
    const isForgotten = error?.code === "UNKNOWN" && response.index > 0;
    if (error === undefined || isForgotten || !this.#postpones(pending, error)) {
      this.#complete(pending, error, response, link);
    }
    if (this.#outbox.isIdle) this.#attachment.idle();
    if (this.#outbox.hasWaiting) this.#pump();
  }

  /** It is not on its way any more, answered or given up. */
  #leave({ order }: Pending): void {
    if (this.#behind > 0 && order > this.#refusedOrder) this.#behind -= 1;
  }

  #complete(
    pending: Pending,
    error: MeridianError | undefined,
    response: IResponse,
    link: Link,
  ): void {
    this.#outbox.finish(pending);
    if (error === undefined || !isPassing(error.code)) {
      this.#breaker.succeeded();
      this.#refusals = 0;
      this.#isCautious = false;
      this.#window.answered();
    }
    if (pending.sequence > 0) this.#session?.ledger.answered(pending);
    this.#moveToken(link, response);
    if (pending.isSettled) return;
    pending.isSettled = true;
    pending.settle(error, response, link);
  }

  #moveToken(link: Link, response: IResponse): void {
    const { token } = this.#context;
    if (link.welcome !== undefined && response.index > 0) {
      token.add(link.welcome.cluster, link.welcome.incarnation, response.index);
    }
    if (response.positions.length > 0) token.addAll(response.positions);
  }

  /** Whether an answer is not the last word. Then the request stays open. */
  #postpones(pending: Pending, error: MeridianError): boolean {
    const end = endOfSession(error);
    if (end !== undefined && this.#session !== undefined) {
      pending.maybeApplied = pending.wasMaybeApplied;
      this.#outbox.refused(pending);
      this.#expireSoon(end);
      return true;
    }
    if (!pending.isWrite && !pending.isFinal) return false;
    const isRefused = isPassing(error.code);
    if (!isRefused && !(pending.sequence > 0 && isUncertain(error.code))) return false;
    if (isRefused) pending.maybeApplied = pending.wasMaybeApplied;
    pending.refusal = error;
    this.#outbox.refused(pending);
    if (error.code !== "OVERLOADED") this.#breaker.failed(this.#context.runtime.nowMs());
    this.#holdBack(error, pending);
    return true;
  }

  /** Sends nothing for a while, so that what was refused goes out before what came after it. */
  #holdBack(error: MeridianError, pending: Pending): void {
    if (this.#hold !== undefined) return;
    const { runtime } = this.#context;
    const isTooMuch = error.code === "OVERLOADED";
    if (isTooMuch) {
      this.#refusedOrder = pending.order;
      this.#behind = this.#outbox.countBehind(pending);
      this.#window.refused(this.#outbox.inflight, this.#behind, pending.sentAtMs, runtime.nowMs());
    }
    this.#refusals += 1;
    const ceilingMs = Math.min(holdMaxMs, holdMinMs * 2 ** Math.min(this.#refusals, 8));
    // Never in step with others that were refused with the same words.
    const part = 0.5 + runtime.random() / 2;
    const delayMs = Math.max(error.retryAfterMs * (0.5 + part), ceilingMs * part);
    this.#hold = error;
    this.#isCautious ||= !isTooMuch;
    this.#cancelHold = runtime.after(delayMs, () => {
      this.#hold = undefined;
      this.#outbox.retryRefused();
      if (error.code === "NOT_LEADER") this.#attachment.leave(error);
      this.#pump();
    });
  }

  #onLost(link: Link, error: MeridianError | undefined): void {
    this.#session?.onLost(link, error === undefined || this.#isClosed);
    this.#subscriptions.lost();
    const isVoid = link.wasDismissed || (error !== undefined && isWithoutEffect(error));
    if (link.welcome === undefined && isVoid) {
      // A node does nothing of what comes with the hello before the welcome; or there was never a
      // connection that it could have gone over.
      for (const pending of this.#outbox.all()) {
        if (pending.sentAtMs >= link.openedAtMs) pending.maybeApplied = pending.wasMaybeApplied;
      }
    }
    this.#outbox.rewind();
    this.#behind = 0;
    this.#onGoodbye();
    if (this.#isClosed || error === undefined) return;
    const end = endOfSession(error);
    if (end !== undefined && this.#session !== undefined) this.#expire(end);
    if (isBarring(error.code)) this.#endAll(error);
  }

  /** Other answers of the same frame come first: each says for certain what became of a write. */
  #expireSoon(reason: MeridianError): void {
    if (this.#isExpiring) return;
    this.#isExpiring = true;
    this.#context.runtime.defer(() => this.#expire(reason));
  }

  #expire(reason: MeridianError): void {
    const session = this.#session;
    this.#isExpiring = false;
    if (session === undefined || session.isExpired || this.#isClosed) return;
    this.#outbox.rewind();
    this.#behind = 0;
    if (!session.isReplaceable) {
      // Before anybody is told: who asks again at once must not be taken into what has ended.
      session.expire();
      this.#attachment.detach();
      this.#endAll(reason);
      return;
    }
    for (const pending of this.#outbox.all()) {
      if (pending.isSettled || pending.maybeApplied) {
        this.#end(pending, lostError(pending, reason));
      } else pending.sequence = 0;
    }
    session.replace();
    this.#attachment.restart();
    this.#pump();
  }

  #onUnreachable(error: MeridianError): void {
    const why = this.#unavailable("nobody answers", error);
    for (const pending of this.#outbox.all()) {
      if (!pending.isFinal && !pending.isSettled) this.#giveUp(pending, why);
    }
    this.#subscriptions.unreachable(why);
  }

  #onDeadline(): void {
    const nowMs = this.#context.runtime.nowMs();
    let nextMs = Infinity;
    for (const pending of this.#outbox.all()) {
      if (pending.isSettled) continue;
      if (pending.deadlineAtMs > nowMs) nextMs = Math.min(nextMs, pending.deadlineAtMs);
      else this.#giveUp(pending, this.#deadlineError(pending, nowMs));
    }
    this.#outbox.compact();
    if (nextMs !== Infinity) this.#deadlines.setNoLaterThan(nextMs);
    if (this.#outbox.hasWaiting) this.#pump();
  }

  #deadlineError(pending: Pending, nowMs: number): MeridianError {
    this.#breaker.failed(nowMs);
    const refusal = pending.refusal ?? this.#hold;
    if (refusal?.code === "OVERLOADED") return refusal;
    if (refusal !== undefined) return this.#unavailable("it takes nothing now", refusal);
    if (pending.id === 0 && this.#window.isNarrow) return tooMuch(this.name, heldMaxMs);
    const { link } = this.#attachment;
    // Silence since the request was sent: the deadline passed because nobody is there.
    const isThere = link !== undefined && link.heardAtMs >= pending.sentAtMs;
    if (!isThere) return this.#unavailable("nobody answered within the deadline");
    return new MeridianError("DEADLINE", `${this.name} did not answer within the deadline`);
  }

  /** Tells the caller that nothing came of it, or that nobody knows. */
  #giveUp(pending: Pending, error: MeridianError): void {
    if (pending.sequence === 0) return this.#end(pending, error);
    const told = lostError(pending, error);
    // Its number is taken. Something has to come under it, but no longer what was asked for.
    if (!pending.maybeApplied) pending.request = emptyWrite();
    pending.isSettled = true;
    pending.settle(told, undefined, undefined);
  }

  #end(pending: Pending, error: MeridianError): void {
    if (this.#outbox.finish(pending)) this.#leave(pending);
    if (pending.isSettled) return;
    pending.isSettled = true;
    pending.settle(error, undefined, undefined);
  }

  #endAll(error: MeridianError): void {
    for (const pending of this.#outbox.all()) this.#end(pending, lostError(pending, error));
  }

  #unavailable(why: string, cause?: MeridianError, retryAfterMs: number = 0): MeridianError {
    const options = cause === undefined ? { retryAfterMs } : { retryAfterMs, cause };
    return new MeridianError(this.#unavailableCode, `${this.name}: ${why}`, options);
  }
}
