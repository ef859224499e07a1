import type { IHello } from "@meridian/wire";
import { type Clock, every } from "./clock.ts";
import type { Refusal } from "./refusal.ts";

/** A stream that has said hello. */
export interface Arriving {
  /** The stream has ended. */
  readonly closed: boolean;
  farewell(refusal: Refusal): void;
}

/** Streams that say hello in one slice of a turn, and the time for it. */
const sliceStreamsMax = 200;
const sliceMs = 5;
/** Streams that may wait to be opened; others are told to come back. */
const waitingMax = 5_000;
/** Streams that may be sent elsewhere at once, and in a second after that; others wait. */
const refusalsMax = 200;
const refusalsPerSecond = 200;
/** How long they wait, at least; at most twice as long. */
const pauseMs = 500;
const periodMs = 100;

/**
 * Opens streams at a rate that leaves time for everything else. When a node dies, thousands of
 * clients come to the others within a moment; and while nobody leads, clients that are sent away
 * would come back at once: each stream costs more than the answer to it, so that the members might
 * find no time to elect a leader. Beyond a few, clients that would be sent elsewhere are kept
 * waiting for a while instead, and then asked about again.
 */
export class Arrivals<Stream extends Arriving> {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #open: (stream: Stream, hello: IHello) => void;
  readonly #cancel: () => void;
  #waiting: (readonly [Stream, IHello])[] = [];
  #parked: { readonly stream: Stream; readonly hello: IHello; readonly untilMs: number }[] = [];
  #refusalsLeft = refusalsMax;
  #scheduled = false;

  constructor(clock: Clock, random: () => number, open: (stream: Stream, hello: IHello) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#open = open;
    this.#cancel = every(clock, periodMs, () => this.#sweep());
  }

  /** Streams that wait to be opened. */
  get size(): number {
    return this.#waiting.length + this.#parked.length;
  }

  /** Opens a stream soon. */
  add(stream: Stream, hello: IHello): void {
    if (this.size >= waitingMax) {
      const message = `${waitingMax} clients are waiting for this node: try another, or later`;
      const retryAfterMs = Math.floor(2 * pauseMs * (1 + this.#random()));
      return stream.farewell({ code: "OVERLOADED", message, retryAfterMs });
    }
    this.#waiting.push([stream, hello]);
    this.#schedule();
  }

  /** Sends a stream elsewhere, or asks about it again after a while if too many were. */
  refuse(stream: Stream, hello: IHello, refusal: Refusal): void {
    if (this.#refusalsLeft >= 1) {
      this.#refusalsLeft -= 1;
      return stream.farewell(refusal);
    }
    const untilMs = this.#clock.nowMs() + pauseMs * (1 + this.#random());
    this.#parked.push({ stream, hello, untilMs });
  }

  stop(): void {
    this.#cancel();
    this.#waiting = [];
    this.#parked = [];
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
    for (const [stream, hello] of this.#waiting) {
      opened += 1;
      if (!stream.closed) this.#open(stream, hello);
      if (opened === sliceStreamsMax || this.#clock.nowMs() >= untilMs) break;
    }
    this.#waiting.splice(0, opened);
    if (this.#waiting.length > 0) this.#schedule();
  }

  #sweep(): void {
    const gained = (refusalsPerSecond * periodMs) / 1_000;
    this.#refusalsLeft = Math.min(refusalsMax, this.#refusalsLeft + gained);
    if (this.#parked.length === 0) return;
    const nowMs = this.#clock.nowMs();
    const due = this.#parked.filter(({ untilMs }) => untilMs <= nowMs);
    if (due.length === 0) return;
    this.#parked = this.#parked.filter(({ untilMs }) => untilMs > nowMs);
    for (const { stream, hello } of due) if (!stream.closed) this.#waiting.push([stream, hello]);
    if (this.#waiting.length > 0) this.#schedule();
  }
}
