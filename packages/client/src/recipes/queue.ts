import { setMaxListeners } from "node:events";
import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import { dataBytes } from "../draft.ts";
import type { MultiOperation, ReadOptions } from "../options.ts";
import { standingOf, type Standing } from "../standing.ts";
import { Contender, oneByOne } from "./contender.ts";
import { requireOrder } from "./ordered-zone.ts";
import type { OwnNode } from "./own-node.ts";
import { Patience } from "./patience.ts";
import { Arrivals } from "./queue-arrivals.ts";
import { QueueClaims, type Grabbed } from "./queue-claims.ts";
import type { QueueItem } from "./queue-item.ts";
import { ServerClock } from "./server-clock.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

/** How a queue is used. */
export interface QueueOptions {
  /**
   * Items that it may hold, taken but not acknowledged ones included: an offer beyond it is refused
   * with QUOTA_EXCEEDED. Default: as many as fit. All who offer should give the same; those who do
   * go one after the other.
   */
  readonly max?: number | undefined;
}

/** How to offer to a priority queue. */
export interface PriorityOptions extends WaitOptions {
  /** From -(2^31) to 2^31 - 1; the lowest goes first, and equals in their order. Default 0. */
  readonly priority?: number | undefined;
}

/** How to offer to a delay queue; one of the two. */
export interface DelayOptions extends WaitOptions {
  /** Given out after this time. Default 0. */
  readonly delayMs?: number | undefined;
  /** Given out from this time on, in milliseconds since 1970. */
  readonly dueAtMs?: number | undefined;
}

/** Offers get the time of so many operations: they may have to be looked up and repeated. */
const patienceShare = 3;
const takenMax = 1_000;

/**
 * What all queues have in common. An item is a sequential node; whoever makes the ephemeral child
 * of it has it, and the last word of its consumer takes both away. An item whose consumer ends
 * without that is given out again: at least once to be worked on, and exactly once to be
 * acknowledged.
 *
 * Consumers that find nothing stand in a fair line of which only the first looks for items, so that
 * a new item wakes one of them. One that comes when an item is there takes it at once.
 *
 * Below the path lie `items`, the `line` of those who wait, the records of `writers`, which go by
 * themselves an hour after the last, and the `clock` of a delay queue.
 *
 * A consumer holds its items in a session apart from the caller's own, which is renewed by itself:
 * after its end items are lost, as their `lost` tells, and taking goes on.
 */
abstract class ItemQueue {
  readonly path: string;
  protected readonly standing: Standing;
  readonly #claims: QueueClaims;
  readonly #max: number;

  /** @throws {MeridianError} UNSUPPORTED in an eventual zone; BAD_ARGUMENTS. */
  constructor(context: ClientContext, path: string, options: QueueOptions) {
    requireOrder(context, path, "queues");
    const { max = Infinity } = options;
    if (!(max >= 1)) throw new MeridianError("BAD_ARGUMENTS", "max must be at least 1");
    this.path = path;
    this.standing = standingOf(context);
    this.#max = max;
    this.#claims = new QueueClaims(this.standing, this.folder, (name) => this.dueAtMs(name));
  }

  /** Where the items lie. */
  protected get folder(): string {
    return `${this.path}/items`;
  }

  /** How many items there are, taken but not acknowledged ones included. */
  async size(options: ReadOptions = {}): Promise<number> {
    const { stat } = await this.standing.get().client.exists(this.folder, options);
    return stat?.numChildren ?? 0;
  }

  /**
   * Waits for an item and takes it.
   * @throws {MeridianError} DEADLINE when the time was over; the reason of the signal.
   */
  async take(options: WaitOptions = {}): Promise<QueueItem> {
    const [item] = await this.takeMany(1, options);
    if (item === undefined) throw new Error("taking gives one item at least");
    return item;
  }

