import type { Applied, Command } from "@meridian/tree";
import { DrainRate } from "./drain-rate.ts";

/** How a write ended. */
export type WriteOutcome =
  | { readonly kind: "applied"; readonly applied: Applied }
  /** Never left this node: certainly not applied by this attempt. */
  | { readonly kind: "unavailable" }
  /** Left this node and was not seen again in time: it may still be applied. */
  | { readonly kind: "unknown" };

/** A write that is to go through the log. */
export interface OfferedWrite {
  readonly session: number;
  readonly sequence: number;
  /** Attachment of the session that it came by. Default 0: not counted. */
  readonly attachment?: number;
  readonly bytes: Uint8Array;
  readonly deadlineAtMs: number;
  /** Applying it twice does no harm: a session's number protects it, or it is idempotent. */
  readonly repeatable: boolean;
  /** Called once. */
  readonly done: (outcome: WriteOutcome) => void;
}

/** A write on its way through the log. */
export class PendingWrite {
  readonly session: number;
  readonly sequence: number;
  readonly attachment: number;
  readonly bytes: Uint8Array;
  readonly repeatable: boolean;
  deadlineAtMs: number;
  done: (outcome: WriteOutcome) => void;
  /** Handed to a leader at least once. */
  sent = false;
  settled = false;
  /** When the queue took it. */
  takenAtMs = 0;

  // Field by field: a spread of as many fields makes an object of fifteen hundred bytes.
  constructor(write: OfferedWrite) {
    this.session = write.session;
    this.sequence = write.sequence;
    this.attachment = write.attachment ?? 0;
    this.bytes = write.bytes;
    this.repeatable = write.repeatable;
    this.deadlineAtMs = write.deadlineAtMs;
    this.done = write.done;
  }
}

/** Bounds of a queue. */
export interface WriteQueueLimits {
  readonly writesMax: number;
  readonly writeBytesMax: number;
  /** Beside those: no more than what is done in so long, as far as that is known. Default: 500. */
  readonly waitMaxMs?: number;
}

const defaultWaitMaxMs = 500;
/** So many are taken however slow the cluster is. */
const writesMin = 1_024;
/** When to come again, while it is not known how long it takes. */
const retryMs = 50;
const retryMaxMs = 1_000;

/** Writes of one session, by their numbers, all of one attachment. */
interface Issued {
  readonly attachment: number;
  readonly writes: Map<number, PendingWrite>;
}

/**
 * Writes that this node took from its clients and has not yet seen applied, in the order of their
 * arrival. Whoever leads gets them in this order; when the leader changes all of them go out again,
 * which the session's sequence numbers make harmless. Each member answers its own clients when it
 * applies the entry itself, as ZooKeeper's do.
 */
export class WriteQueue {
  readonly #limits: Required<WriteQueueLimits>;
  readonly #nowMs: () => number;
  readonly #rate: DrainRate;
  #order: PendingWrite[] = [];
  /** Writes before this place in `#order` have been handed to the current leader. */
  #sentUpTo = 0;
  #settledCount = 0;
  #bytes = 0;
  readonly #sessions = new Map<number, Issued>();

  /** `nowMs`: a monotonic clock. */
  constructor(limits: WriteQueueLimits, nowMs: () => number) {
    this.#limits = { waitMaxMs: defaultWaitMaxMs, ...limits };
    this.#nowMs = nowMs;
    this.#rate = new DrainRate(this.#limits.waitMaxMs / 2);
  }

  get size(): number {
    return this.#order.length - this.#settledCount;
  }

  /** When to offer a write again that was refused: about half of what waits is done by then. */
  get retryAfterMs(): number {
    const { perMs } = this.#rate;
    if (perMs === undefined) return retryMs;
    return Math.min(retryMaxMs, Math.max(retryMs, Math.ceil(this.size / perMs / 2)));
  }

