import type { IHello } from "@meridian/wire";
import type { Clock } from "./clock.ts";
import type { Refusal } from "./refusal.ts";

/** A stream that has said hello. */
export interface Arriving {
  /** The stream has ended. */
  readonly closed: boolean;
  /** Lets the client know that it was heard, and has to wait. */
  hold(): void;
  farewell(refusal: Refusal): void;
}

interface Arrival<Stream> {
  readonly stream: Stream;
  readonly hello: IHello;
  /** When it was first about to be refused, and kept waiting instead. */
  readonly parkedAtMs: number;
}

/** Streams that say hello in one slice of a turn, and the time for it. */
const sliceStreamsMax = 200;
const sliceMs = 5;
/** Streams that may wait to be opened; others are told to come back. */
const waitingMax = 5_000;
/** Streams that may be sent elsewhere at once, and in a second after that; others wait. */
const refusalsMax = 100;
const refusalsPerSecond = 100;
/** How often they are asked about again, at least; at most twice as late. */
const pauseMs = 700;
/** How long they wait at most, and in parts of their session's timeout. */
const parkedMaxMs = 4_000;
const parkedTimeoutsMax = 1 / 3;
/** Those that wait are looked at this often, and refusals are gained in steps of it. */
const periodMs = 100;
/** Who has waited in vain is told to come back so late that a node sees so many in a second. */
const returnsPerSecond = 200;
const returnMinMs = 500;
const returnMaxMs = 5_000;

/**
 * Opens streams at a rate that leaves time for everything else. When a node dies, thousands of
 * clients come to the others within a moment; and while nobody leads, clients that are sent away
 * would come back at once: each stream costs more than the answer to it, so that the members might
 * find no time to elect a leader. Beyond a few, clients that would be sent elsewhere are kept
 * waiting for a while first, and are told to take their time when that was in vain.
 */
export class Arrivals<Stream extends Arriving> {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #open: (stream: Stream, hello: IHello) => void;
  #waiting: Arrival<Stream>[] = [];
  /** Wait for a reason to refuse them to pass. */
  #parked: (Arrival<Stream> & { readonly untilMs: number })[] = [];
  /** Is being opened. */
  #present: Arrival<Stream> | undefined;
  #refusalsLeft = refusalsMax;
  #gainedAtMs: number;
  #scheduled = false;
  /** Ends the wait for the next look at those that are parked; undefined: there are none. */
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, random: () => number, open: (stream: Stream, hello: IHello) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#open = open;
    this.#gainedAtMs = clock.nowMs();
  }

  /** Streams that wait to be opened. */
  get size(): number {
    return this.#waiting.length + this.#parked.length;
  }

  /** Opens a stream soon. */
  add(stream: Stream, hello: IHello): void {
    if (this.size >= waitingMax) {
      const message = `${waitingMax} clients are waiting for this node: try another, or later`;
      return stream.farewell({ code: "OVERLOADED", message, retryAfterMs: this.#returnMs });
    }
    this.#waiting.push({ stream, hello, parkedAtMs: Infinity });
    this.#schedule();
  }

  /**
   * Sends a stream that is being opened elsewhere, for a reason that may pass. If too many were
   * sent away of late it is opened again after a while, some times, and then told to come back.
   */
  refuse(stream: Stream, refusal: Refusal): void {
    const arrival = this.#present;
    this.#gain();
    if (this.#refusalsLeft >= 1 || arrival?.stream !== stream) {
      this.#refusalsLeft -= 1;
      return stream.farewell(refusal);
    }
    const nowMs = this.#clock.nowMs();
    const parkedAtMs = Math.min(arrival.parkedAtMs, nowMs);
    const maxMs = Math.min(parkedMaxMs, arrival.hello.timeoutMs * parkedTimeoutsMax);
    if (nowMs - parkedAtMs >= maxMs) {
      return stream.farewell({ ...refusal, retryAfterMs: this.#returnMs });
    }
    stream.hold();
    const untilMs = nowMs + pauseMs * (1 + this.#random());
    this.#parked.push({ ...arrival, parkedAtMs, untilMs });
    this.#lookLater();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = [];
    this.#parked = [];
  }

  /** When to come back: the later the more are here. */
  get #returnMs(): number {
    const evenMs = (1_000 * this.size) / returnsPerSecond;
    const meanMs = Math.min(returnMaxMs, Math.max(returnMinMs, evenMs));
    return Math.floor(meanMs * (0.5 + this.#random()));
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #slice(): void {
    const untilMs = this.#clock.nowMs() + sliceMs;
    let opened = 0;
    for (const arrival of this.#waiting) {
      const { stream, hello } = arrival;
      opened += 1;
      this.#present = arrival;
      if (!stream.closed) this.#open(stream, hello);
      if (opened === sliceStreamsMax || this.#clock.nowMs() >= untilMs) break;
    }
    this.#present = undefined;
    this.#waiting.splice(0, opened);
    if (this.#waiting.length > 0) this.#schedule();
  }

  #gain(): void {
    const periods = Math.floor((this.#clock.nowMs() - this.#gainedAtMs) / periodMs);
    if (periods === 0) return;
    this.#gainedAtMs += periods * periodMs;
    const gained = (refusalsPerSecond * periodMs * periods) / 1_000;
    this.#refusalsLeft = Math.min(refusalsMax, Math.max(0, this.#refusalsLeft) + gained);
  }

  #lookLater(): void {
    this.#cancel ??= this.#clock.after(periodMs, () => {
      this.#cancel = undefined;
      this.#sweep();
      if (this.#parked.length > 0) this.#lookLater();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    const due = this.#parked.filter(({ untilMs }) => untilMs <= nowMs);
    if (due.length === 0) return;
    this.#parked = this.#parked.filter(({ untilMs }) => untilMs > nowMs);
    this.#waiting.push(...due);
    this.#schedule();
  }
}
