import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import { Contender, type ContendOptions } from "./contender.ts";

/** A lock that can be waited for: fair, without a herd, held by one session at a time. */
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
   * queue was lost; the reason of the signal.
   */
  async acquire(options: ContendOptions = {}): Promise<HeldLock> {
    const contender = new Contender(this.#client, this.#context, this.path);
    await contender.contend("", options.signal);
    return new HeldLock(contender);
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
  /** Aborted when the session ends: the lock may be somebody else's. */
  readonly lost: AbortSignal;
  readonly #contender: Contender;

  /** Use `Lock.acquire`. */
  constructor(contender: Contender) {
    this.#contender = contender;
    this.path = contender.path;
    this.fencingToken = contender.fencingToken;
    this.lost = contender.lost;
  }

  /**
   * Certain to be held now, by the client's own clock: also right just after a long pause of this
   * process.
   */
  get isHeld(): boolean {
    return this.#contender.isAlive && this.#contender.path !== "";
  }

  /** Gives it to the next. Resolves at the latest when the session could no longer hold it. */
  release(): Promise<void> {
    return this.#contender.leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
