import type { AcceptedStream, FrameHandler } from "@meridian/transport";
import type { Command, Operation } from "@meridian/tree";
import {
  type Encodable,
  type IClientFrame,
  type IHello,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatch,
  type IWelcome,
  MeridianError,
} from "@meridian/wire";
import { encodeResult } from "./answer-codec.ts";
import { encodeCommand, operationOf } from "./command-codec.ts";
import { FramePacker } from "./frame-packer.ts";
import type { Flowing } from "./outflow.ts";
import type { QuotaGate } from "./quota-gate.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";
import { SessionOrder } from "./session-order.ts";
import type { SessionService } from "./session-service.ts";
import { StreamWatches, tooSlow } from "./stream-watches.ts";
import type { WatchReport } from "./watch-report.ts";
import { encodeWriteRefusal, type WriteRefusal } from "./write-check.ts";
import type { WriteOutcome } from "./write-queue.ts";

/** What the client has not taken; beyond it the stream is cut and the client resumes. */
const bufferedBytesMax = 8 * 1024 * 1024;
/** Reports that may wait for a client that does not read; beyond it their watches are cut. */
const reportsMax = 1_000;
/** A client that takes nothing at all for so long is gone, or as good as that. */
const stuckMaxMs = 15_000;
/** While so much waits to be taken, further reads wait too. */
const pacedBytesMin = 1024 * 1024;
/** Parts of the past that a watch is told of in one turn. */
const catchUpsMax = 4;
/** Requests of one stream that are being worked on. */
const openRequestsMax = 16_384;

/**
 * One client stream: a session, or reads and watches only. Keeps a session's writes in the order of
 * their issue, and its reads behind the writes before them.
 */
export class SessionStream implements FrameHandler<IClientFrame>, Flowing {
  /** host:port of the client. */
  readonly address: string;
  isFirst = false;
  readonly #service: SessionService;
  readonly #stream: AcceptedStream<Encodable<IServerFrame>>;
  readonly #order = new SessionOrder();
  readonly #packer = new FramePacker();
  readonly #watches: StreamWatches;
  readonly #gate: QuotaGate;
  #hello: IHello | undefined;
  /** What came before the welcome could be sent. */
  #early: IClientFrame[] = [];
  #welcomed = false;
  #admitted = false;
  #acknowledged = 0;
  #open = 0;
  /** First write refused for want of room: what comes after it must not go before it. */
  #refusedFrom = Infinity;
  /** Writes from this number on were never sent before, here or elsewhere. */
  #newFrom = Infinity;
  /** Writes on their way through the log. */
  #submitted = 0;
  /** Reads that wait until the client has taken what was sent before. */
  #paced: (() => void)[] = [];
  #closed = false;
  /** What was on its way when it was last looked at, while the client does not take it. */
  #stuckBytes = 0;
  #stuckSinceMs = 0;

  constructor(
    service: SessionService,
    stream: AcceptedStream<Encodable<IServerFrame>>,
    address: string,
  ) {
    this.#service = service;
    this.address = address;
    this.#stream = stream;
    this.#gate = service.gate();
    this.#watches = new StreamWatches(service, this.#packer, () => service.flushSoon(this));
  }

  /** The session, 0 for a stream without one. */
  get session(): number {
    return this.#hello?.sessionId ?? 0;
  }

  /** Counted by the client from stream to stream of its session; 0: it does not count. */
  get attachment(): number {
    return this.#hello?.attachment ?? 0;
  }

  /** Region that the client says it is in. */
  get region(): string {
    return this.#hello?.region ?? "";
  }

  /** Watches on this stream. */
  get watchCount(): number {
    return this.#watches.size;
  }