  /** Waits for an item, and takes what there is, at most so many, from 1 to 1,000. */
  async takeMany(max: number, options: WaitOptions = {}): Promise<readonly QueueItem[]> {
    assertCount(max);
    const { runtime } = this.standing.get().context;
    using limit = new WaitLimit(runtime, this.path, options);
    const { signal } = limit;
    setMaxListeners(0, signal); // Every item that is being taken listens to it.
    const { items } = await this.#patiently(signal, () => this.#grab(max, signal));
    if (items.length > 0) return items;
    return await this.#patiently(signal, () => this.#takeInLine(max, signal));
  }

  /** Takes an item if there is one that nobody has. */
  async tryTake(options: WaitOptions = {}): Promise<QueueItem | undefined> {
    const { runtime, deadlineMs: usualMs } = this.standing.get().context;
    const { signal: given, deadlineMs = patienceShare * usualMs } = options;
    using limit = new WaitLimit(runtime, this.path, { signal: given, deadlineMs });
    const { signal } = limit;
    const { items } = await this.#patiently(signal, () => this.#grab(1, signal));
    return items[0];
  }

  /**
   * Items as they come, until the signal ends it. An item that was not acknowledged when the next
   * one is asked for is given back.
   */
  async *consume(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<QueueItem, undefined> {
    const { signal } = options;
    for (;;) {
      const item = await this.take({ signal }).catch((error: unknown) => {
        if (signal?.aborted === true) return undefined;
        throw error;
      });
      if (item === undefined) return undefined;
      try {
        yield item;
      } finally {
        await item.release();
      }
    }
  }

  /** When an item of this name may be given out, by the servers' clock. */
  protected dueAtMs(_name: string): number {
    return -Infinity;
  }

  /** What time it is by the servers' clock, for those who ask by it. */
  protected nowMs(_signal: AbortSignal): Promise<number> {
    return Promise.resolve(0);
  }

  /** Adds an item, once, whatever becomes of connections, leaders and sessions. */
  protected async add(
    data: string | Uint8Array,
    options: WaitOptions,
    nameOf: (signal: AbortSignal) => Promise<string> | string,
  ): Promise<void> {
    const { runtime, deadlineMs: usualMs } = this.standing.get().context;
    const { signal: given, deadlineMs = patienceShare * usualMs } = options;
    using limit = new WaitLimit(runtime, this.path, { signal: given, deadlineMs });
    const bytes = dataBytes(data);
    const path = `${this.folder}/${await nameOf(limit.signal)}`;
    const mode = "persistent-sequential";
    const item: MultiOperation = { kind: "create", path, data: bytes, mode, parents: true };
    const isConditional = this.#max !== Infinity;
    const draft = async (): Promise<readonly MultiOperation[]> => {
      return isConditional ? [await this.#admit(), item] : [item];
    };
    const write = { bytes: bytes.byteLength + 2 * path.length, isConditional, draft };
    await this.standing.memory.exactWriter(`${this.path}/writers`).write(write, limit.signal);
  }

  /** The part of an offer that holds only as long as there is room. */
  async #admit(): Promise<MultiOperation> {
    const { client } = this.standing.get();
    const { stat } = await client.exists(this.folder, { consistency: "strict" });
    if (stat === undefined) return { kind: "create", path: this.folder, parents: true };
    if (stat.numChildren < this.#max) {
      return { kind: "set", path: this.folder, data: "", version: stat.version };
    }
    const message = `${this.path} holds ${stat.numChildren} items, and may hold ${this.#max}`;
    throw new MeridianError("QUOTA_EXCEEDED", message);
  }

  async #grab(max: number, signal: AbortSignal): Promise<Grabbed> {
    return await this.#claims.grab(max, await this.nowMs(signal), signal);
  }

