import type { FrameHandler, FrameStream } from "@meridian/transport";
import { type Tree, validatePath } from "@meridian/tree";
import {
  type Encodable,
  type IClientFrame,
  type IHello,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatchEvents,
  type IWelcome,
} from "@meridian/wire";
import { encodeResult } from "./answer-codec.ts";
import { encodeCommand, operationOf } from "./command-codec.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";
import type { SessionService } from "./session-service.ts";
import { type RegisteredWatch, watchesPerStreamMax } from "./watch-registry.ts";
import type { WriteOutcome } from "./write-queue.ts";

/** Answers and events that the client has not taken; beyond it the stream is cut and the client resumes. */
const bufferedBytesMax = 8 * 1024 * 1024;
/** Requests of one stream that are being worked on. */
const openRequestsMax = 16_384;

/** One client stream: a session, or reads and watches only. Keeps a session's operations in the order of their issue. */
export class SessionStream implements FrameHandler<IClientFrame> {
  readonly #service: SessionService;
  readonly #stream: FrameStream<Encodable<IServerFrame>>;
  readonly #watches = new Map<number, RegisteredWatch>();
  #hello: IHello | undefined;
  #acknowledged = 0;
  #open = 0;
  /** Writes not yet answered; reads behind them wait, so that a session sees its own writes. */
  #unsettledWrites = 0;
  readonly #heldReads: { readonly behind: number; readonly request: IRequest }[] = [];
  #writesSubmitted = 0;
  #writesSettled = 0;
  #responses: Encodable<IResponse>[] = [];
  #events: Encodable<IWatchEvents>[] = [];
  #welcome: Encodable<IWelcome> | undefined;
  #closed = false;

  constructor(service: SessionService, stream: FrameStream<Encodable<IServerFrame>>) {
    this.#service = service;
    this.#stream = stream;
  }

  /** The session, 0 for a stream without one. */
  get session(): number {
    return this.#hello?.sessionId ?? 0;
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
      this.#service.open(this, frame.hello);
      if (this.#closed) return;
    }
    if (this.session !== 0) this.#service.member.touch(this.session);
    this.#acknowledged = Math.max(this.#acknowledged, frame.acknowledged);
    for (const request of frame.requests) this.#accept(request);
    if (frame.goodbye) this.#service.closeSession(this);
    this.#service.flushSoon(this);
  }

