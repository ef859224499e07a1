import type {
  AcceptedStream,
  Caller,
  Executed,
  FrameHandler,
  FrameStream,
  WatchHandler,
} from "@meridian/transport";
import {
  type Applied,
  type Operation,
  type Position,
  type Refused,
  validatePath,
} from "@meridian/tree";
import {
  Consistency,
  type Encodable,
  type IClientConnection,
  type IClientFrame,
  type IHello,
  type IRequest,
  type IResponse,
  type IServerFrame,
  type IWatch,
  type IWatchEvents,
  type IWelcome,
  Tier,
} from "@meridian/wire";
import { defaultLimits } from "@meridian/consensus";
import { Arrivals } from "./arrivals.ts";
import { appliedResponse, encodeResult } from "./answer-codec.ts";
import { encodeCommand, operationOf } from "./command-codec.ts";
import { type Clock, inStep } from "./clock.ts";
import type { Member } from "./member.ts";
import { QuotaGate } from "./quota-gate.ts";
import { Outflow } from "./outflow.ts";
import { Reads } from "./reads.ts";
import { encodeRefusal, type Refusal } from "./refusal.ts";
import { expired, isPassing, wrongSecret } from "./hello-refusals.ts";
import { SessionHolders } from "./session-holders.ts";
import { SessionStream } from "./session-stream.ts";
import { isKnownKind } from "./watch-events.ts";
import { WatchRegistry } from "./watch-registry.ts";
import { WatchReport } from "./watch-report.ts";
import { WatchStream } from "./watch-stream.ts";
import { checkWrite, encodeWriteRefusal, type WriteRefusal } from "./write-check.ts";
import type { WriteOutcome } from "./write-queue.ts";

/** Bounds that a session's timeout is negotiated within. */
export interface SessionLimits {
  readonly timeoutMinMs: number;
  readonly timeoutMaxMs: number;
  /** Client streams of this node. */
  readonly streamsMax: number;
}

/** Deadline of operations that name none. */
const defaultDeadlineMs = 30_000;
/** How often watches hear how far the node is although nothing concerns them. */
const progressPeriodMs = 5_000;
const sweepPeriodMs = 100;
/**
 * Sessions that one sweep sends to another member: of a great many the others leave by themselves,
 * at different times, as nobody answers them.
 */
const sentElsewhereMax = 25;

const tiers = { global: Tier.GLOBAL, regional: Tier.REGIONAL, edge: Tier.EDGE } as const;

/**
 * The client-facing service of a node: sessions, reads, writes and watches on one kind of stream.
 */
export class SessionService {
  readonly member: Member;
  readonly reads: Reads;
  readonly watches: WatchRegistry = new WatchRegistry();
  readonly defaultDeadlineMs: number = defaultDeadlineMs;
  /** What the streams have to say, on its way. */
  readonly flow: Outflow;
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #random: () => number;
  readonly #streams = new Set<SessionStream>();
  /** Streams of watches without a session. */
  readonly #watchers = new Set<WatchStream>();
  readonly #holders: SessionHolders<SessionStream>;
  readonly #arrivals: Arrivals<SessionStream>;
  /** Streams that have something to say which this node must not say now. */
  readonly #untold = new Set<SessionStream>();
  readonly #timers: (() => void)[];
  /** Who is told next how far this node is; a round takes `progressPeriodMs`. */
  #round: Iterator<SessionStream | WatchStream> = [].values();
  #roundDebt = 0;

