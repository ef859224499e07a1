import type { FrameHandler, FrameStream } from "@meridian/transport";
import { type Operation, type Tree, validatePath } from "@meridian/tree";
import {
  type Encodable,
  type IClientFrame,
  type IHello,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatch,
  type IWatchEvents,
  type IWelcome,
} from "@meridian/wire";
import { encodeResult } from "./answer-codec.ts";
import { encodeCommand, operationOf } from "./command-codec.ts";
import { FramePacker } from "./frame-packer.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";
import { SessionOrder } from "./session-order.ts";
import type { SessionService } from "./session-service.ts";
import {
  isKnownKind,
  isOnce,
  type RegisteredWatch,
  watchesPerStreamMax,
} from "./watch-registry.ts";
import type { WriteOutcome } from "./write-queue.ts";

/** What the client has not taken; beyond it the stream is cut and the client resumes. */
const bufferedBytesMax = 8 * 1024 * 1024;
/** While so much waits to be taken, further reads wait too. */
const pacedBytesMin = 4 * 1024 * 1024;
/** Requests of one stream that are being worked on. */
const openRequestsMax = 16_384;

/**
 * One client stream: a session, or reads and watches only. Keeps a session's writes in the order of
 * their issue, and its reads behind the writes before them.
 */
export class SessionStream implements FrameHandler<IClientFrame> {
  /** host:port of the client. */
  readonly address: string;
  readonly #service: SessionService;
  readonly #stream: FrameStream<Encodable<IServerFrame>>;
  readonly #watches = new Map<number, RegisteredWatch>();
  readonly #order = new SessionOrder();
  readonly #packer = new FramePacker();
  #hello: IHello | undefined;
  /** What came before the welcome could be sent. */
  #early: IClientFrame[] = [];
  #welcomed = false;
  #admitted = false;
  #acknowledged = 0;
  #open = 0;
  /** First write refused for want of room: what comes after it must not go before it. */
  #refusedFrom = Infinity;
  /** Reads that wait until the client has taken what was sent before. */
  #paced: (() => void)[] = [];
  #closed = false;

  constructor(
    service: SessionService,
    stream: FrameStream<Encodable<IServerFrame>>,
    address: string,
  ) {
    this.#service = service;
    this.address = address;
    this.#stream = stream;
  }

  /** The session, 0 for a stream without one. */
  get session(): number {
    return this.#hello?.sessionId ?? 0;
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

  onClose(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) this.#service.watches.remove(watch);
    this.#watches.clear();
    this.#order.clear();
    this.#packer.clear();
    this.#paced = [];
    this.#early = [];
    this.#service.forget(this);
  }

