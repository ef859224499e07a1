import type { FrameHandler, FrameStream } from "@meridian/transport";
import type { Position } from "@meridian/tree";
import {
  type Encodable,
  type IBookmark,
  type IChangeFrame,
  type IFollowFrame,
  type ISeedRemote,
  type ITransaction,
  OpenOutcome,
} from "@meridian/wire";
import { type Clock, every } from "./clock.ts";
import type { Log } from "./log.ts";

/** Opens a change stream to one of several producers; calling again tries the next. */
export type OpenFollow = (
  handler: FrameHandler<IChangeFrame>,
) => FrameStream<Encodable<IFollowFrame>>;

/** What to follow, and what to do with it. */
export interface FollowOptions {
  /** Name of the consumer, for the producer's status page. */
  readonly consumer: string;
  readonly region: string;
  readonly ownOnly: boolean;
  /** Producers of the same cluster, nearest first. */
  readonly producers: readonly OpenFollow[];
  /** Where to go on; index 0: from a snapshot. Asked at every connect. */
  readonly from: () => Position;
  /** Parts of a snapshot, then transactions, in order; the cost is given back by `credit` once they are dealt with. */
  readonly onSeed: (seed: ISeedRemote, costBytes: number) => void;
  readonly onTransactions: (transactions: readonly ITransaction[], costBytes: number) => void;
  /** Progress: everything up to its position was handed over. `askedAtMs`: own clock, when the producer was asked. */
  readonly onBookmark: (bookmark: IBookmark, askedAtMs: number) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Bytes that a producer may send before it hears from us. */
const windowBytes = 4 * 1024 * 1024;
const askPeriodMs = 1_000;
/** Silence of a stream after which another producer is tried: several bookmarks were missed. */
const silenceMaxMs = 4_000;
const backoffMinMs = 100;
const backoffMaxMs = 2_000;

/**
 * The consuming side of a change stream: stays connected to one of several producers, moves on when one is silent,
 * resumes where the owner says.
 */
export class ChangeFollower {
  readonly #options: FollowOptions;
  readonly #cancel: () => void;
  #stream: FrameStream<Encodable<IFollowFrame>> | undefined;
  #attempt = 0;
  #failures = 0;
  #heardAtMs = 0;
  #stopped = false;
  #opened = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#cancel = every(options.clock, askPeriodMs, () => this.#ask());
    this.#connect();
  }

  /** The stream is up and has begun. */
  get connected(): boolean {
    return this.#opened;
  }

  /** Gives back credit for bytes that were dealt with. */
  credit(bytes: number): void {
    this.#stream?.send({ creditBytes: bytes });
  }

  /** Starts again from `from`, for example because what was handed over could not be used. */
  restart(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close(new Error("starting again"));
    this.#lost(undefined);
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#stream?.close(new Error("stopped"));
    this.#stream = undefined;
  }

  #connect(): void {
    if (this.#stopped) return;
    const { producers, clock, consumer, region, ownOnly, from } = this.#options;
    const producer = producers[this.#attempt % producers.length];
    if (producer === undefined) return;
    this.#heardAtMs = clock.nowMs();
    const handler: FrameHandler<IChangeFrame> = {
      onFrame: (frame) => {
        if (this.#stream === stream) this.#onFrame(frame);
      },
      onClose: (error) => {
        if (this.#stream === stream) this.#lost(error);
      },
    };
    const stream = producer(handler);
    this.#stream = stream;
    stream.send({
      open: { consumer, region, ownOnly, from: from() },
      creditBytes: windowBytes,
      sentAtMs: Math.max(1, Math.floor(clock.nowMs())),
    });
  }

  #onFrame(frame: IChangeFrame): void {
    const { clock, log, consumer, onSeed, onTransactions, onBookmark } = this.#options;
    this.#heardAtMs = clock.nowMs();
    if (frame.opened !== undefined) {
      const { outcome } = frame.opened;
      this.#opened = outcome === OpenOutcome.CONTINUE || outcome === OpenOutcome.COMPACTED;
      this.#failures = this.#opened ? 0 : this.#failures;
      log.info({ consumer, outcome, position: frame.opened.position }, "change stream opened");
    }
    const { bookmark, costBytes } = frame;
    if (frame.seed !== undefined) onSeed(frame.seed, costBytes);
    if (frame.transactions.length > 0) onTransactions(frame.transactions, costBytes);
    if (bookmark !== undefined && bookmark.echoMs > 0) {
      // Held time is rounded up by the producer, the echo down by us: take one more millisecond off.
      onBookmark(bookmark, bookmark.echoMs + Math.max(0, bookmark.heldMs - 1));
    }
  }

  #ask(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#stream === undefined) return;
    if (nowMs - this.#heardAtMs > silenceMaxMs) return this.restart();
    this.#stream.send({ sentAtMs: Math.max(1, Math.floor(nowMs)) });
  }

  #lost(error: Error | undefined): void {
    this.#stream = undefined;
    if (this.#stopped) return;
    const { clock, random, log, consumer } = this.#options;
    if (this.#opened) log.info({ consumer, reason: error?.message }, "change stream lost");
    this.#opened = false;
    this.#attempt += 1;
    this.#failures += 1;
    const ceilingMs = Math.min(backoffMinMs * 2 ** Math.min(this.#failures, 10), backoffMaxMs);
    clock.after(ceilingMs * (0.5 + random() / 2), () => {
      if (this.#stream === undefined) this.#connect();
    });
  }
}