  constructor(member: Member, clock: Clock, random: () => number, limits: SessionLimits) {
    this.member = member;
    this.reads = new Reads(member, clock);
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
    this.flow = new Outflow(clock);
    this.#holders = new SessionHolders({
      drawTicket: () => this.#drawTicket(),
      submit: (operation, done) => this.#submitOwn(operation, done),
      noLeader: () => this.#noLeader(),
    });
    this.#arrivals = new Arrivals(clock, random, (stream, hello) => this.#open(stream, hello));
    this.#timers = [inStep(clock, sweepPeriodMs, () => this.#sweep())];
  }

  /** Streams connected. */
  get connections(): number {
    return this.#streams.size + this.#watchers.size;
  }

  /** Accepts a client's stream. */
  accept(
    stream: AcceptedStream<Encodable<IServerFrame>>,
    caller?: Caller,
  ): FrameHandler<IClientFrame> {
    const session = new SessionStream(this, stream, caller?.address ?? "");
    this.#streams.add(session);
    if (this.connections > this.#limits.streamsMax) session.farewell(this.#full());
    return session;
  }

  /**
   * The node applied something: watches fire, waiting reads go on, sessions that ended are told.
   */
  onApplied(applied: Applied): void {
    const { tree } = this.member;
    for (const transaction of applied.transactions) this.watches.notify(transaction, tree);
    if (applied.attached !== undefined) this.#holders.onAttached(applied.attached);
    for (const session of applied.endedSessions) {
      this.#holders.get(session)?.farewell({
        code: "SESSION_EXPIRED",
        message: `session ${session} has ended`,
      });
    }
  }

  /** The tree was replaced: clients come back and resume from their positions. */
  onRestored(): void {
    this.drain({ code: "NOT_LEADER", message: "this node caught up by a snapshot: resume" });
  }

  /** A turn has ended: sends what was collected. */
  onTurnEnd(): void {
    this.reads.settle();
    if (this.#untold.size > 0 && this.member.vouches) this.#tellAll();
    this.flow.flush();
  }

  /** Sends a stream's answers at the end of the turn. */
  flushSoon(stream: SessionStream): void {
    this.flow.soon(stream);
  }

  /** The stream is looked at again when this node may say that sessions live. */
  waitToTell(stream: SessionStream): void {
    this.#untold.add(stream);
  }

  /** Opens or resumes the session of a hello, in its turn. */
  open(stream: SessionStream, hello: IHello): void {
    this.#arrivals.add(stream, hello);
  }

  #open(stream: SessionStream, hello: IHello): void {
    if (!this.member.takesPart) return this.#arrivals.refuse(stream, this.#outside());
    if (hello.sessionId === 0) return this.#welcome(stream, hello);
    const refusal = this.#refuseHello(hello);
    if (refusal !== undefined) {
      if (isPassing(refusal)) return this.#arrivals.refuse(stream, refusal);
      return stream.farewell(refusal);
    }
    const known = this.member.tree.session(hello.sessionId);
    if (known !== undefined) {
      if (Buffer.compare(known.secret, hello.secret) === 0) return this.#welcome(stream, hello);
      return stream.farewell(wrongSecret(hello));
    }
    if (hello.create) return this.#create(stream, hello);
    // This node may only be behind: ask the leader before calling a session expired.
    const deadlineAtMs = this.#clock.nowMs() + this.#granted(hello.timeoutMs);
    this.member.barrier(deadlineAtMs, (passed) => {
      if (stream.closed) return;
      if (!passed) return stream.farewell(this.#noLeader());
      const found = this.member.tree.session(hello.sessionId);
      if (found === undefined) return stream.farewell(expired(hello.sessionId));
      if (Buffer.compare(found.secret, hello.secret) === 0) return this.#welcome(stream, hello);
      stream.farewell(wrongSecret(hello));
    });
  }

  /** Ends a session at its owner's wish. */
  closeSession(stream: SessionStream): void {
    const { session } = stream;
    if (session === 0) return stream.farewell({ code: "SESSION_EXPIRED", message: "goodbye" });
    this.#submitOwn({ kind: "close-session", session }, () => {
      stream.farewell({ code: "SESSION_EXPIRED", message: `session ${session} was closed` });
    });
  }

  /** Ends a session at an operator's wish. */
  end(session: number): Promise<WriteOutcome> {
    return new Promise((done) => this.#submitOwn({ kind: "close-session", session }, done));
  }

  /** The connection of a session's client, if it has one here. */
  connectionOf(session: number): Encodable<IClientConnection> | undefined {
    const stream = this.#holders.get(session);
    if (stream === undefined) return undefined;
    const { region, address, watchCount: watches } = stream;
    return { region, address, watches };
  }

  /** The stream has ended. */
  forget(stream: SessionStream): void {
    this.#streams.delete(stream);
    this.#untold.delete(stream);
    this.flow.forget(stream);
    this.#holders.forget(stream);
  }

  /** Where the node's own cluster stands. */
  position(): Position {
    const { place, incarnation, tree } = this.member;
    return { cluster: place.cluster, incarnation, index: tree.appliedIndex };
  }

  wallMs(): number {
    return Math.floor(this.#clock.wallMs());
  }

  /** Refuses early what the tree would refuse anyway, so that it costs no log entry. */
  checkWrite(operation: Operation): WriteRefusal | undefined {
    return checkWrite(this.member, operation, () => this.#outside());
  }

  /** What refuses writes early for which there is no room. */
  gate(): QuotaGate {
    return new QuotaGate(this.member, this.#clock);
  }

  /** The log takes no larger command, now or later. */
  refuseSize(command: Uint8Array): Refusal | undefined {
    const { entryBytesMax } = defaultLimits;
    if (command.byteLength <= entryBytesMax) return undefined;
    const message = `a write may have ${entryBytesMax} bytes, this one has ${command.byteLength}`;
    return { code: "TOO_LARGE", message };
  }

  /** The response to a write, by its outcome. `id`: of the request. */
  responseOf(outcome: WriteOutcome, id: number): Encodable<IResponse> {
    switch (outcome.kind) {
      case "applied": {
        const { place, tree } = this.member;
        const consistency = place.tier === "global" ? Consistency.STRICT : Consistency.REGIONAL;
        return appliedResponse(outcome.applied, tree.appliedIndex, consistency, id);
      }
      case "unavailable":
        return { error: encodeRefusal(this.#noLeader()) };
      case "unknown":
        return {
          error: encodeRefusal({
            code: "UNKNOWN",
            message: "the write was handed over and not seen again in time: it may yet be applied",
          }),
        };
    }
  }

  /** One operation without a session, for simple tools. */
  async answer(request: IRequest, caller: Caller): Promise<Executed> {
    const deadlineAtMs = this.#clock.nowMs() + (caller.deadlineMs ?? defaultDeadlineMs);
    const operation = operationOf(request);
    const response = await new Promise<Executed["response"]>((resolve) => {
      if (!this.member.takesPart) resolve({ error: encodeRefusal(this.#outside()) });
      else if (operation === undefined) this.reads.execute(request, deadlineAtMs, resolve);
      else this.#execute(operation, deadlineAtMs, resolve);
    });
    return { response, servedBy: this.identity() };
  }

  /** A watch without a session, for simple tools. */
  watch(watch: IWatch, stream: FrameStream<Encodable<IWatchEvents>>): WatchHandler {
    const watcher = new WatchStream(this, stream, () => this.#watchers.delete(watcher));
    const refused = this.#refuseWatch(watch);
    if (refused === undefined) {
      this.#watchers.add(watcher);
      watcher.open(watch);
    } else watcher.close(refused);
    return watcher;
  }

  #refuseWatch({ path, kind }: IWatch): Refusal | undefined {
    const fault = validatePath(path);
    if (fault !== undefined) return { code: "BAD_PATH", message: fault };
    if (!this.member.takesPart) return this.#outside();
    if (this.connections >= this.#limits.streamsMax) return this.#full();
    if (isKnownKind(kind)) return undefined;
    return { code: "UNSUPPORTED", message: `this version knows no watches of kind ${kind}` };
  }

  #full(): Refusal {
    const message = `this node serves ${this.#limits.streamsMax} streams already: try another`;
    return { code: "OVERLOADED", message, retryAfterMs: 1_000 };
  }

  /** A write without a session; tried once. */
  #execute(
    operation: Operation,
    deadlineAtMs: number,
    done: (response: Encodable<IResponse>) => void,
  ): void {
    const refusal = this.checkWrite(operation);
    if (refusal !== undefined) return done(encodeWriteRefusal(refusal, operation));
    const finish = (outcome: WriteOutcome): void => done(this.responseOf(outcome, 0));
    const pass = (): void => {
      const refused = this.member.serving
        ? this.#submit(operation, deadlineAtMs, finish)
        : this.#noLeader();
      if (refused !== undefined) done({ error: encodeRefusal(refused) });
    };
    const timeMs = this.wallMs();
    const command = { session: 0, sequence: 0, acknowledged: 0, timeMs, operation };
    const refuse = (refused: Refused): void => done(encodeResult(refused));
    // Without a session there is no order to be kept: each waits for itself.
    this.gate().offer({ command, mayRefuse: () => true, pass, refuse });
  }

  /** Sends every client elsewhere, for example because this node stops. */
  drain(refusal: Refusal): void {
    for (const stream of this.#streams) stream.farewell(refusal);
    for (const watcher of this.#watchers) watcher.close(refusal);
  }

  /** Ends the service. */
  stop(): void {
    for (const cancel of this.#timers) cancel();
    this.#arrivals.stop();
    this.reads.expire(Infinity);
    this.drain({ code: "NOT_LEADER", message: "this node is stopping: go on at another" });
  }

  #create(stream: SessionStream, hello: IHello): void {
    const session = hello.sessionId;
    const operation: Operation = {
      kind: "open-session",
      session,
      secret: hello.secret,
      timeoutMs: this.#granted(hello.timeoutMs),
    };
    // What follows hello waits: the session may exist, with another secret, and not be known here.
    this.#submitOwn(operation, (outcome) => {
      if (stream.closed) return;
      if (outcome.kind !== "applied") return stream.farewell(this.#noLeader());
      const { result } = outcome.applied;
      if (outcome.applied.isOpened === true) stream.onOpened();
      if (result.kind !== "failed") return this.#welcome(stream, hello);
      stream.farewell(result.code === "BAD_ARGUMENTS" ? wrongSecret(hello) : result);
    });
  }

  #refuseHello(hello: IHello): Refusal | undefined {
    const { place } = this.member;
    if (place.tier === "edge") {
      const message = "an edge has no sessions: say hello with session id 0";
      return { code: "UNSUPPORTED", message, hint: place.cluster };
    }
    if (hello.secret.byteLength !== 16 || hello.sessionId > 2 ** 52) {
      const message = "expected a session id of 1 .. 2^52 and a secret of 16 bytes";
      return { code: "BAD_ARGUMENTS", message };
    }
    return this.member.serving ? undefined : this.#noLeader();
  }

  /** Who serves here: the part of a welcome that is the same for everybody. */
  identity(): Encodable<IWelcome> {
    const { place, incarnation, leader = "" } = this.member;
    const { cluster, region, node, tier } = place;
    return { cluster, incarnation, region, node, tier: tiers[tier], leader };
  }

  #welcome(stream: SessionStream, hello: IHello): void {
    const session = this.member.tree.session(hello.sessionId);
    if (session !== undefined) {
      if (!this.#holders.take(stream, session)) return;
      this.member.touch(session.id);
    }
    stream.welcome({
      ...this.identity(),
      sessionId: hello.sessionId,
      timeoutMs: session?.timeoutMs ?? 0,
      appliedSequence: session?.appliedSequence ?? 0,
    });
  }

  #granted(timeoutMs: number): number {
    const { timeoutMinMs, timeoutMaxMs } = this.#limits;
    return Math.min(Math.max(timeoutMs, timeoutMinMs), timeoutMaxMs);
  }

  #submitOwn(operation: Operation, done: (outcome: WriteOutcome) => void): void {
    const deadlineAtMs = this.#clock.nowMs() + defaultDeadlineMs;
    if (this.#submit(operation, deadlineAtMs, done) !== undefined) done({ kind: "unavailable" });
  }

  /** A random ticket finds the answer of a write without a session again. */
  #submit(
    operation: Operation,
    deadlineAtMs: number,
    done: (outcome: WriteOutcome) => void,
  ): Refusal | undefined {
    const sequence = this.#drawTicket();
    const command = { session: 0, sequence, acknowledged: 0, timeMs: this.wallMs(), operation };
    const bytes = encodeCommand(command);
    const refused = this.refuseSize(bytes);
    if (refused !== undefined) return refused;
    const repeatable = operation.kind.endsWith("-session");
    const write = { session: 0, sequence, repeatable, bytes, deadlineAtMs, done };
    if (this.member.submit(write)) return undefined;
    const message = "too many writes are waiting for the leader of this cluster";
    const { retryAfterMs } = this.member;
    return { code: "OVERLOADED", message, retryAfterMs };
  }

  #drawTicket(): number {
    return 1 + Math.floor(this.#random() * 2 ** 52);
  }

  #noLeader(): Refusal {
    const { node, cluster } = this.member.place;
    return this.#elsewhere(`cluster ${cluster} has no leader that ${node} can reach`);
  }

  #outside(): Refusal {
    const { node, cluster } = this.member.place;
    return this.#elsewhere(`${node} takes no part in cluster ${cluster} yet`);
  }

  #elsewhere(why: string): Refusal {
    const { place, leader = "" } = this.member;
    const code = place.tier === "global" ? "GLOBAL_UNAVAILABLE" : "NOT_LEADER";
    return { code, message: `${why}: try another member`, hint: leader };
  }

  /** A part of the sessions: all at once, they would come to the other members at once. */
  #sendElsewhere(): void {
    let left = sentElsewhereMax;
    for (const stream of this.#streams) {
      if (stream.session === 0) continue;
      stream.farewell(this.#noLeader());
      left -= 1;
      if (left === 0) break;
    }
  }

  #tellAll(): void {
    for (const stream of this.#untold) this.flow.soon(stream);
    this.#untold.clear();
  }

  /** Tells the next ones of the round how far this node is: not all at the same time. */
  #progress(): void {
    if (this.watches.size === 0) return;
    const report = WatchReport.ofProgress([
      this.position(),
      ...this.member.tree.cursors().values(),
    ]);
    this.#roundDebt += (this.connections * sweepPeriodMs) / progressPeriodMs;
    for (; this.#roundDebt >= 1; this.#roundDebt -= 1) {
      let next = this.#round.next();
      if (next.done === true) {
        this.#round = this.#everybody();
        next = this.#round.next();
      }
      if (next.done !== true) next.value.progress(report);
    }
  }

  *#everybody(): Generator<SessionStream | WatchStream, undefined> {
    yield* this.#streams;
    yield* this.#watchers;
    return undefined;
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    this.reads.expire(nowMs);
    this.flow.watch(nowMs);
    this.#progress();
    if (this.member.vouches) this.#tellAll();
    this.flow.flush();
    if (!this.member.serving) this.#sendElsewhere();
  }
}
