import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import { EventQueue } from "../event-queue.ts";
import { PositionMap, type Position } from "../position.ts";
import type { ReadConsistency } from "../route.ts";
import { decodeToken } from "../token.ts";
import type { Watch, WatchEvent } from "../watch.ts";
import { Patience } from "./patience.ts";
import { hasCode } from "./retry.ts";
import { SubtreeDoubts } from "./subtree-doubts.ts";
import { SubtreeFreshness } from "./subtree-freshness.ts";
import { assertBounds, SubtreeLoader } from "./subtree-loader.ts";
import { SubtreeMirror, type SubtreeChange } from "./subtree-mirror.ts";
import type { CachedNode } from "./subtree-table.ts";

/** How to cache a subtree. */
export interface CachedSubtreeOptions {
  /** Where to read and watch. Default "regional": the own region's cluster. */
  readonly consistency?: Exclude<ReadConsistency, "quorum"> | undefined;
  /** More nodes end it with TOO_LARGE. Default 100,000. */
  readonly nodesMax?: number | undefined;
  /** More bytes, of data, names and what keeps them, likewise. Default 128 MiB. */
  readonly bytesMax?: number | undefined;
  /** Changes that may wait for a reader of them. Default 65,536. */
  readonly bufferMax?: number | undefined;
  /** Ends it; iterations end as if there were no more changes. */
  readonly signal?: AbortSignal | undefined;
}

const nodesMax = 100_000;
const bytesMax = 128 << 20;
const bufferMax = 65_536;

/**
 * A copy of a node and all below it, kept up to date by a watch, so that it can be read without
 * waiting. It goes on over lost connections, other nodes and other leaders. Where the watch cannot
 * go on from its place it reads everything again, serves the old state meanwhile, and tells the
 * differences behind a `reset`. Nothing is left out: what does not fit ends it.
 *
 * What it shows is some state that was, and never goes back; `stalenessMs` says how old at most,
 * for which the place that it reads from is asked every two seconds. In an eventual zone, where
 * regions agree on no order, nodes may go back and forth for a moment: they are looked up.
 */
export class CachedSubtree implements AsyncIterable<SubtreeChange>, AsyncDisposable {
  readonly path: string;
  /** Resolves when everything has been read. Rejects when that cannot be. */
  readonly ready: Promise<void>;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #consistency: Exclude<ReadConsistency, "quorum">;
  readonly #options: CachedSubtreeOptions;
  readonly #mirror: SubtreeMirror;
  readonly #freshness: SubtreeFreshness;
  readonly #doubts: SubtreeDoubts;
  readonly #queues = new Set<EventQueue<SubtreeChange>>();
  readonly #stop = new AbortController();
  readonly #onAbort = (): void => this.close();
  /** Why it cannot be read: not ready yet, failed, or closed. */
  #refusal: MeridianError | undefined;
  /** Why it ended; undefined as long as it goes on, and when its owner closed it. */
  #failure: MeridianError | undefined;
  #isReady = false;
  #watch: Watch | undefined;
  /** Events of a transaction that has not arrived as a whole. */
  #pending: WatchEvent[] = [];
  #isFlushing = false;