  /** Tells the client that the session is open, and begins with what it sent meanwhile. */
  welcome(welcome: Encodable<IWelcome>): void {
    if (this.#closed) return;
    this.#packer.welcome(welcome);
    this.#welcomed = true;
    this.#admit();
    this.#service.flushSoon(this);
  }

  /** Ends the stream with a reason that the client can act on. */
  farewell(refusal: Refusal): void {
    if (this.#closed) return;
    if (this.#mayTell) this.#send();
    this.#stream.send({ farewell: encodeRefusal(refusal) });
    this.#stream.close();
    this.onClose();
  }

  /** Sends what was collected in this turn. False: something has to wait for a later turn. */
  flush(): boolean {
    if (this.#closed) return true;
    this.#admit();
    if (this.#mayTell) this.#send();
    if (this.#packer.bytes + this.#stream.bufferedBytes > bufferedBytesMax) {
      this.farewell({
        code: "OVERLOADED",
        message: "the client did not take its answers and events: resume from the last positions",
      });
      return true;
    }
    this.#goOn();
    return this.#packer.isEmpty && this.#paced.length === 0;
  }

  /** Tells the watches how far the node is, so that they can resume without a gap. */
  progress(positions: NonNullable<Encodable<IWatchEvents>["positions"]>): void {
    if (this.#watches.size === 0) return;
    for (const id of this.#watches.keys()) this.#packer.report({ watch: id, positions });
    this.#service.flushSoon(this);
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

  #send(): void {
    if (this.#packer.isEmpty) return;
    for (const frame of this.#packer.take()) this.#stream.send(frame);
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
    this.#order.afterWrites(() => this.#pace(() => this.#read(request, deadlineAtMs)));
  }

  #pace(read: () => void): void {
    const waits = this.#packer.bytes + this.#stream.bufferedBytes > pacedBytesMin;
    if (waits || this.#paced.length > 0) this.#paced.push(read);
    else read();
  }

  #goOn(): void {
    let done = 0;
    while (
      done < this.#paced.length &&
      this.#packer.bytes + this.#stream.bufferedBytes <= pacedBytesMin
    ) {
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
    const refused = this.#refuseWatch(id, watch);
    if (refused !== undefined) return this.#settle(id, { error: encodeRefusal(refused) });
    reads.reach(watch.path, request.after, deadlineAtMs, (refusal) => {
      const why = refusal ?? this.#refuseWatch(id, watch);
      if (why === undefined) this.#watch(id, watch);
      else this.#settle(id, { error: encodeRefusal(why) });
    });
  }

  #watch(id: number, watch: IWatch): void {
    if (this.#closed) return;
    const { tree } = this.#service.member;
    const own = this.#service.position();
    let over = false;
    const outcome = this.#service.watches.add(id, watch, tree, own, (events) => {
      if (isOnce(watch.kind) && (events.events ?? []).length > 0) {
        over = true;
        this.#watches.delete(id);
      }
      this.#packer.report(events);
      this.#service.flushSoon(this);
    });
    if (!outcome.ok) return this.#settle(id, { error: encodeRefusal(outcome.refusal) });
    if (!over) this.#watches.set(id, outcome.watch);
    this.#settle(id, { index: tree.appliedIndex });
  }

  #refuseWatch(id: number, { path, kind }: IWatch): Refusal | undefined {
    const fault = validatePath(path);
    if (fault !== undefined) return { code: "BAD_PATH", message: fault };
    if (!isKnownKind(kind)) {
      return { code: "UNSUPPORTED", message: `this version knows no watches of kind ${kind}` };
    }
    if (this.#watches.has(id)) {
      return { code: "BAD_ARGUMENTS", message: `watch ${id} exists already on this stream` };
    }
    if (this.#watches.size < watchesPerStreamMax) return undefined;
    const message = `a stream may have ${watchesPerStreamMax} watches`;
    return { code: "QUOTA_EXCEEDED", message };
  }

  #unwatch(id: number, watched: number): void {
    const watch = this.#watches.get(watched);
    this.#watches.delete(watched);
    if (watch !== undefined) this.#service.watches.remove(watch);
    this.#settle(id, {});
  }

  #write(request: IRequest): void {
    const refusal = this.#refuseWrite(request) ?? this.#submit(request);
    if (refusal === undefined) return;
    if (refusal.code === "OVERLOADED") this.#noteRefused(request);
    this.#settle(request.id, { error: encodeRefusal(refusal) });
  }

  #noteRefused({ sequence }: IRequest): void {
    if (sequence > 0) this.#refusedFrom = Math.min(this.#refusedFrom, sequence);
  }

  #refuseWrite({ sequence }: IRequest): Refusal | undefined {
    if (this.session === 0) {
      const message = "writes need a session: say hello with a session id, or use unary methods";
      return { code: "BAD_ARGUMENTS", message };
    }
    if (sequence <= this.#refusedFrom) return undefined;
    const message = `write ${this.#refusedFrom} was refused for now and comes before ${sequence}`;
    return { code: "OVERLOADED", message, retryAfterMs: 50 };
  }

  #submit(request: IRequest): Refusal | undefined {
    const { sequence } = request;
    const operation = operationOf(request);
    if (operation === undefined || sequence === 0) {
      const message = "expected a write with its sequence number, of a kind known here";
      return { code: "BAD_ARGUMENTS", message };
    }
    const service = this.#service;
    const bytes = this.#encode(operation, sequence);
    const refused = service.refuseWrite(operation) ?? service.refuseSize(bytes);
    if (refused !== undefined) return refused;
    const ticket = this.#order.begin();
    const taken = service.member.submit({
      session: this.session,
      sequence,
      repeatable: true,
      bytes,
      deadlineAtMs: service.reads.deadlineAtMs(request, service.defaultDeadlineMs),
      done: (outcome) => this.#onOutcome(request, ticket, outcome),
    });
    if (taken) {
      if (sequence === this.#refusedFrom) this.#refusedFrom = Infinity;
      return undefined;
    }
    this.#order.end(ticket);
    const message = "too many writes are waiting for the leader of this cluster";
    return { code: "OVERLOADED", message, retryAfterMs: 50 };
  }

  #encode(operation: Operation, sequence: number): Uint8Array {
    const { session } = this;
    const timeMs = this.#service.wallMs();
    return encodeCommand({
      session,
      sequence,
      acknowledged: this.#acknowledged,
      timeMs,
      operation,
    });
  }

  #onOutcome(request: IRequest, ticket: number, outcome: WriteOutcome): void {
    if (this.#closed) return;
    // It comes again under its number. What comes before that must not overtake it.
    if (outcome.kind !== "applied") this.#noteRefused(request);
    this.#settle(request.id, this.#service.responseOf(outcome));
    this.#order.end(ticket);
  }

  #settle(id: number, response: Encodable<IResponse>): void {
    this.#open -= 1;
    this.#answer(id, response);
  }

  #answer(id: number, response: Encodable<IResponse>): void {
    if (this.#closed) return;
    this.#packer.respond({ ...response, id });
    this.#service.flushSoon(this);
  }
}

function isWrite(request: IRequest): boolean {
  return (
    request.set !== undefined ||
    request.create !== undefined ||
    request.delete !== undefined ||
    request.multi !== undefined
  );
}

/** The response of a write that was applied. */
export function appliedResponse(
  outcome: Extract<WriteOutcome, { kind: "applied" }>,
  tree: Tree,
): Encodable<IResponse> {
  const { result, index } = outcome.applied;
  return { ...encodeResult(result), index: Math.max(index, tree.appliedIndex) };
}
