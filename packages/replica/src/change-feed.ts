import type { FrameHandler, FrameStream } from "@meridian/transport";
import { type Transaction, ViewLostError } from "@meridian/tree";
import {
  Consistency,
  type Encodable,
  type IChangeFrame,
  type IFollowFrame,
  type IOpenChanges,
  MeridianError,
  OpenOutcome,
} from "@meridian/wire";
import { encodeChange } from "./change-codec.ts";
import { ChangePacker, type FrameContent } from "./change-packer.ts";
import { type Clock, inStep } from "./clock.ts";
import type { Member } from "./member.ts";
import { planRead } from "./read-plan.ts";

/** How often a consumer hears how far the producer is; silence for much longer is an error. */
const bookmarkPeriodMs = 200;
/** Within so long after a bookmark, small frames to other regions say only how far they reach. */
const briefMs = 50;
/** Changes in one frame, in bytes, about. */
const frameBytesMax = 256 * 1024;
/** Consumers of one node. */
const consumersMax = 1_000;
/** Unused credit that a consumer may pile up. */
const creditBytesMax = 64 * 1024 * 1024;
/** What may be on its way to one consumer: credit says what it wants, this what it takes. */
const windowBytesMax = 1024 * 1024;
const windowBytesMin = 32 * 1024;
/** Likewise, to all consumers that do not take it, together. */
const budgetBytes = 32 * 1024 * 1024;
/** A consumer that takes nothing at all for so long is cut. */
const stuckMaxMs = 15_000;
/** Time for saying what to follow. */
const openMaxMs = 10_000;

/** The producing side of change streams: one primitive for mirrors, regions, edges and users. */
export class ChangeFeed {
  readonly #member: Member;
  readonly #clock: Clock;
  readonly #consumers = new Set<Consumer>();
  /** Have not taken what was sent. */
  readonly #blocked = new Set<Consumer>();
  readonly #cancel: () => void;
  /** Makes what all consumers are sent. */
  readonly packer: ChangePacker;