  onClose(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) this.#service.watches.remove(watch);
    this.#watches.clear();
    this.#service.forget(this);
  }

  /** Tells the client that the session is open. */
  welcome(welcome: Encodable<IWelcome>): void {
    this.#welcome = welcome;
    this.#service.flushSoon(this);
  }

  /** Ends the stream with a reason that the client can act on. */
  farewell(refusal: Refusal): void {
    if (this.#closed) return;
    this.flush();
    this.#stream.send({ farewell: encodeRefusal(refusal) });
    this.#stream.close();
    this.onClose();
  }

  /** Sends what was collected in this turn as one frame. */
  flush(): void {
    if (this.#closed) return;
    const idle = this.#responses.length === 0 && this.#events.length === 0;
    if (idle && this.#welcome === undefined) return;
    this.#stream.send({
      welcome: this.#welcome,
      responses: this.#responses,
      events: this.#events,
    });
    this.#welcome = undefined;
    this.#responses = [];
    this.#events = [];
    if (this.#stream.bufferedBytes > bufferedBytesMax) {
      this.farewell({
        code: "OVERLOADED",
        message: "the client did not take its answers and events: resume from the last positions",
      });
    }
  }

  /** Tells the watches how far the node is, so that they can resume without a gap after a quiet time. */
  progress(positions: NonNullable<Encodable<IWatchEvents>["positions"]>): void {
    for (const id of this.#watches.keys()) this.#events.push({ watch: id, positions });
    this.flush();
  }

  #accept(request: IRequest): void {
    if (this.#open >= openRequestsMax) {
      return this.#answer(request.id, {
        error: encodeRefusal({
          code: "OVERLOADED",
          message: `more than ${openRequestsMax} operations are open on this stream`,
          retryAfterMs: 50,
        }),
      });
    }
    this.#open += 1;
    if (isWrite(request)) return this.#write(request);
    if (this.#unsettledWrites > 0) {
      this.#heldReads.push({ behind: this.#writesSubmitted, request });
    } else {
      this.#read(request);
    }
  }

  #read(request: IRequest): void {
    if (request.ping !== undefined) return this.#settle(request.id, {});
    if (request.watch !== undefined) return this.#watch(request);
    if (request.unwatch !== undefined) return this.#unwatch(request, request.unwatch.watch);
    const { reads } = this.#service;
    const deadlineAtMs = reads.deadlineAtMs(request, this.#service.defaultDeadlineMs);
    reads.execute(request, deadlineAtMs, (response) => this.#settle(request.id, response));
  }

  #watch(request: IRequest): void {
    const { watch, id } = request;
    if (watch === undefined) return;
    const refused = this.#refuseWatch(id, watch.path);
    if (refused !== undefined) return this.#settle(id, { error: encodeRefusal(refused) });
    const { tree } = this.#service.member;
    const own = this.#service.position();
    const outcome = this.#service.watches.add(id, watch, tree, own, (events) => {
      this.#events.push(events);
      this.#service.flushSoon(this);
    });
    if (!outcome.ok) return this.#settle(id, { error: encodeRefusal(outcome.refusal) });
    this.#watches.set(id, outcome.watch);
    this.#settle(id, { index: tree.appliedIndex });
  }

  #refuseWatch(id: number, path: string): Refusal | undefined {
    const fault = validatePath(path);
    if (fault !== undefined) return { code: "BAD_PATH", message: fault };
    if (this.#watches.has(id)) {
      return { code: "BAD_ARGUMENTS", message: `watch ${id} exists already on this stream` };
    }
    if (this.#watches.size < watchesPerStreamMax) return undefined;
    const message = `a stream may have ${watchesPerStreamMax} watches`;
    return { code: "QUOTA_EXCEEDED", message };
  }

  #unwatch(request: IRequest, id: number): void {
    const watch = this.#watches.get(id);
    this.#watches.delete(id);
    if (watch !== undefined) this.#service.watches.remove(watch);
    this.#settle(request.id, {});
  }

  #write(request: IRequest): void {
    const refusal = this.#submit(request);
    if (refusal !== undefined) this.#settle(request.id, { error: encodeRefusal(refusal) });
  }

  #submit(request: IRequest): Refusal | undefined {
    const { member } = this.#service;
    if (this.session === 0) {
      const message = "writes need a session: say hello with a session id, or use the unary methods";
      return { code: "BAD_ARGUMENTS", message };
    }
    const operation = operationOf(request);
    if (operation === undefined || request.sequence === 0) {
      const message = "expected a write with its sequence number, of a kind known to this version";
      return { code: "BAD_ARGUMENTS", message };
    }
    const refused = this.#service.refuseWrite(operation);
    if (refused !== undefined) return refused;
    this.#writesSubmitted += 1;
    this.#unsettledWrites += 1;
    const { sequence } = request;
    const taken = member.submit({
      session: this.session,
      sequence,
      repeatable: true,
      bytes: encodeCommand({
        session: this.session,
        sequence,
        acknowledged: this.#acknowledged,
        timeMs: this.#service.wallMs(),
        operation,
      }),
      deadlineAtMs: this.#service.reads.deadlineAtMs(request, this.#service.defaultDeadlineMs),
      done: (outcome) => this.#onOutcome(request.id, outcome),
    });
    if (taken) return undefined;
    this.#writesSubmitted -= 1;
    this.#unsettledWrites -= 1;
    const message = "too many writes are waiting for the leader of this cluster";
    return { code: "OVERLOADED", message, retryAfterMs: 50 };
  }

  #onOutcome(id: number, outcome: WriteOutcome): void {
    this.#unsettledWrites -= 1;
    this.#writesSettled += 1;
    this.#settle(id, this.#service.responseOf(outcome));
    while ((this.#heldReads[0]?.behind ?? Infinity) <= this.#writesSettled) {
      const held = this.#heldReads.shift();
      if (held !== undefined) this.#read(held.request);
    }
  }

  #settle(id: number, response: Encodable<IResponse>): void {
    this.#open -= 1;
    this.#answer(id, response);
  }

  #answer(id: number, response: Encodable<IResponse>): void {
    if (this.#closed) return;
    this.#responses.push({ ...response, id });
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