  /** The stream has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  onFrame(frame: IClientFrame): void {
    if (this.#closed) return;
    if (this.#hello === undefined) {
      if (frame.hello === undefined) {
        return this.farewell({
          code: "BAD_ARGUMENTS",
          message: "the first frame of a session stream must carry hello",
        });
      }
      this.#hello = frame.hello;
      this.#early.push(frame);
      this.#service.open(this, frame.hello);
    } else if (this.#admitted) this.#handle(frame);
    else this.#keepEarly(frame);
  }

  /** The client has taken what was sent: the next part follows. */
  onDrain(): void {
    if (!this.#packer.isEmpty || this.#watches.isCatchingUp) this.#service.flushSoon(this);
  }

  onClose(): void {
    this.#closed = true;
    this.#watches.clear();
    this.#order.clear();
    this.#gate.clear();
    this.#packer.clear();
    this.#paced = [];
    this.#early = [];
    this.#service.forget(this);
  }

  /** The session was opened for this very stream: nothing was ever sent in it. */
  onOpened(): void {
    this.isFirst = true;
    this.#newFrom = 1;
  }

  /** Tells the client that the session is open, and begins with what it sent meanwhile. */
  welcome(welcome: Encodable<IWelcome>): void {
    if (this.#closed) return;
    this.#packer.welcome(welcome);
    this.#welcomed = true;
    // In its slice: a thousand sessions may be opened by one turn.
    this.#service.flushSoon(this);
  }

  /** Tells the client, which is not welcome yet, that it was heard. */
  hold(): void {
    if (!this.#closed) this.#stream.send({});
  }

  /** Ends the stream with a reason that the client can act on. */
  farewell(refusal: Refusal): void {
    if (this.#closed) return;
    if (this.#mayTell) {
      // Whoever reads slowly goes on from the last position that arrived.
      if (this.#isBlocked) this.#packer.dropReports();
      while (!this.#packer.isEmpty) this.#stream.sendEncoded(this.#packer.take());
    }
    this.#stream.send({ farewell: encodeRefusal(refusal) });
    this.#stream.close();
    this.onClose();
  }

  /** Sends what the client takes of what was collected. */
  flush(): void {
    if (this.#closed) return;
    this.#admit();
    if (!this.#mayTell) {
      if (!this.#packer.isEmpty) this.#service.waitToTell(this);
      return;
    }
    this.#send();
    for (let part = 0; this.#watches.isCatchingUp && !this.#isBlocked; part += 1) {
      if (part === catchUpsMax) {
        this.#service.flushSoon(this);
        break;
      }
      this.#watches.catchUp(this.#service.flow.windowBytes);
      this.#send();
    }
    this.#service.flow.block(this, !this.#packer.isEmpty);
    this.#bound();
    this.#goOn();
  }

  /** Whether the client still takes something, and what waits for it is within bounds. */
  onBlocked(nowMs: number): void {
    const { bufferedBytes } = this.#stream;
    if (bufferedBytes !== this.#stuckBytes) {
      this.#stuckBytes = bufferedBytes;
      this.#stuckSinceMs = nowMs;
    } else if (nowMs - this.#stuckSinceMs > stuckMaxMs) return this.#giveUp();
    this.#bound();
  }

  /** Tells the watches how far the node is, so that they can resume without a gap. */
  progress(report: WatchReport): void {
    // Who does not read has no use for it, and it would pile up.
    if (this.#watches.size > 0 && this.#packer.reports === 0) this.#watches.progress(report);
  }

  /**
   * Nothing is begun before the welcome is on its way: a client that is sent elsewhere without one
   * takes all that it sent along for not done, and may ask for it again in another session.
   */
  #admit(): void {
    if (this.#admitted || !this.#welcomed || !this.#mayTell) return;
    this.#admitted = true;
    this.#send();
    const early = this.#early;
    this.#early = [];
    for (const frame of early) this.#handle(frame);
  }

  /**
   * A client takes every answer as a sign that its session lives. Who has not reached the leader of
   * late does not know that.
   */
  get #mayTell(): boolean {
    return this.session === 0 || this.#service.member.vouches;
  }

  /** No more is sent before the client has taken something. */
  get #isBlocked(): boolean {
    return this.#stream.bufferedBytes >= this.#service.flow.windowBytes;
  }

  #send(): void {
    while (!this.#packer.isEmpty && !this.#isBlocked) {
      const room = this.#service.flow.windowBytes - this.#stream.bufferedBytes;
      this.#stream.sendEncoded(this.#packer.take(room));
    }
  }

  /** Cuts the watches of a client that does not read, at last the stream. */
  #bound(): void {
    if (this.#closed || this.#packer.isEmpty || !this.#isBlocked) return;
    const { reports, reportBytes } = this.#packer;
    if (reports > reportsMax || reportBytes > this.#service.flow.backlogBytes) this.#watches.cut();
    if (this.#packer.bytes > bufferedBytesMax) this.#giveUp();
  }

  /** Ends the stream without what was not taken. */
  #giveUp(): void {
    const { code, message } = tooSlow();
    this.#stream.close(new MeridianError(code, message));
    this.onClose();
  }

  #keepEarly(frame: IClientFrame): void {
    this.#early.push(frame);
    const requests = this.#early.reduce((sum, early) => sum + early.requests.length, 0);
    if (requests + this.#early.length <= openRequestsMax) return;
    this.farewell({ code: "OVERLOADED", message: "wait for the welcome", retryAfterMs: 100 });
  }

  #handle(frame: IClientFrame): void {
    if (this.session !== 0) this.#service.member.touch(this.session);
    this.#acknowledged = Math.max(this.#acknowledged, frame.acknowledged);
    for (const request of frame.requests) this.#accept(request);
    if (frame.goodbye) this.#service.closeSession(this);
    this.#service.flushSoon(this);
  }

  #accept(request: IRequest): void {
    const write = isWrite(request);
    if (this.#open >= openRequestsMax) {
      if (write) this.#noteRefused(request);
      return this.#answer(request.id, {
        error: encodeRefusal({
          code: "OVERLOADED",
          message: `more than ${openRequestsMax} operations are open on this stream`,
          retryAfterMs: 50,
        }),
      });
    }
    this.#open += 1;
    if (write) return this.#write(request);
    if (request.ping !== undefined) return this.#settle(request.id, {});
    const { reads, defaultDeadlineMs } = this.#service;
    const deadlineAtMs = reads.deadlineAtMs(request, defaultDeadlineMs);
    this.#order.afterWrites(() => {
      // A watch that is still told of the past would hold up its own end.
      const { unwatch } = request;
      const isAtOnce = unwatch !== undefined && this.#watches.isLate(unwatch.watch);
      if (!isAtOnce && (this.#waits || this.#paced.length > 0)) {
        this.#paced.push(() => this.#read(request, deadlineAtMs));
        return;
      }
      this.#read(request, deadlineAtMs);
    });
  }

  /** Reads wait for a client that takes its answers slowly, and for events of before. */
  get #waits(): boolean {
    if (this.#watches.isCatchingUp) return true;
    return this.#packer.bytes + this.#stream.bufferedBytes > pacedBytesMin;
  }

  #goOn(): void {
    let done = 0;
    while (done < this.#paced.length && !this.#waits) {
      this.#paced[done]?.();
      done += 1;
    }
    if (done > 0) this.#paced.splice(0, done);
  }

  #read(request: IRequest, deadlineAtMs: number): void {
    const { id, watch, unwatch } = request;
    if (unwatch !== undefined) return this.#unwatch(id, unwatch.watch);
    const { reads } = this.#service;
    if (watch === undefined) {
      return reads.execute(request, deadlineAtMs, (response) => this.#settle(id, response));
    }
    const refused = this.#watches.refuse(watch);
    if (refused !== undefined) return this.#settle(id, { error: encodeRefusal(refused) });
    reads.reach(watch.path, request.after, deadlineAtMs, (refusal) => {
      if (this.#closed) return;
      if (refusal === undefined) this.#watch(id, watch);
      else this.#settle(id, { error: encodeRefusal(refusal) });
    });
  }

  #watch(id: number, watch: IWatch): void {
    if (this.#watches.isCatchingUp) {
      // Another one was opened while this one waited for a position.
      this.#paced.push(() => this.#begin(id, watch));
      return;
    }
    this.#begin(id, watch);
  }

  #begin(id: number, watch: IWatch): void {
    const refusal = this.#watches.open(id, watch);
    if (refusal !== undefined) return this.#settle(id, { error: encodeRefusal(refusal) });
    this.#settle(id, { index: this.#service.member.tree.appliedIndex });
    this.#watches.catchUp(this.#service.flow.windowBytes);
  }

  #unwatch(id: number, watched: number): void {
    this.#watches.end(watched);
    this.#settle(id, {});
  }

