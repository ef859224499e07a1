import { type FrameHandler, type FrameStream, unpack } from "@meridian/transport";
import type { Position } from "@meridian/tree";
import {
  ChangeFrame,
  type Encodable,
  type IBookmark,
  type IChangeFrame,
  type IFollowFrame,
  type ISeedRemote,
  type ITransaction,
  MeridianError,
  OpenOutcome,
  WireError,
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
  /** Part of a snapshot. The cost is given back by `credit` once it is dealt with. */
  readonly onSeed: (seed: ISeedRemote, costBytes: number) => void;
  /** Transactions in order, everything up to `to`; the cost likewise. */
  readonly onTransactions: (
    transactions: readonly ITransaction[],
    costBytes: number,
    to: number,
  ) => void;
  /**
   * Progress: everything up to its position was handed over. `askedAtMs`: own clock, when the
   * producer was asked.
   */
  readonly onBookmark: (bookmark: IBookmark, askedAtMs: number) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Bytes that a producer may send before it hears from us: some 18,000 small changes in each round
 * trip, which is 70,000 a second over the longest ways between regions.
 */
const windowBytes = 8 * 1024 * 1024;
/** Less than this is given back with the next question, not with a frame for each change. */
const creditBytesMin = windowBytes / 16;
const askPeriodMs = 2_000;
/** Silence of a stream after which another producer is tried: several bookmarks were missed. */
const silenceMaxMs = 4_000;
/** A producer that is itself so far behind its cluster is left, if there are others. */
const producerAgeMaxMs = 3_000;
const backoffMinMs = 100;
const backoffMaxMs = 2_000;
/** What a packed frame may grow to: no more than one that is not packed. */
const unpackedBytesMax = 4 * 1024 * 1024;

/**
 * The consuming side of a change stream: stays connected to one of several producers, moves on when
 * one is silent or out of date, resumes where the owner says.
 */
export class ChangeFollower {
  readonly #options: FollowOptions;
  readonly #cancel: () => void;
  #cancelRetry: () => void = () => {};
  #stream: FrameStream<Encodable<IFollowFrame>> | undefined;
  #attempt = 0;
  #failures = 0;
  #openedAtMs = 0;
  #heardAtMs = 0;
  #stopped = false;
  /** Dealt with, and not given back yet. */
  #creditBytes = 0;
  #opened = false;
  /** The owner's position belongs to a history that was abandoned: a snapshot is needed. */
  #forked = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    const { clock } = options;
    // What arrived while this process was stopped is read before anybody is called silent.
    this.#cancel = every(clock, askPeriodMs, () => clock.defer(() => this.#ask()));
    this.#connect();
  }

  /** The stream is up and has begun. */
  get connected(): boolean {
    return this.#opened;
  }

  /** Gives back credit for bytes that were dealt with; of little at a time, later. */
  credit(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#creditBytes >= creditBytesMin) {
      this.#stream?.send({ creditBytes: this.#takeCredit() });
    }
  }

  /** Starts again from `from`, for example because what was handed over could not be used. */
  restart(reason: string): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#lost(new Error(reason));
    stream.close(new Error(reason));
  }

  /** Ends it. */
  stop(): void {
    const stream = this.#stream;
    this.#stopped = true;
    this.#stream = undefined;
    this.#opened = false;
    this.#cancel();
    this.#cancelRetry();
    stream?.close(new Error("stopped"));
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
    const position = from();
    // The window is given anew: nothing is owed of another stream.
    this.#creditBytes = 0;
    stream.send({
      open: {
        consumer,
        region,
        ownOnly,
        unpacks: true,
        from: this.#forked
          ? {
              ...position,
              index: 0,
            }
          : position,
      },
      creditBytes: windowBytes,
      sentAtMs: Math.max(1, Math.floor(clock.nowMs())),
    });
  }

  #onFrame(frame: IChangeFrame): void {
    const { clock, onSeed, onTransactions, onBookmark } = this.#options;
    const stream = this.#stream;
    this.#heardAtMs = clock.nowMs();
    if (frame.opened !== undefined) this.#onOpened(frame.opened);
    const { bookmark, costBytes } = frame;
    const content = this.#contentOf(frame);
    if (content === undefined) return;
    const { seed, transactions } = content;
    if (seed !== undefined) onSeed(seed, costBytes);
    if (transactions.length > 0) {
      const to = bookmark?.position?.index ?? transactions.at(-1)?.index ?? 0;
      onTransactions(transactions, costBytes, to);
    }
    // What could not be dealt with began the stream anew: then the bookmark is not true here.
    if (bookmark === undefined || this.#stream !== stream) return;
    // Held time is rounded up by the producer, the echo down by us: take one more millisecond off.
    if (bookmark.echoMs > 0)
      onBookmark(bookmark, bookmark.echoMs + Math.max(0, bookmark.heldMs - 1));
    this.#leaveOutdated(bookmark);
  }

  /** What a frame carries; undefined when it cannot be unpacked: it is asked for again. */
  #contentOf(frame: IChangeFrame): Pick<IChangeFrame, "seed" | "transactions"> | undefined {
    if (frame.packed.byteLength === 0) return frame;
    try {
      return ChangeFrame.decode(unpack(frame.packed, unpackedBytesMax));
    } catch (error) {
      if (!(error instanceof MeridianError || error instanceof WireError)) throw error;
      this.restart(error.message);
      return undefined;
    }
  }

  #onOpened({ outcome, position }: NonNullable<IChangeFrame["opened"]>): void {
    const { log, consumer, clock } = this.#options;
    this.#opened = outcome === OpenOutcome.CONTINUE || outcome === OpenOutcome.COMPACTED;
    this.#forked = outcome === OpenOutcome.FORKED;
    this.#openedAtMs = clock.nowMs();
    if (this.#opened) this.#failures = 0;
    log.info({ consumer, outcome, position }, "change stream opened");
  }

  /** A producer cut off from its own cluster goes on talking; its age is what gives it away. */
  #leaveOutdated({ position, ages }: IBookmark): void {
    const { producers, clock } = this.#options;
    const ageMs = ages.find(({ origin }) => origin === position?.cluster)?.ageMs ?? 0;
    const isNew = clock.nowMs() - this.#openedAtMs < producerAgeMaxMs;
    if (ageMs <= producerAgeMaxMs || isNew || producers.length < 2) return;
    this.restart("the producer is out of date");
  }

  #ask(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#stream === undefined) return;
    if (nowMs - this.#heardAtMs > silenceMaxMs) return this.restart("the producer is silent");
    const sentAtMs = Math.max(1, Math.floor(nowMs));
    this.#stream.send({ sentAtMs, creditBytes: this.#takeCredit() });
  }

  #takeCredit(): number {
    const bytes = this.#creditBytes;
    this.#creditBytes = 0;
    return bytes;
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
    this.#cancelRetry = clock.after(ceilingMs * (0.5 + random() / 2), () => this.#connect());
  }
}
