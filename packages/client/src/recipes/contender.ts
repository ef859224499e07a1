import { MeridianError } from "@meridian/wire";
import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { Lane } from "../lane.ts";
import { pause } from "../runtime.ts";

/** How to wait for a turn. */
export interface ContendOptions {
  /** Gives up waiting. Default: wait as long as the session lives. */
  readonly signal?: AbortSignal | undefined;
}

/** Failures of single steps that a contender in the queue lives through. */
const retryMs = 250;
/**
 * Failures to find and delete an own node of unknown fate, before it is left to the session's end.
 */
const sweepMs = 1_000;

/**
 * A place in a fair queue: an ephemeral sequential node below a path; the one with the lowest
 * number is first. Each watches only the one before it, so that nobody is woken in vain (no herd).
 * The recipe is ZooKeeper's; the random part of the name lets a contender find its own node when
 * the answer to its create was lost.
 */
export class Contender {
  readonly #client: Meridian;
  readonly #context: ClientContext;
  readonly #lane: Lane;
  readonly #queue: string;
  readonly #mark: string;
  readonly #lost = new AbortController();
  readonly #unlisten: () => void;
  #session = 0;
  #path = "";
  #token = 0;

  /**
   * @throws {MeridianError} UNSUPPORTED in an eventual zone, which has no order that all regions
   * agree on.
   */
  constructor(client: Meridian, context: ClientContext, queue: string) {
    const policy = context.performer.policyOf(queue);
    if (policy.consistency === "eventual") {
      const message = `${queue} lies in an eventual zone, which has no locks and elections`;
      throw new MeridianError("UNSUPPORTED", message);
    }
    this.#client = client;
    this.#context = context;
    this.#queue = queue;
    this.#mark = `${hex(context.runtime.randomBytes(16))}-`;
    const cluster = context.performer.ownerOf(queue);
    this.#lane = context.lanes.session(cluster);
    this.#unlisten = client.onSession((event) => {
      const isOver = event.state === "expired" || event.state === "closed";
      if (event.cluster === cluster && event.sessionId === this.#session && isOver) this.#lose();
    });
  }

  /** Names of contenders in their order. Other nodes below the path do not count. */
  static inOrder(names: readonly string[]): readonly string[] {
    return names.filter((name) => /-\d{10,}$/.test(name)).sort((a, b) => numberOf(a) - numberOf(b));
  }

  /** Path of the own node. */
  get path(): string {
    return this.#path;
  }

  /** Index of the creation of the own node: it grows from one who is first to the next. */
  get fencingToken(): number {
    return this.#token;
  }

  /** Aborted when the session ends: the place in the queue is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The place is certain to be ours now, by the client's own clock. */
  get isAlive(): boolean {
    if (this.#lost.signal.aborted || this.#lane.sessionId !== this.#session) return false;
    return this.#context.runtime.nowMs() < this.#lane.leaseEndsAtMs;
  }

  /**
   * Takes a place in the queue and waits until it is the first. On failure the place is given up.
   */
  async contend(data: string | Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    try {
      signal?.throwIfAborted();
      await this.#enter(data, signal);
      await this.#waitUntilFirst(signal);
      if (!this.isAlive) throw this.#gone();
    } catch (error) {
      void this.#sweep();
      throw error;
    }
  }

  /**
   * Gives the place up. Resolves when the node is gone, or will go with the session at the latest.
   */
  async leave(): Promise<void> {
    while (this.#path !== "" && this.isAlive) {
      try {
        await this.#client.delete(this.#path);
        break;
      } catch (error) {
        if (!mayPass(error)) break;
        await pause(this.#context.runtime, retryMs);
      }
    }
    this.#finish();
  }

  async #enter(data: string | Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const options = { ephemeral: true, sequential: true, parents: true, signal };
    for (;;) {
      this.#session = this.#lane.sessionId;
      try {
        const made = await this.#client.create(`${this.#queue}/${this.#mark}`, data, options);
        this.#session = this.#lane.sessionId;
        this.#path = made.path;
        this.#token = made.stat.czxid;
        return;
      } catch (error) {
        if (!isUnknown(error)) throw error;
        signal?.throwIfAborted();
        // The list is read in the same session, behind the create: by then that is settled.
        if (await this.#findOwn()) return;
      }
    }
  }

  async #findOwn(): Promise<boolean> {
    const name = (await this.#names()).find((each) => each.startsWith(this.#mark));
    if (name === undefined) return false;
    const path = `${this.#queue}/${name}`;
    const { stat } = await this.#client.exists(path, { consistency: "strict" });
    if (stat === undefined || stat.ephemeralOwner !== this.#lane.sessionId) return false;
    this.#session = stat.ephemeralOwner;
    this.#path = path;
    this.#token = stat.czxid;
    return true;
  }

  async #waitUntilFirst(signal: AbortSignal | undefined): Promise<void> {
    const stop = signal === undefined ? this.lost : AbortSignal.any([signal, this.lost]);
    const own = this.#path.slice(this.#queue.length + 1);
    for (;;) {
      try {
        const names = await this.#names(stop);
        const place = names.indexOf(own);
        if (place < 0) throw this.#gone();
        const before = names[place - 1];
        if (before === undefined) return;
        await this.#waitForEnd(`${this.#queue}/${before}`, stop);
      } catch (error) {
        signal?.throwIfAborted();
        if (!this.isAlive) throw this.#gone();
        if (!mayPass(error)) throw error;
        await pause(this.#context.runtime, retryMs, stop);
      }
    }
  }

  async #names(signal?: AbortSignal): Promise<readonly string[]> {
    const { names } = await this.#client.children(this.#queue, { consistency: "strict", signal });
    return Contender.inOrder(names);
  }

  /**
   * Resolves when the node has changed or gone. The watch runs before it is looked at, so that
   * nothing is missed.
   */
  async #waitForEnd(path: string, stop: AbortSignal): Promise<void> {
    const options = { consistency: "strict", signal: stop } as const;
    await using watch = this.#client.watch(path, { ...options, kind: "exists", withData: false });
    await watch.ready;
    const { exists } = await this.#client.exists(path, options);
    if (exists) await watch.next();
    stop.throwIfAborted();
  }

  /**
   * Takes the own node away after a failure, for as long as the session could keep it alive: a node
   * that nobody answers for would block the queue.
   */
  async #sweep(): Promise<void> {
    const { runtime } = this.#context;
    while (this.#lane.isUsable && this.#lane.sessionId === this.#session) {
      try {
        if (this.#path === "" && !(await this.#findOwn())) break;
        await this.#client.delete(this.#path);
        break;
      } catch (error) {
        if (!mayPass(error)) break;
        await pause(runtime, sweepMs);
      }
    }
    this.#finish();
  }

  #gone(): MeridianError {
    return new MeridianError(
      "SESSION_EXPIRED",
      `the place in the queue ${this.#queue} has gone with its session`,
    );
  }

  #lose(): void {
    this.#unlisten();
    this.#lost.abort(this.#gone());
  }

  #finish(): void {
    this.#unlisten();
    this.#path = "";
  }
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof MeridianError)) return false;
  return error.retryable || ["DEADLINE", "UNKNOWN", "COMPACTED", "FORKED"].includes(error.code);
}

function isUnknown(error: unknown): boolean {
  return error instanceof MeridianError && error.code === "UNKNOWN";
}

function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