  #write(request: IRequest): void {
    const operation = operationOf(request);
    const refusal = this.#refuseWrite(request, operation);
    if (refusal !== undefined || operation === undefined) {
      return this.#settle(request.id, encodeWriteRefusal(refusal ?? unknownWrite, operation));
    }
    const { sequence } = request;
    // One that comes again may be on its way from somewhere else: only the log knows its fate.
    const isNew = sequence >= this.#newFrom;
    if (isNew) this.#newFrom = sequence + 1;
    const { session, attachment } = this;
    const acknowledged = this.#acknowledged;
    const timeMs = this.#service.wallMs();
    const command = { session, sequence, acknowledged, timeMs, attachment, operation };
    const ticket = this.#order.begin();
    if (!this.#gate.concerns(command)) return this.#submit(request, command, ticket);
    this.#gate.offer({
      command,
      mayRefuse: () => isNew && this.#submitted === 0,
      pass: () => this.#submit(request, command, ticket),
      refuse: (refused) => this.#endWrite(request, ticket, encodeResult(refused)),
    });
  }

  #noteRefused({ sequence }: IRequest): void {
    if (sequence > 0) this.#refusedFrom = Math.min(this.#refusedFrom, sequence);
  }

  #refuseWrite(request: IRequest, operation: Operation | undefined): WriteRefusal | undefined {
    if (this.session === 0) {
      const message = "writes need a session: say hello with a session id, or use unary methods";
      return { code: "BAD_ARGUMENTS", message };
    }
    const { sequence } = request;
    const overtaken = this.#refuseOrder(request);
    if (overtaken !== undefined) return overtaken;
    return operation === undefined || sequence === 0
      ? unknownWrite
      : this.#service.checkWrite(operation);
  }

  #refuseOrder({ sequence }: IRequest): Refusal | undefined {
    if (sequence <= this.#refusedFrom) return undefined;
    const message = `write ${this.#refusedFrom} was refused for now and comes before ${sequence}`;
    return { code: "OVERLOADED", message, retryAfterMs: 50 };
  }

  #submit(request: IRequest, command: Command, ticket: number): void {
    if (this.#closed) return;
    const { sequence, session, attachment = 0 } = command;
    const service = this.#service;
    const bytes = encodeCommand(command);
    const refused = this.#refuseOrder(request) ?? service.refuseSize(bytes);
    if (refused !== undefined) {
      return this.#endWrite(request, ticket, { error: encodeRefusal(refused) });
    }
    const taken = service.member.submit({
      session,
      sequence,
      attachment,
      repeatable: true,
      bytes,
      deadlineAtMs: service.reads.deadlineAtMs(request, service.defaultDeadlineMs),
      done: (outcome) => this.#onOutcome(request, ticket, outcome),
    });
    if (taken) {
      this.#submitted += 1;
      if (sequence === this.#refusedFrom) this.#refusedFrom = Infinity;
      return;
    }
    this.#noteRefused(request);
    const message = "too many writes are waiting for the leader of this cluster";
    const { retryAfterMs } = this.#service.member;
    const refusal = { code: "OVERLOADED", message, retryAfterMs } as const;
    this.#endWrite(request, ticket, { error: encodeRefusal(refusal) });
  }

  #endWrite(request: IRequest, ticket: number, response: Encodable<IResponse>): void {
    this.#settle(request.id, response);
    this.#order.end(ticket);
  }

  #onOutcome(request: IRequest, ticket: number, outcome: WriteOutcome): void {
    this.#submitted -= 1;
    if (this.#closed) return;
    // It comes again under its number. What comes before that must not overtake it.
    if (outcome.kind !== "applied") this.#noteRefused(request);
    this.#endWrite(request, ticket, this.#service.responseOf(outcome, request.id));
  }

  #settle(id: number, response: Encodable<IResponse>): void {
    this.#open -= 1;
    this.#answer(id, response);
  }

  #answer(id: number, response: Encodable<IResponse>): void {
    if (this.#closed) return;
    this.#packer.respond(response.id === id ? response : { ...response, id });
    this.#service.flushSoon(this);
  }
}

const unknownWrite: Refusal = {
  code: "BAD_ARGUMENTS",
  message: "expected a write with its sequence number, of a kind known here",
};

function isWrite(request: IRequest): boolean {
  return (
    request.set !== undefined ||
    request.create !== undefined ||
    request.delete !== undefined ||
    request.multi !== undefined
  );
}
