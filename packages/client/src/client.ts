import { MeridianError } from "@meridian/wire";
import type { Changes, ChangesOptions } from "./changes/changes.ts";
import type { ClientContext } from "./client-context.ts";
import { childrenDraft, createBody, dataBytes, existsDraft, getDraft, multiBody } from "./draft.ts";
import { syncDraft, versionNumber } from "./draft.ts";
import { Barrier } from "./recipes/barrier.ts";
import { Counter } from "./recipes/counter.ts";
import { Discovery } from "./recipes/discovery.ts";
import { DoubleBarrier } from "./recipes/double-barrier.ts";
import { CachedSubtree, type CachedSubtreeOptions } from "./recipes/cached-subtree.ts";
import { Election } from "./recipes/election.ts";
import { Lock } from "./recipes/lock.ts";
import { Membership } from "./recipes/membership.ts";
import { PersistentNode, type PersistentNodeOptions } from "./recipes/persistent-node.ts";
import { DelayQueue, PriorityQueue, Queue, type QueueOptions } from "./recipes/queue.ts";
import { ReadWriteLock } from "./recipes/read-write-lock.ts";
import { Semaphore } from "./recipes/semaphore.ts";
import type { NearCache, NearCacheOptions } from "./near-cache.ts";
import { NearCaches } from "./near-caches.ts";
import type {
  ChildrenOptions,
  CreateOptions,
  MultiOperation,
  ReadOptions,
  SessionEvent,
  SiblingOptions,
  VersionOptions,
} from "./options.ts";
import type { OperationOptions } from "./performer.ts";
import { createRequest, deleteRequest, multiRequest, setRequest } from "./request.ts";
import {
  childPage,
  existence,
  multiDone,
  nodeValue,
  receipt,
  written,
  type Answer,
  type ChildList,
  type Done,
  type Existence,
  type MultiDone,
  type NodeValue,
  type Written,
} from "./result.ts";
import { GLOBAL } from "./route.ts";
import { RawReader } from "./raw-reader.ts";
import { RawSession } from "./raw-session.ts";
import { Streams } from "./streams.ts";
import { decodeToken, encodeToken } from "./token.ts";
import type { Watch, WatchOptions } from "./watch.ts";

const multiMax = 128;
/** Page that is asked for when all children are wanted; the server may give fewer. */
const pageMax = 1_000;

/**
 * A client of the platform. It sends each operation where the zone of its path and the consistency
 * asked for say, keeps one session for each cluster that it writes to, and finds its way around
 * nodes and regions that fail within the deadline of the operation.
 *
 * All methods reject with a `MeridianError`; a write of unknown fate has the code UNKNOWN, and
 * every other code means that it was not applied. Data given to a write must not be changed until
 * its promise settles.
 */
export class Meridian implements AsyncDisposable {
  readonly #context: ClientContext;
  readonly #streams: Streams;
  readonly #caches: NearCaches;
  #isClosed = false;

  /** Use `connect`. */
  constructor(context: ClientContext) {
    this.#context = context;
    this.#streams = new Streams(context);
    this.#caches = new NearCaches(context);
  }

  /** The caller's region. */
  get region(): string {
    return this.#context.topology.region;
  }

