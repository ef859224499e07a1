import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { MultiOperation } from "../options.ts";
import type { OperationOptions } from "../performer.ts";
import { Contender, type ContendOptions, oneByOne } from "./contender.ts";
import { contestants, type Contestant } from "./line.ts";
import { requireOrder } from "./ordered-zone.ts";
import type { OwnNode } from "./own-node.ts";

/**
 * A lock that can be waited for: fair, without a herd, held by one at a time, with a fencing token.
 *
 * It is not reentrant: each acquisition is a place of its own in the queue, also within one client.
 * In a program of many concurrent tasks there is nothing that could tell the task that holds the
 * lock from another that must not; pass the `HeldLock` on to what runs under it.
 *
 * ```ts
 * await using lock = await meridian.lock("/locks/billing").acquire({ deadlineMs: 5_000 });
 * await store.write(record, { fencingToken: lock.fencingToken, signal: lock.lost });
 * ```
 */
export class Lock {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.lock`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Waits until the lock is ours.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; SESSION_EXPIRED when the place in the
   * queue was lost; DEADLINE after `deadlineMs`; the reason of the signal. Nothing is left behind.
   */
  async acquire(options: ContendOptions = {}): Promise<HeldLock> {
    return new HeldLock(await this.#contender().contend(options));
  }

  /**
   * Takes the lock if it is free, or becomes free within `deadlineMs`; undefined otherwise. Without
   * a time it does not wait at all. It does not overtake those who wait already.
   * @throws {MeridianError} as `acquire`, but for DEADLINE after `deadlineMs`.
   */
  async tryAcquire(options: ContendOptions = {}): Promise<HeldLock | undefined> {
    const own = await this.#contender().tryContend(options);
    return own === undefined ? undefined : new HeldLock(own);
  }

  /** Who holds the lock: one, or nobody. */
  async holders(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    return (await contestants(this.#client, this.path, options)).slice(0, 1);
  }

  /** Who waits for the lock, in the order in which they will get it. */
  async waiters(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    return (await contestants(this.#client, this.path, options)).slice(1);
  }

  #contender(): Contender {
    requireOrder(this.#context, this.path, "locks");
    return new Contender(this.#client, this.#context, this.path, oneByOne);
  }
}

/** A lock that is ours until it is released, or until the session ends. */
export class HeldLock implements AsyncDisposable {
  /** Path of the own node. */
  readonly path: string;
  /**
   * Grows from holder to holder. A resource that refuses a lower token than it has seen is safe
   * even from a holder that was paused for so long that the lock went to somebody else.
   */
  readonly fencingToken: number;
  /**
   * Aborted when the session ends, or the own node is taken away: the lock may be somebody else's.
   * It never comes back.
   */
  readonly lost: AbortSignal;
  readonly #own: OwnNode;

  /** Use `Lock.acquire`. */
  constructor(own: OwnNode) {
    this.#own = own;
    this.path = own.path;
    this.fencingToken = own.fencingToken;
    this.lost = own.lost;
    own.watchOver();
  }

  /**
   * Certain to be held now, by the client's own clock: also right just after a long pause of this
   * process.
   */
  get isHeld(): boolean {
    return this.#own.isHeld;
  }

  /**
   * A part for a `multi` that lets the other parts happen only while the lock is held: within the
   * cluster of the lock that is as good as a fencing token.
   */
  get check(): MultiOperation {
    return { kind: "check", path: this.path };
  }

  /**
   * Gives it to the next. Resolves at the latest when the session could no longer hold it. Never
   * takes away what is somebody else's.
   */
  release(): Promise<void> {
    return this.#own.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