  /** Waits in line; at its head takes what comes first. */
  async #takeInLine(max: number, signal: AbortSignal): Promise<readonly QueueItem[]> {
    const { client, context } = this.standing.get();
    const line = new Contender(client, context, `${this.path}/line`, oneByOne);
    const own = await line.contend({ signal });
    try {
      return await this.#takeAsFirst(max, own, signal);
    } finally {
      void own.remove();
    }
  }

  async #takeAsFirst(
    max: number,
    own: OwnNode,
    signal: AbortSignal,
  ): Promise<readonly QueueItem[]> {
    const stop = AbortSignal.any([signal, own.lost]);
    await using arrivals = new Arrivals(this.standing, this.folder, stop);
    await arrivals.ready;
    for (;;) {
      const { items, nextDueMs } = await this.#grab(max, stop);
      if (items.length > 0) return items;
      const waitMs = nextDueMs === Infinity ? Infinity : nextDueMs - (await this.nowMs(stop));
      await arrivals.next(waitMs);
    }
  }

  /** Takes a step again and again until it is taken. */
  async #patiently<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
    const patience = new Patience(this.standing.get().context.runtime);
    for (;;) {
      try {
        signal.throwIfAborted();
        return await step();
      } catch (error) {
        signal.throwIfAborted();
        if (!this.standing.isPassing(error)) throw error;
        await patience.wait(error, signal);
      }
    }
  }
}

/** Items in the order in which they were offered. */
export class Queue extends ItemQueue {
  /** Use `Meridian.queue`. */
  constructor(context: ClientContext, path: string, options: QueueOptions = {}) {
    super(context, path, options);
  }

  /**
   * Adds an item, once.
   * @throws {MeridianError} QUOTA_EXCEEDED when the queue is full; UNKNOWN when it may have been
   * added; with every other code, and with the reason of the signal, it was not.
   */
  offer(data: string | Uint8Array, options: WaitOptions = {}): Promise<void> {
    return this.add(data, options, () => "item-");
  }
}

/** Items by their priority, the lowest first, and equals in the order of their offers. */
export class PriorityQueue extends ItemQueue {
  /** Use `Meridian.priorityQueue`. */
  constructor(context: ClientContext, path: string, options: QueueOptions = {}) {
    super(context, path, options);
  }

  /** Adds an item, once; see `Queue.offer`. */
  async offer(data: string | Uint8Array, options: PriorityOptions = {}): Promise<void> {
    const { priority = 0 } = options;
    if (!Number.isInteger(priority) || Math.abs(priority + 0.5) > priorityBias) {
      throw new MeridianError("BAD_ARGUMENTS", `${priority} is no priority: see PriorityOptions`);
    }
    const digits = String(priority + priorityBias).padStart(10, "0");
    await this.add(data, options, () => `item-${digits}-`);
  }
}

/**
 * Items that are given out when they are due, the earliest first. Both ends go by the clock of the
 * servers, as the times of their answers tell it: off by half of a write's way there and back, and
 * by as much as the clocks of the servers differ from each other.
 */
export class DelayQueue extends ItemQueue {
  readonly #clock: ServerClock;

  /** Use `Meridian.delayQueue`. */
  constructor(context: ClientContext, path: string, options: QueueOptions = {}) {
    super(context, path, options);
    this.#clock = new ServerClock(this.standing, `${path}/clock`);
  }

  /** Adds an item, once; see `Queue.offer`. */
  async offer(data: string | Uint8Array, options: DelayOptions = {}): Promise<void> {
    const { delayMs = 0, dueAtMs } = options;
    const isSound = delayMs >= 0 && (dueAtMs ?? 0) >= 0 && (dueAtMs ?? delayMs) <= timeMaxMs;
    if (!isSound) throw new MeridianError("BAD_ARGUMENTS", "this is no time to wait for");
    await this.add(data, options, async (signal) => {
      const dueMs = dueAtMs ?? (await this.#clock.nowMs(signal)) + delayMs;
      return `item-${String(Math.ceil(dueMs)).padStart(dueDigits, "0")}-`;
    });
  }

  protected override dueAtMs(name: string): number {
    return Number(name.slice("item-".length, "item-".length + dueDigits));
  }

  protected override nowMs(signal: AbortSignal): Promise<number> {
    return this.#clock.nowMs(signal);
  }
}

const priorityBias = 2 ** 31;
/** Times up to the year 5138 have so many digits. */
const dueDigits = 14;
const timeMaxMs = 90_000_000_000_000;

function assertCount(max: number): void {
  if (Number.isInteger(max) && max >= 1 && max <= takenMax) return;
  throw new MeridianError("BAD_ARGUMENTS", `from 1 to ${takenMax} items can be taken at once`);
}