  /** Something has not been handed to the current leader. */
  get hasUnsent(): boolean {
    for (let place = this.#sentUpTo; place < this.#order.length; place += 1) {
      if (this.#order[place]?.settled === false) return true;
      this.#sentUpTo = place + 1;
    }
    return false;
  }

  /** Takes a write; false when the queue is full. A repeated one takes over the pending answer. */
  add(write: PendingWrite): boolean {
    const { attachment } = write;
    let issued = this.#sessions.get(write.session);
    if (issued !== undefined && issued.attachment > attachment) {
      write.done({ kind: "unavailable" });
      return true;
    }
    if (issued !== undefined && issued.attachment < attachment) {
      this.#leave(issued);
      issued = undefined;
    }
    const repeated = issued?.writes.get(write.sequence);
    if (repeated !== undefined) {
      repeated.done = write.done;
      repeated.deadlineAtMs = Math.max(repeated.deadlineAtMs, write.deadlineAtMs);
      return true;
    }
    if (!this.#hasRoomFor(write, issued)) return false;
    if (this.#bytes + write.bytes.byteLength > this.#limits.writeBytesMax) return false;
    if (issued === undefined) {
      issued = { attachment, writes: new Map() };
      this.#sessions.set(write.session, issued);
    }
    write.takenAtMs = this.#nowMs();
    issued.writes.set(write.sequence, write);
    this.#bytes += write.bytes.byteLength;
    this.#order.push(write);
    return true;
  }

  /** Writes for the current leader, marked as sent: at most `bytesMax`, but at least one. */
  takeUnsent(bytesMax: number): readonly PendingWrite[] {
    const taken: PendingWrite[] = [];
    let bytes = 0;
    while (this.#sentUpTo < this.#order.length) {
      const write = this.#order[this.#sentUpTo];
      if (write === undefined) break;
      if (!write.settled) {
        bytes += write.bytes.byteLength;
        if (taken.length > 0 && bytes > bytesMax) break;
        write.sent = true;
        taken.push(write);
      }
      this.#sentUpTo += 1;
    }
    return taken;
  }

  /** The leader does not have these, nor what was taken after them: they come again. */
  rewind(refused: readonly PendingWrite[]): void {
    const first = refused.find((write) => !write.settled);
    if (first !== undefined) this.#sentUpTo = this.#order.indexOf(first);
  }

  /**
   * Another leader, or answers were lost: all goes out again, but for what must not be repeated.
   */
  resendAll(): void {
    this.#sentUpTo = 0;
    this.giveUpUnrepeatable(this.#order);
  }

  /** Nobody knows whether a leader took these: those that must not be repeated end here. */
  giveUpUnrepeatable(writes: readonly PendingWrite[]): void {
    for (const write of writes) {
      if (write.settled || !write.sent || write.repeatable) continue;
      this.#settle(write, { kind: "unknown" });
    }
  }

  /** Tells that a command has been applied; answers whoever waits for it here. */
  applied(command: Command, applied: Applied): void {
    const issued = this.#sessions.get(command.session);
    const write = issued?.writes.get(command.sequence);
    if (issued === undefined || write === undefined) return;
    // It came by an earlier stream and too late; the same write is on its way by the present one.
    const isVoid = applied.result.kind === "failed" && applied.result.code === "SESSION_MOVED";
    if (isVoid && (command.attachment ?? 0) < issued.attachment) return;
    const nowMs = this.#nowMs();
    this.#rate.left(nowMs, nowMs - write.takenAtMs);
    this.#settle(write, { kind: "applied", applied });
  }

  /**
   * Gives up writes whose deadline has passed, and those behind them of the same session: their
   * client sends all of them again, and a later one that went out alone would overtake the earlier.
   */
  expire(nowMs: number): void {
    const late = new Set<number>();
    for (const write of this.#order) {
      if (write.settled) continue;
      if (write.deadlineAtMs > nowMs && !late.has(write.session)) continue;
      if (write.session !== 0) late.add(write.session);
      this.#settle(write, { kind: write.sent ? "unknown" : "unavailable" });
    }
  }

  /**
   * What would wait for longer than it may is refused at once, so that its client can wait for its
   * turn instead of a queue that only grows. A session that has less than its part of what may wait
   * is let in all the same, to twice of that altogether: who asks for little is not refused because
   * others ask for much. Sessions begin and end in any case: who has nothing to write must not be
   * lost in an overload.
   */
  #hasRoomFor({ session, repeatable }: PendingWrite, issued: Issued | undefined): boolean {
    const { writesMax, waitMaxMs } = this.#limits;
    const { size } = this;
    if (size >= writesMax) return false;
    const { perMs } = this.#rate;
    const isOfSession = session === 0 && repeatable;
    if (perMs === undefined || isOfSession) return true;
    const wanted = Math.max(writesMin, perMs * waitMaxMs);
    if (size < wanted) return true;
    const own = issued?.writes.size ?? 0;
    return size < 2 * wanted && own < wanted / (this.#sessions.size + 1);
  }

  /**
   * Another stream of the session brings its writes again, from the first that has no answer. All
   * of those before go at once: a part of them that went out alone would overtake the others.
   */
  #leave({ writes }: Issued): void {
    for (const write of writes.values()) {
      this.#settle(write, { kind: write.sent ? "unknown" : "unavailable" });
    }
  }

  #settle(write: PendingWrite, outcome: WriteOutcome): void {
    write.settled = true;
    this.#bytes -= write.bytes.byteLength;
    this.#settledCount += 1;
    const writes = this.#sessions.get(write.session)?.writes;
    writes?.delete(write.sequence);
    if (writes?.size === 0) this.#sessions.delete(write.session);
    this.#shrink();
    write.done(outcome);
  }

  /** Settled writes leave the array in bulk, so that each costs constant time. */
  #shrink(): void {
    if (this.#settledCount < 1_024 && this.#settledCount < this.#order.length) return;
    if (this.#settledCount * 2 < this.#order.length) return;
    let before = 0;
    for (let place = 0; place < this.#sentUpTo; place += 1) {
      if (this.#order[place]?.settled === true) before += 1;
    }
    this.#order = this.#order.filter((write) => !write.settled);
    this.#sentUpTo -= before;
    this.#settledCount = 0;
  }
}