  /**
   * What this client has seen, for another client or process to see at least as much. "" before the
   * first answer.
   */
  get token(): string {
    return encodeToken(this.#context.token.list());
  }

  /** Makes this client see at least what the token has seen. */
  observe(token: string): void {
    this.#context.token.addAll(decodeToken(token));
  }

  /**
   * After CAUSALITY_LOST: gives up what was seen, of one cluster or all, and goes on with what
   * there is.
   */
  forget(cluster?: string): void {
    this.#context.token.clear(cluster);
  }

  /** Creates a node. */
  async create(
    path: string,
    data?: string | Uint8Array,
    options: CreateOptions = {},
  ): Promise<Written> {
    const request = createRequest(createBody(path, data, options));
    return written(await this.#write(path, request, options));
  }

  /** Replaces the data of a node. */
  async set(
    path: string,
    data: string | Uint8Array,
    options: VersionOptions = {},
  ): Promise<Written> {
    const request = setRequest({
      path,
      data: dataBytes(data),
      version: versionNumber(options.version),
    });
    return written(await this.#write(path, request, options));
  }

  /** Deletes a node without children. */
  async delete(path: string, options: VersionOptions = {}): Promise<Done> {
    const request = deleteRequest({ path, version: versionNumber(options.version) });
    return { receipt: receipt(await this.#write(path, request, options)) };
  }

  /**
   * Several writes of one cluster, at most 128, all or nothing.
   * @throws {MultiError} with the code of the part that failed; BAD_ARGUMENTS when they span
   * clusters.
   */
  async multi(
    operations: readonly MultiOperation[],
    options: OperationOptions = {},
  ): Promise<MultiDone> {
    const [first] = operations;
    if (first === undefined || operations.length > multiMax) {
      const code = first === undefined ? "BAD_ARGUMENTS" : "TOO_LARGE";
      throw new MeridianError(code, `a multi has 1 to ${multiMax} parts`);
    }
    const { performer } = this.#context;
    const owner = performer.ownerOf(first.path);
    const stranger = operations.find(({ path }) => performer.ownerOf(path) !== owner);
    if (stranger !== undefined) {
      throw new MeridianError(
        "BAD_ARGUMENTS",
        `a multi belongs to one cluster: ${first.path} to ${owner}, ${stranger.path} to ` +
          performer.ownerOf(stranger.path),
      );
    }
    const request = multiRequest({ operations: operations.map(multiBody) });
    const { parts, receipt: got } = multiDone(await this.#write(first.path, request, options));
    return {
      parts: operations.map(({ path }, place) => {
        const part = parts[place];
        return part === undefined || part.path === "" ? { path, stat: part?.stat } : part;
      }),
      receipt: got,
    };
  }

  /** Reads a node. */
  async get(path: string, options: ReadOptions = {}): Promise<NodeValue> {
    const cache = this.#near(path, options);
    if (cache !== undefined) return cache.read(path);
    return nodeValue(await this.#read(path, options, () => getDraft(path)));
  }

  /** Tells whether a node exists. */
  async exists(path: string, options: ReadOptions = {}): Promise<Existence> {
    const cache = this.#near(path, options);
    if (cache !== undefined) return cache.existence(path);
    return existence(await this.#read(path, options, () => existsDraft(path)));
  }

  /**
   * Lists the children of a node. A list that takes several requests is not of one moment: a child
   * that was there all the time is in it, others may be.
   */
  async children(path: string, options: ChildrenOptions = {}): Promise<ChildList> {
    const { withStats = false, withData = false, limit = Infinity } = options;
    if (!(limit >= 1)) throw new MeridianError("BAD_ARGUMENTS", "limit must be at least 1");
    const cache = this.#near(path, options);
    if (cache !== undefined) return cache.childList(path, options);
    let after = options.startAfter ?? "";
    let list: ChildList | undefined;
    for (;;) {
      const left = limit - (list?.names.length ?? 0);
      const page = { withStats, withData, limit: Math.min(Math.ceil(left), pageMax), after };
      const answer = await this.#read(path, options, () => childrenDraft(path, page));
      const next = childPage(answer, withData);
      list = list === undefined ? next : joined(list, next);
      const last = list.names.at(-1);
      if (!next.more || last === undefined || list.names.length >= limit) return list;
      after = last;
    }
  }

  /**
   * Moves the client's token to what the owner of the path has committed by now: reads that follow,
   * wherever they are served, show at least that.
   */
  async sync(path: string, options: OperationOptions = {}): Promise<Done> {
    this.#assertOpen();
    const reading = { ...options, path, consistency: undefined, maxStalenessMs: undefined };
    const answer = await this.#context.performer.readOwner({
      ...reading,
      draft: () => syncDraft(path),
    });
    return { receipt: receipt(answer) };
  }

  /** Watches a node, or with `recursive` all below it. */
  watch(path: string, options: WatchOptions = {}): Watch {
    this.#assertOpen();
    return this.#streams.watch(path, options);
  }

  /**
   * Committed changes, transaction by transaction, from a token, from a snapshot, or from now: for
   * whoever keeps a copy of them elsewhere.
   * @throws {MeridianError} BAD_ARGUMENTS when no single cluster shows all prefixes, or `from` is
   * no token of the cluster that is to be followed; REGION_UNAVAILABLE when that is not known.
   */
  changes(options: ChangesOptions = {}): Changes {
    this.#assertOpen();
    return this.#streams.changes(options);
  }

  /** A lock that whoever creates the lowest node below `path` holds. Strict and regional zones. */
  lock(path: string): Lock {
    return new Lock(this, this.#context, path);
  }

  /** A lock that many may hold to read, or one to write. Strict and regional zones. */
  readWriteLock(path: string): ReadWriteLock {
    return new ReadWriteLock(this, this.#context, path);
  }

  /**
   * A number of permits, from 1 to 1,000, which whoever comes first decides. Strict and regional
   * zones.
   * @throws {MeridianError} BAD_ARGUMENTS for a number out of bounds.
   */
  semaphore(path: string, permits: number): Semaphore {
    return new Semaphore(this, this.#context, path, permits);
  }

  /** A barrier that holds everybody up while it is raised. Strict and regional zones. */
  barrier(path: string): Barrier {
    return new Barrier(this, this.#context, path);
  }

  /**
   * A barrier that opens when `count` have come, from 1 to 1,000, and lets them go together. Strict
   * and regional zones.
   * @throws {MeridianError} BAD_ARGUMENTS for a count out of bounds.
   */
  doubleBarrier(path: string, count: number): DoubleBarrier {
    return new DoubleBarrier(this, this.#context, path, count);
  }

  /**
   * An election that whoever creates the lowest node below `path` has won. Strict and regional
   * zones.
   */
  election(path: string): Election {
    return new Election(this, this.#context, path);
  }

  /** A copy of a node and all below it, kept up to date, that is read without waiting. */
  cachedSubtree(path: string, options?: CachedSubtreeOptions): CachedSubtree {
    this.#assertOpen();
    return new CachedSubtree(this, this.#context, path, options);
  }

  /**
   * Holds a node and all below it in this process: `get` of the cache answers at once, and so do
   * eventual reads of this client. Resolves when everything has been read.
   * @throws {MeridianError} TOO_LARGE when it does not fit; DEADLINE; what forbids to read.
   */
  async nearCache(path: string, options: NearCacheOptions = {}): Promise<NearCache> {
    options.signal?.throwIfAborted();
    const { nodesMax, bytesMax, signal } = options;
    const subtree = this.cachedSubtree(path, { nodesMax, bytesMax, signal });
    return await this.#caches.over(subtree, options);
  }

  /** Keeps a node there over the end of sessions, until it is closed. Strict and regional zones. */
  persistentNode(
    path: string,
    data: string | Uint8Array = "",
    options: PersistentNodeOptions = {},
  ): PersistentNode {
    this.#assertOpen();
    return new PersistentNode(this.#context, path, data, options);
  }

  /** A number that many count together. All zones. */
  counter(path: string): Counter {
    return new Counter(this, this.#context, path);
  }

  /** Items that go to one consumer each, in their order. Strict and regional zones. */
  queue(path: string, options: QueueOptions = {}): Queue {
    return new Queue(this.#context, path, options);
  }

  /** A queue whose items go by their priority. Strict and regional zones. */
  priorityQueue(path: string, options: QueueOptions = {}): PriorityQueue {
    return new PriorityQueue(this.#context, path, options);
  }

  /** A queue whose items go when they are due. Strict and regional zones. */
  delayQueue(path: string, options: QueueOptions = {}): DelayQueue {
    return new DelayQueue(this.#context, path, options);
  }

  /** Who is there in a group. To join: strict and regional zones. */
  membership(path: string): Membership {
    return new Membership(this, this.#context, path);
  }

  /** Which instances of services there are. To register: strict and regional zones. */
  discovery(path: string): Discovery {
    return new Discovery(this, this.#context, path);
  }

  /**
   * The session with a cluster ("global", or a region) as a bare pipe for requests, without a
   * promise each: for load generators and whoever else counts microseconds.
   */
  session(cluster: string = GLOBAL): RawSession {
    this.#assertOpen();
    return new RawSession(this.#context.lanes.session(cluster), this.#context);
  }

  /**
   * Reads of a cluster ("global", or a region) as a bare pipe, at a replica that is near: likewise.
   * They go beside the writes of `session`, not in order with them.
   */
  reader(cluster: string = GLOBAL): RawReader {
    this.#assertOpen();
    const lane = this.#context.lanes.stranger({ kind: "cluster", cluster });
    return new RawReader(lane, cluster, this.#context);
  }

  /** After SESSION_EXPIRED: goes on with new sessions. What was ephemeral is gone. */
  renew(): void {
    for (const lane of this.#context.lanes.sessions()) lane.renew();
  }

  /** Tells of every turn of a session from now on, until the returned function is called. */
  onSession(listener: (event: SessionEvent) => void): () => void {
    this.#context.listeners.add(listener);
    return () => this.#context.listeners.delete(listener);
  }

  /**
   * Another client over the same connections, with sessions, watches and a token of its own: for
   * parts of a program that must not hold locks together. Each is closed by itself, and the last
   * one closes the connections.
   */
  sibling(options: SiblingOptions = {}): Meridian {
    this.#assertOpen();
    const { sibling } = this.#context;
    if (sibling === undefined) throw new Error("only a caller's own client has siblings");
    return sibling(options);
  }

  /**
   * Ends all sessions, and with them ephemeral nodes and locks, all watches, and the connections
   * when no sibling uses them.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { standing, connections, lanes } = this.#context;
    this.#caches.close();
    this.#streams.close();
    const goodbyes = Promise.all([standing?.close(), lanes.close()]);
    if (standing === undefined) await goodbyes;
    else await connections.leave(goodbyes);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(
    path: string,
    request: ReturnType<typeof setRequest>,
    options: OperationOptions,
  ): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(closed());
    return this.#context.performer.write(path, request, options);
  }

  #near(path: string, options: ReadOptions): NearCache | undefined {
    if (this.#caches.size === 0) return undefined;
    this.#assertOpen();
    options.signal?.throwIfAborted();
    if (options.after !== undefined) this.observe(options.after);
    return this.#caches.find(path, options);
  }

  #read(
    path: string,
    options: ReadOptions,
    draft: () => ReturnType<typeof setRequest>,
  ): Promise<Answer> {
    if (this.#isClosed) return Promise.reject(closed());
    const { consistency, maxStalenessMs, hedgeMs, deadlineMs, signal, after } = options;
    if (after !== undefined) this.observe(after);
    const reading = { path, consistency, maxStalenessMs, hedgeMs, deadlineMs, signal, draft };
    return this.#context.performer.read(reading);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed();
  }
}

function closed(): MeridianError {
  return new MeridianError("SESSION_EXPIRED", "the client has been closed");
}

function joined(list: ChildList, next: ChildList): ChildList {
  return {
    ...next,
    names: [...list.names, ...next.names],
    children: [...list.children, ...next.children],
  };
}
