import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import { dataBytes } from "../draft.ts";
import type { Lane } from "../lane.ts";
import type { CreateModeName } from "../options.ts";
import type { Stat } from "../receipt.ts";
import { standingOf, type Standing } from "../standing.ts";
import { untilChanged } from "./departure.ts";
import { requireOrder } from "./ordered-zone.ts";
import { Patience } from "./patience.ts";
import { hasCode, mayPass } from "./retry.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";

/** How to keep a node. */
export interface PersistentNodeOptions {
  /**
   * Default "ephemeral". The path of a sequential node is the beginning of its name; made anew it
   * has another number.
   */
  readonly mode?: Exclude<CreateModeName, "ttl" | "ttl-sequential" | "container"> | undefined;
  /** Lets it go. An ephemeral node is then deleted. */
  readonly signal?: AbortSignal | undefined;
}

/** What a node is known by once it is ours. */
interface Held {
  readonly path: string;
  readonly czxid: number;
  readonly session: number;
  version: number;
}

interface Waiter {
  /** Number of the data that it waits for. */
  readonly generation: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps a node there, with the data that it was given: it is made again after its session has ended
 * and after somebody has deleted it. That is by design: whoever must know of the end of a session
 * takes a lock.
 *
 * It lives in a session apart from the caller's own, which is renewed by itself. A node of another
 * session at the same path is waited for and never deleted, even if that session was once ours:
 * what is taken away is only ever the node of the session that we have. What others write into the
 * node stays until the next `setData`, or until it has to be made again.
 */
export class PersistentNode implements AsyncDisposable {
  /** Resolves when the node is there for the first time. Rejects when it never can be. */
  readonly ready: Promise<void>;
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #standing: Standing;
  readonly #lane: Lane;
  readonly #base: string;
  readonly #mode: NonNullable<PersistentNodeOptions["mode"]>;
  readonly #mark: string;
  readonly #signal: AbortSignal | undefined;
  readonly #stop = new AbortController();
  readonly #onAbort = (): void => void this.close();
  readonly #unlisten: () => void;
  readonly #running: Promise<void>;
  #waiters: Waiter[] = [];
  #listeners = new Set<(isPresent: boolean) => void>();
  #data: Uint8Array;
  /** Counts what the data is set to; what of that is in the node. */
  #generation = 1;
  #stored = 0;
  #held: Held | undefined;
  /** Wakes the one that keeps it: something has to be done. */
  #rouse = new AbortController();
  #failure: Error | undefined;