  /** Use `Meridian.cachedSubtree`. */
  constructor(
    client: Meridian,
    context: ClientContext,
    path: string,
    options: CachedSubtreeOptions = {},
  ) {
    const policy = context.performer.policyOf(path);
    this.path = path;
    this.#client = client;
    this.#context = context;
    this.#options = options;
    this.#consistency = options.consistency ?? "regional";
    this.#mirror = new SubtreeMirror(policy.consistency !== "eventual");
    this.#freshness = new SubtreeFreshness(context, path, this.#consistency, {
      isCovered: (position) => this.#covers(position),
      onFailure: (error) => this.#end(error),
    });
    this.#doubts = new SubtreeDoubts(context, {
      consistency: this.#consistency,
      signal: this.#stop.signal,
      observe: () => client.observe(this.token),
      settle: (at, found) => this.#settle(at, found),
    });
    this.#refusal = new MeridianError("STALE", `${path} has not been read as a whole yet`);
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.close();
    this.ready = this.#start();
    this.ready.catch(() => undefined); // Who does not wait for it hears of the error by reading.
  }

  /** Everything has been read: from now on it answers. */
  get isReady(): boolean {
    return this.#isReady && this.#refusal === undefined;
  }

  /** Nodes that are held. */
  get size(): number {
    return this.#mirror.table.size;
  }

  /** About what they take in memory. */
  get bytes(): number {
    return this.#mirror.table.bytes;
  }

  /** Upper bound of the age of what is shown. Infinity before it is ready. */
  get stalenessMs(): number {
    return this.isReady ? this.#freshness.stalenessMs : Infinity;
  }

  /** What is shown, as a causal token: at least what it stands for. "" before it is ready. */
  get token(): string {
    if (!this.isReady) return "";
    this.#flush();
    return this.#watch?.token ?? "";
  }

  /**
   * A node, if it is there.
   * @throws {MeridianError} STALE before it is ready; why it ended.
   */
  get(path: string): CachedNode | undefined {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#mirror.table.get(path);
  }

  /** Names below a node in the order of UTF-16 code units; undefined when there is no such node. */
  children(path: string): readonly string[] | undefined {
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#mirror.table.children(path);
  }

  /** All nodes of this moment, by path. */
  entries(): readonly CachedNode[] {
    if (this.#refusal !== undefined) throw this.#refusal;
    return [...this.#mirror.table.entries()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /**
   * First every node that is there, as `initial`, then what changes. Each iteration has its own
   * place; one that is not read fast enough ends with OVERLOADED, and the others go on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<SubtreeChange> {
    const queue = new EventQueue<SubtreeChange>(this.#options.bufferMax ?? bufferMax);
    this.#queues.add(queue);
    if (this.#stop.signal.aborted) queue.end(this.#failure);
    else if (this.isReady) for (const change of this.#mirror.initial()) queue.put(change);
    const leave = (): void => {
      this.#queues.delete(queue);
      queue.end(undefined);
      queue.clear();
    };
    return {
      async next() {
        const value = await queue.take();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return() {
        leave();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Ends it: nothing is kept up to date any more, and reading it throws. */
  close(): void {
    this.#end(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#run(resolve).then(
        () => {
          this.#end(undefined);
          reject(this.#refusal ?? closed(this.path));
        },
        (error: unknown) => {
          this.#end(error as MeridianError);
          reject(error as Error);
        },
      );
    });
  }

  /** Watches and reads, from one watch to the next, until it is ended. */
  async #run(onReady: () => void): Promise<void> {
    const { signal } = this.#stop;
    const patience = new Patience(this.#context.runtime);
    let from: string | undefined;
    while (!signal.aborted) {
      const { path } = this;
      const place = { consistency: this.#consistency, bufferMax, signal };
      const watch = this.#client.watch(path, { ...place, kind: "persistent-recursive", from });
      try {
        if (from === undefined) {
          await this.#load(watch);
          onReady();
        } else this.#watch = watch;
        patience.reset();
        await this.#follow(watch);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const isOverrun = hasCode(error, "OVERLOADED");
        if (!isOverrun && !this.#isPassing(error)) throw error;
        from = isOverrun && this.#watch === watch ? watch.token : undefined;
        await patience.wait(error, signal).catch(() => undefined);
      } finally {
        watch.close();
      }
    }
  }

  /**
   * Whether reading everything again may help. What the caller has to decide about does not pass.
   */
  #isPassing(error: unknown): boolean {
    if (hasCode(error, "COMPACTED", "FORKED", "OVERLOADED")) return true;
    return this.#isReady && hasCode(error, "CAUSALITY_LOST");
  }

  /** Reads everything as of the watch's beginning or later. */
  async #load(watch: Watch): Promise<void> {
    await watch.ready;
    // Reads that this moves show at least the state that the watch goes on from.
    this.#client.observe(watch.token);
    const loader = new SubtreeLoader(this.#context, {
      path: this.path,
      consistency: this.#consistency,
      nodesMax: this.#options.nodesMax ?? nodesMax,
      bytesMax: this.#options.bytesMax ?? bytesMax,
      signal: this.#stop.signal,
    });
    const loaded = await loader.load();
    this.#stop.signal.throwIfAborted();
    this.#pending = [];
    this.#watch = watch;
    const changes = this.#mirror.replace(loaded.table, loaded.coverage, this.#isReady);
    if (!this.#isReady) this.#refusal = undefined;
    this.#isReady = true;
    this.#freshness.start(loaded.asOfMs);
    // Telling the differences takes a pass over everything.
    if (this.#queues.size > 0) this.#emit(changes());
  }

  async #follow(watch: Watch): Promise<void> {
    for (;;) {
      const { done, value } = await watch.next();
      if (done === true) return;
      this.#pending.push(value);
      if (isLastOfTransaction(value)) this.#flush();
      else this.#flushSoon();
    }
  }

  /** The rest of a transaction is about to come, unless the server sent it in parts. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#context.runtime.defer(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pending.length === 0 || this.#refusal !== undefined) return;
    const events = this.#pending;
    this.#pending = [];
    const changes: SubtreeChange[] = [];
    for (const event of events) {
      if (this.#mirror.isCertain(event)) this.#doubts.note(event.path);
      else this.#doubts.raise(event.path);
      const change = this.#mirror.apply(event);
      if (change !== undefined) changes.push(change);
    }
    this.#emit(changes);
    const { nodesMax: nodes = nodesMax, bytesMax: bytes = bytesMax } = this.#options;
    try {
      assertBounds(this.path, this.#mirror.table, nodes, bytes);
    } catch (error) {
      this.#end(error as MeridianError);
    }
  }

  #settle(path: string, found: CachedNode | undefined): void {
    if (this.#refusal !== undefined) return;
    const change = this.#mirror.settle(path, found);
    if (change !== undefined) this.#emit([change]);
  }

  #covers(position: Position): boolean {
    this.#flush();
    const reached = new PositionMap();
    reached.addAll(decodeToken(this.#watch?.token ?? ""));
    return reached.covers(position);
  }

  #emit(changes: readonly SubtreeChange[]): void {
    for (const queue of this.#queues) {
      if (queue.hasRoomFor(changes.length)) for (const change of changes) queue.put(change);
      else {
        this.#queues.delete(queue);
        queue.end(new MeridianError("OVERLOADED", `changes of ${this.path} were not read in time`));
      }
    }
  }

  #end(error: MeridianError | undefined): void {
    if (this.#stop.signal.aborted) return;
    this.#refusal = error ?? closed(this.path);
    this.#failure = error;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#freshness.stop();
    this.#stop.abort(this.#refusal);
    this.#watch?.close();
    for (const queue of this.#queues) queue.end(error);
    this.#queues.clear();
  }
}

function isLastOfTransaction({ position, resumeFrom }: WatchEvent): boolean {
  if (position === undefined) return true;
  return resumeFrom.some(({ cluster, incarnation, index }) => {
    if (cluster !== position.cluster) return false;
    return incarnation === position.incarnation && index >= position.index;
  });
}

function closed(path: string): MeridianError {
  return new MeridianError("STALE", `the copy of ${path} was closed and is not kept up to date`);
}