  constructor(member: Member, clock: Clock) {
    this.#member = member;
    this.#clock = clock;
    this.packer = new ChangePacker(clock);
    this.#cancel = inStep(clock, bookmarkPeriodMs, () => {
      for (const consumer of this.#consumers) consumer.pump(true);
    });
  }

  /** Streams open. */
  get size(): number {
    return this.#consumers.size;
  }

  /** Accepts a consumer's stream. */
  accept(stream: FrameStream<Encodable<IChangeFrame>>): FrameHandler<IFollowFrame> {
    const consumer = new Consumer(this, this.#member, this.#clock, stream);
    if (this.#consumers.size >= consumersMax) {
      const message = `this node feeds ${consumersMax} consumers already: try another`;
      stream.close(new MeridianError("OVERLOADED", message, { retryAfterMs: 1_000 }));
    } else {
      this.#consumers.add(consumer);
    }
    return consumer;
  }

  /** What may be on its way to one consumer. */
  get windowBytes(): number {
    const share = budgetBytes / Math.max(1, this.#blocked.size);
    return Math.max(windowBytesMin, Math.min(windowBytesMax, share));
  }

  /** A consumer has not taken what was sent, or has now. */
  block(consumer: Consumer, isBlocked: boolean): void {
    if (isBlocked) this.#blocked.add(consumer);
    else this.#blocked.delete(consumer);
  }

  /** A consumer's stream has ended. */
  forget(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    this.#blocked.delete(consumer);
  }

  /** The node applied something. */
  onTurnEnd(): void {
    for (const consumer of this.#consumers) consumer.pump(false);
    this.packer.forget();
  }

  /** The tree was replaced: consumers come back with their positions. */
  onRestored(): void {
    for (const consumer of this.#consumers) consumer.cut();
  }

  /** Ends all streams. */
  stop(): void {
    this.#cancel();
    this.onRestored();
  }
}

/**
 * One consumer. What it has no credit for is not read from the history, so nothing waits for it.
 */
class Consumer implements FrameHandler<IFollowFrame> {
  readonly #feed: ChangeFeed;
  readonly #member: Member;
  readonly #clock: Clock;
  readonly #stream: FrameStream<Encodable<IChangeFrame>>;
  #open: IOpenChanges | undefined;
  /** Everything of the local history up to here has been sent or filtered out. */
  #cursor = 0;
  #credit = 0;
  #echoMs = 0;
  #echoedAtMs = 0;
  /** When it was last told how old what is known here is. */
  #toldAtMs = -Infinity;
  #seeds: Generator<FrameContent, undefined> | undefined;
  #seedsBegun = false;
  #ended = false;
  readonly #acceptedAtMs: number;
  /** What was on its way when it was last looked at, and since when it is as much. */
  #stuckBytes = 0;
  #stuckSinceMs = 0;

  constructor(
    feed: ChangeFeed,
    member: Member,
    clock: Clock,
    stream: FrameStream<Encodable<IChangeFrame>>,
  ) {
    this.#feed = feed;
    this.#member = member;
    this.#clock = clock;
    this.#stream = stream;
    this.#acceptedAtMs = clock.nowMs();
  }

  onFrame(frame: IFollowFrame): void {
    if (this.#ended) return;
    this.#credit = Math.min(this.#credit + frame.creditBytes, creditBytesMax);
    if (frame.sentAtMs > 0) {
      this.#echoMs = frame.sentAtMs;
      this.#echoedAtMs = this.#clock.nowMs();
    }
    if (this.#open === undefined) {
      if (frame.open === undefined) return this.cut();
      this.#open = frame.open;
      this.#begin(frame.open);
    }
    // How old all is will be told in a moment anyway, with the question's echo.
    this.pump(frame.open !== undefined);
  }

  onDrain(): void {
    this.pump(false);
  }

  onClose(): void {
    this.#ended = true;
    this.#seeds?.return(undefined);
    this.#seeds = undefined;
    this.#feed.forget(this);
  }

  /** Ends the stream; the consumer comes back with its position. */
  cut(): void {
    this.#end(undefined);
  }

  /** Sends what there is credit for; `bookmark`: at least how far the producer is. */
  pump(bookmark: boolean): void {
    if (this.#ended) return;
    if (this.#isStuck()) return this.cut();
    if (this.#open === undefined) {
      if (this.#clock.nowMs() - this.#acceptedAtMs > openMaxMs) this.cut();
      return;
    }
    let sent = this.#pumpSeeds();
    if (this.#ended) return;
    if (this.#seeds === undefined) {
      while (this.#mayGoOn && this.#cursor < this.#member.tree.appliedIndex) {
        const next = this.#nextTransactions();
        if (next === undefined) return this.cut();
        if (next.costBytes === 0) break;
        this.#credit -= next.costBytes;
        this.#stream.send({
          ...next.content,
          costBytes: next.costBytes,
          bookmark: this.#bookmark(true),
        });
        sent = true;
      }
    }
    this.#feed.block(this, this.#roomBytes <= 0);
    // To whoever does not read, bookmarks would only pile up.
    if (!bookmark || sent || this.#roomBytes <= 0) return;
    // In the middle of a snapshot there is no position to tell of; but silence is an error.
    this.#stream.send(this.#seeds === undefined ? { bookmark: this.#bookmark(false) } : {});
  }

  /** Room for changes on the way to the consumer. */
  get #roomBytes(): number {
    return this.#feed.windowBytes - this.#stream.bufferedBytes;
  }

  get #mayGoOn(): boolean {
    return this.#credit > 0 && this.#roomBytes > 0;
  }

  #isStuck(): boolean {
    const nowMs = this.#clock.nowMs();
    const { bufferedBytes } = this.#stream;
    if (bufferedBytes === 0 || bufferedBytes !== this.#stuckBytes) this.#stuckSinceMs = nowMs;
    this.#stuckBytes = bufferedBytes;
    return nowMs - this.#stuckSinceMs > stuckMaxMs;
  }

  #end(error: Error | undefined): void {
    this.#stream.close(error);
    this.onClose();
  }

  #begin(open: IOpenChanges): void {
    const { tree, place, incarnation, takesPart } = this.#member;
    // Its tree is empty, or of an unknown time: to a consumer that would pass for the cluster's.
    if (!takesPart) return this.#end(outside(place));
    const position = { cluster: place.cluster, incarnation, index: tree.appliedIndex };
    const from = open.from?.index ?? 0;
    const elsewhere = whereElse(this.#member, open);
    if (elsewhere !== undefined) {
      const fork = { cluster: elsewhere, incarnation: 0, index: 0 };
      this.#stream.send({ opened: { outcome: OpenOutcome.MOVED, position, fork } });
      return this.cut();
    }
    if (from > 0 && open.from?.incarnation !== incarnation) {
      const fork = { cluster: place.cluster, incarnation, index: sharedIndex(this.#member, open) };
      this.#stream.send({ opened: { outcome: OpenOutcome.FORKED, position, fork } });
      return this.cut();
    }
    const compacted = from === 0 || tree.changesSince(from).outcome !== "continue";
    const outcome = compacted ? OpenOutcome.COMPACTED : OpenOutcome.CONTINUE;
    this.#cursor = compacted ? tree.appliedIndex : from;
    this.#stream.send({ opened: { outcome, position } });
    if (compacted) this.#seeds = seedFrames(this.#member, open);
  }

  #pumpSeeds(): boolean {
    let sent = false;
    while (this.#seeds !== undefined && this.#mayGoOn) {
      // The state is that of the first look at it, however late that is.
      if (!this.#seedsBegun) this.#cursor = this.#member.tree.appliedIndex;
      this.#seedsBegun = true;
      const next = nextOf(this.#seeds);
      if (next === undefined) {
        this.cut();
        return sent;
      }
      if (next.done === true) {
        this.#seeds = undefined;
        break;
      }
      this.#credit -= frameBytesMax;
      const content = this.#feed.packer.seed(next.value, this.#isFar);
      this.#stream.send({ ...content, costBytes: frameBytesMax });
      sent = true;
    }
    return sent;
  }

  /**
   * Transactions for one frame; of no cost when nothing passes the filter; undefined when the
   * history is gone. All of one local index go together, as a cursor cannot lie between them.
   */
  #nextTransactions(): { content: FrameContent; costBytes: number } | undefined {
    const from = this.#cursor;
    const history = this.#member.tree.changesSince(from);
    if (history.outcome !== "continue") return undefined;
    const transactions: Transaction[] = [];
    const bytesMax = Math.min(this.#credit, this.#roomBytes, frameBytesMax);
    let costBytes = 0;
    let read = this.#cursor;
    let isAll = true;
    for (const { index, transaction } of history.transactions) {
      isAll = costBytes === 0 || costBytes < bytesMax || index === read;
      if (!isAll) break;
      read = index;
      const passed = this.#filter(transaction);
      if (passed === undefined) continue;
      costBytes += costOf(passed);
      transactions.push(passed);
    }
    this.#cursor = isAll ? this.#member.tree.appliedIndex : read;
    if (costBytes === 0) return { content: {}, costBytes };
    const { ownOnly, prefixes = [] } = this.#open ?? {};
    // A path may have spaces in it, and commas.
    const key = JSON.stringify([ownOnly, from, this.#cursor, prefixes]);
    const content = this.#feed.packer.transactions(key, transactions, costBytes, this.#isFar);
    return { content, costBytes };
  }

  /** In another region, and it reads what is packed. */
  get #isFar(): boolean {
    const { region = "", unpacks = false } = this.#open ?? {};
    return unpacks && region !== this.#member.place.region;
  }

  #filter(transaction: Transaction): Transaction | undefined {
    const { ownOnly = false, prefixes = [] } = this.#open ?? {};
    if (ownOnly && transaction.origin !== this.#member.place.cluster) return undefined;
    if (prefixes.length === 0 || transaction.changes.length === 0) return transaction;
    const changes = transaction.changes.filter(({ path }) => prefixes.some(covers(path)));
    return changes.length === 0 ? undefined : { ...transaction, changes };
  }

  /** `brief`: how far it reaches is enough, if all of it was told a moment ago. */
  #bookmark(brief: boolean): NonNullable<Encodable<IChangeFrame>["bookmark"]> {
    const { place, incarnation, tree } = this.#member;
    const position = { cluster: place.cluster, incarnation, index: this.#cursor };
    // What this node knows is only true for a consumer that has been sent everything.
    const isAll = this.#cursor >= tree.appliedIndex;
    // Whoever is sent nothing of the others is not told of them: it would be most of a small frame.
    const { ownOnly = false } = this.#open ?? {};
    if (brief && ownOnly && this.#isFar && this.#clock.nowMs() - this.#toldAtMs < briefMs) {
      return { position };
    }
    this.#toldAtMs = this.#clock.nowMs();
    const mirrored = ownOnly ? [] : tree.cursors().values();
    const others = [...mirrored].map((cursor) => {
      return { ...cursor, index: this.#member.reach(cursor) };
    });
    const ages = (isAll ? [position, ...others] : []).map(({ cluster, ...place }) => {
      return { ...place, origin: cluster, ageMs: ageOf(this.#member, cluster) };
    });
    const heldMs = Math.ceil(this.#clock.nowMs() - this.#echoedAtMs);
    return { position, echoMs: this.#echoMs, heldMs, ages };
  }
}

function outside({ node, cluster }: Member["place"]): MeridianError {
  const message = `${node} takes no part in cluster ${cluster} yet: try another member`;
  return new MeridianError("NOT_LEADER", message);
}

/** Cluster to ask instead; "" for any region's; undefined: this one shows what is asked for. */
function whereElse({ place, tree }: Member, { from, prefixes }: IOpenChanges): string | undefined {
  // An index counts in the history of its own cluster only.
  const wanted = from?.cluster ?? "";
  if (wanted !== "" && wanted !== place.cluster) return wanted;
  for (const prefix of prefixes) {
    const plan = planRead(place, tree.ownership(prefix), Consistency.EVENTUAL);
    if (plan.kind === "refuse") return plan.refusal.hint ?? "";
  }
  return undefined;
}

function covers(path: string): (prefix: string) => boolean {
  return (prefix) => path === prefix || prefix === "/" || path.startsWith(`${prefix}/`);
}

/** About what a transaction takes on the wire; exact sizes would cost a second encoding. */
function costOf(transaction: Transaction): number {
  let bytes = 32;
  for (const { path, data } of transaction.changes) bytes += 128 + path.length + data.byteLength;
  return bytes;
}

/** An unknown age travels as a very great one. */
function ageOf(member: Member, cluster: string): number {
  return Math.min(Math.ceil(member.ageMs(cluster)), 2 ** 40);
}

/** The next part of a snapshot; undefined when its reader was so slow that it was given up. */
function nextOf<T>(parts: Generator<T, undefined>): IteratorResult<T, undefined> | undefined {
  try {
    return parts.next();
  } catch (error) {
    if (error instanceof ViewLostError) return undefined;
    throw error;
  }
}

function* seedFrames(member: Member, open: IOpenChanges): Generator<FrameContent, undefined> {
  const { tree, place, incarnation } = member;
  const filter = { ownOnly: open.ownOnly, prefixes: open.prefixes };
  const index = tree.appliedIndex;
  for (const range of tree.seed(filter, frameBytesMax)) {
    yield {
      seed: {
        origin: place.cluster,
        incarnation,
        index,
        afterPath: range.afterPath,
        toPath: range.toPath,
        nodes: range.nodes.map(encodeChange),
        last: range.last,
      },
    };
  }
  return undefined;
}

/**
 * Up to where what a consumer has seen is part of the history that counts, so that it may go on
 * from there; 0: nobody knows.
 */
function sharedIndex({ parting }: Member, { from }: IOpenChanges): number {
  const { incarnation = 0, index = 0 } = from ?? {};
  return parting?.incarnation === incarnation ? Math.min(index, parting.index) : 0;
}