  /**
   * Use `Meridian.persistentNode`.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone.
   */
  constructor(
    context: ClientContext,
    path: string,
    data: string | Uint8Array,
    options: PersistentNodeOptions = {},
  ) {
    requireOrder(context, path, "nodes that are kept");
    this.#standing = standingOf(context);
    const own = this.#standing.get();
    this.#client = own.client;
    this.#context = own.context;
    this.#base = path;
    this.#mode = options.mode ?? "ephemeral";
    this.#data = dataBytes(data);
    const mark = Buffer.from(context.runtime.randomBytes(16)).toString("hex");
    this.#mark = this.#isSequential ? `${mark}-` : "";
    const cluster = context.performer.ownerOf(path);
    this.#lane = own.context.lanes.session(cluster);
    this.#unlisten = own.client.onSession(({ state, sessionId }) => {
      if (state !== "expired" || sessionId !== this.#held?.session) return;
      if (this.#isEphemeral) this.#lose();
    });
    this.#signal = options.signal;
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (this.#signal?.aborted === true) this.#stop.abort();
    this.ready = this.#whenStored(1);
    this.ready.catch(() => undefined); // Who does not wait for it hears of the error otherwise.
    this.#running = this.#run();
  }

  /** Path of the node; of a sequential one that is not there the beginning of it. */
  get path(): string {
    return this.#held?.path ?? this.#base;
  }

  /** The node is there, as far as is known. */
  get isPresent(): boolean {
    return this.#held !== undefined;
  }

  /** Session that owns the node; 0 while it is not there. */
  get sessionId(): number {
    return this.#held?.session ?? 0;
  }

  /** What the node is to hold. */
  get data(): Uint8Array {
    return this.#data;
  }

  /**
   * Changes what the node holds. Resolves when it does; what is set later takes the place of what
   * has not been stored yet.
   * @throws {MeridianError} DEADLINE when the time was over; the data is stored nevertheless as
   * soon as that is possible.
   */
  async setData(data: string | Uint8Array, options: WaitOptions = {}): Promise<void> {
    if (this.#stop.signal.aborted) throw this.#failure ?? closed(this.#base);
    this.#data = dataBytes(data);
    this.#generation += 1;
    const stored = this.#whenStored(this.#generation);
    stored.catch(() => undefined); // Who gave up waiting does not hear of it any more.
    this.#rouse.abort();
    using limit = new WaitLimit(this.#context.runtime, this.#base, options);
    await Promise.race([stored, aborted(limit.signal)]);
  }

  /** Tells when the node comes and when it is known to have gone, until the result is called. */
  onPresence(listener: (isPresent: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Keeps the node no longer. An ephemeral one is deleted, if it is still ours; others stay.
   * Resolves when that is done, or will be at the end of the session. Never rejects.
   */
  async close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#stop.abort();
    this.#rouse.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isEphemeral(): boolean {
    return this.#mode.startsWith("ephemeral");
  }

  get #isSequential(): boolean {
    return this.#mode.endsWith("sequential");
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const patience = new Patience(this.#context.runtime);
    while (!signal.aborted) {
      this.#rouse = new AbortController();
      try {
        const held = await this.#hold(signal);
        await this.#store(held, signal);
        patience.reset();
        await this.#untilGone(held);
      } catch (error) {
        if (signal.aborted) break;
        if (this.#rouse.signal.aborted) continue;
        if (!this.#isPassing(error)) {
          this.#fail(error as Error);
          break;
        }
        await patience.wait(error, signal).catch(() => undefined);
      }
    }
    await this.#letGo();
  }

  /** What has become of the node meanwhile, or of its session, is looked at anew. */
  #isPassing(error: unknown): boolean {
    const isMet = hasCode(error, "NO_NODE", "NODE_EXISTS", "BAD_VERSION");
    return isMet || this.#standing.isPassing(error);
  }

  /** The node as ours: as it was, found, or made. */
  async #hold(signal: AbortSignal): Promise<Held> {
    if (this.#held !== undefined) return this.#held;
    const generation = this.#generation;
    const found = await this.#find(signal);
    if (found !== undefined) return this.#take(found.path, found.stat, 0);
    const options = { mode: this.#mode, parents: true, signal };
    const path = this.#isSequential ? this.#base + this.#mark : this.#base;
    try {
      const made = await this.#client.create(path, this.#data, options);
      return this.#take(made.path, made.stat, generation);
    } catch (error) {
      // Somebody else's, unless it is ours whose answer was lost: then it is found at once.
      const isOther = hasCode(error, "NODE_EXISTS") && (await this.#find(signal)) === undefined;
      if (isOther) await untilChanged(this.#client, path, this.#wake());
      throw error;
    }
  }

  #take(path: string, { czxid, ephemeralOwner, version }: Stat, stored: number): Held {
    this.#held = { path, czxid, session: ephemeralOwner, version };
    this.#stored = stored;
    for (const listener of this.#listeners) listener(true);
    return this.#held;
  }

  /** The node, if it is there and ours. */
  async #find(signal: AbortSignal): Promise<{ path: string; stat: Stat } | undefined> {
    const path = this.#isSequential ? await this.#findMarked(signal) : this.#base;
    if (path === undefined) return undefined;
    const { stat } = await this.#client.exists(path, { consistency: "strict", signal });
    if (stat === undefined) return undefined;
    const owner = this.#isEphemeral ? this.#lane.sessionId : 0;
    return stat.ephemeralOwner === owner ? { path, stat } : undefined;
  }

  async #findMarked(signal: AbortSignal): Promise<string | undefined> {
    const slash = this.#base.lastIndexOf("/");
    const above = this.#base.slice(0, slash);
    const wanted = this.#base.slice(slash + 1) + this.#mark;
    try {
      const parent = above === "" ? "/" : above;
      const { names } = await this.#client.children(parent, { consistency: "strict", signal });
      const name = names.find((each) => each.startsWith(wanted));
      return name === undefined ? undefined : `${above}/${name}`;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return undefined;
      throw error;
    }
  }

  /** Puts into the node what it is to hold. */
  async #store(held: Held, signal: AbortSignal): Promise<void> {
    while (this.#stored < this.#generation) {
      const generation = this.#generation;
      try {
        const { version } = held;
        const { stat } = await this.#client.set(held.path, this.#data, { version, signal });
        held.version = stat.version;
        this.#stored = generation;
      } catch (error) {
        // Of another version, or of unknown fate: looked at again, it is found as it is now.
        this.#held = undefined;
        throw error;
      }
    }
    const [done, open] = split(this.#waiters, ({ generation }) => generation <= this.#stored);
    this.#waiters = open;
    for (const waiter of done) waiter.resolve();
  }

  /** Resolves when the node has gone; rejects when something else is to be done. */
  async #untilGone(held: Held): Promise<void> {
    const wake = this.#wake();
    for (;;) {
      wake.throwIfAborted();
      const { stat } = await this.#client.exists(held.path, {
        consistency: "strict",
        signal: wake,
      });
      if (stat?.czxid !== held.czxid) break;
      held.version = stat.version;
      await untilChanged(this.#client, held.path, wake);
    }
    this.#lose();
  }

  #wake(): AbortSignal {
    return AbortSignal.any([this.#rouse.signal, this.#stop.signal]);
  }

  #lose(): void {
    if (this.#held === undefined) return;
    this.#held = undefined;
    for (const listener of this.#listeners) listener(false);
    this.#rouse.abort();
  }

  async #letGo(): Promise<void> {
    this.#unlisten();
    const error = this.#failure ?? closed(this.#base);
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
    const session = this.#lane.sessionId;
    const patience = new Patience(this.#context.runtime);
    while (this.#isEphemeral && this.#lane.isUsable && this.#lane.sessionId === session) {
      try {
        const found = await this.#find(AbortSignal.any([]));
        // The session may have ended meanwhile, and the path may be somebody else's.
        if (found === undefined || this.#lane.sessionId !== session) break;
        await this.#client.delete(found.path, { version: found.stat.version });
        break;
      } catch (failure) {
        if (!mayPass(failure) && !hasCode(failure, "BAD_VERSION")) break;
        await patience.wait(failure);
      }
    }
    this.#held = undefined;
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#stop.abort();
  }

  /** Resolves when data of this number, or later, is in the node. */
  #whenStored(generation: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ generation, resolve, reject });
    });
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [T[], T[]] {
  return [all.filter((one) => isFirst(one)), all.filter((one) => !isFirst(one))];
}

function closed(path: string): MeridianError {
  return new MeridianError("SESSION_EXPIRED", `${path} is no longer kept`);
}
