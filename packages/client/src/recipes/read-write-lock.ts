import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { OperationOptions } from "../performer.ts";
import { Contender, type ContendOptions, type Contention, oneByOne } from "./contender.ts";
import { contestants, type Contestant, type Place } from "./line.ts";
import { HeldLock } from "./lock.ts";
import { requireOrder } from "./ordered-zone.ts";
import type { OwnNode } from "./own-node.ts";

const writePrefix = "write-";
const readPrefix = "read-";

const reading: Contention = {
  prefix: readPrefix,
  needsStats: true,
  blocker: (before) => before.findLast(isWriter),
};
const writing: Contention = { ...oneByOne, prefix: writePrefix };

/**
 * A lock that many may hold to read, or one to write: fair in the order of arrival. A reader waits
 * for the nearest writer before it, a writer for whoever stands directly before it, so that no
 * release wakes anybody in vain but the readers that may all begin. As the plain lock it is not
 * reentrant.
 *
 * ```ts
 * const lock = meridian.readWriteLock("/locks/prices");
 * await using reading = await lock.read();
 * ```
 */
export class ReadWriteLock {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.readWriteLock`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Waits until nobody who came before writes any more. Its token is above those of all writers
   * that have gone before it.
   * @throws {MeridianError} as `Lock.acquire`.
   */
  async read(options: ContendOptions = {}): Promise<HeldLock> {
    return new HeldLock(await this.#contender(reading).contend(options));
  }

  /** As `Lock.tryAcquire`, to read. */
  async tryRead(options: ContendOptions = {}): Promise<HeldLock | undefined> {
    const own = await this.#contender(reading).tryContend(options);
    return own === undefined ? undefined : new HeldLock(own);
  }

  /**
   * Waits until all who came before have gone. Its token is above all of theirs.
   * @throws {MeridianError} as `Lock.acquire`.
   */
  async write(options: ContendOptions = {}): Promise<HeldWriteLock> {
    const own = await this.#contender(writing).contend(options);
    return new HeldWriteLock(own, this.#client, options.data);
  }

  /** As `Lock.tryAcquire`, to write. */
  async tryWrite(options: ContendOptions = {}): Promise<HeldWriteLock | undefined> {
    const own = await this.#contender(writing).tryContend(options);
    return own === undefined ? undefined : new HeldWriteLock(own, this.#client, options.data);
  }

  /** Who holds the lock now: one writer, or any number of readers. */
  async holders(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    const line = await contestants(this.#client, this.path, options);
    return line.slice(0, holderCount(line.map(({ place }) => place)));
  }

  /** Who waits for the lock, in the order of arrival. */
  async waiters(options: OperationOptions = {}): Promise<readonly Contestant[]> {
    const line = await contestants(this.#client, this.path, options);
    return line.slice(holderCount(line.map(({ place }) => place)));
  }

  #contender(contention: Contention): Contender {
    requireOrder(this.#context, this.path, "locks");
    return new Contender(this.#client, this.#context, this.path, contention);
  }
}

/** A lock held to write: nobody else reads or writes. */
export class HeldWriteLock extends HeldLock {
  readonly #client: Meridian;
  readonly #data: string | Uint8Array;

  /** Use `ReadWriteLock.write`. */
  constructor(own: OwnNode, client: Meridian, data: string | Uint8Array = "") {
    super(own);
    this.#client = client;
    this.#data = data;
  }

  /**
   * Goes on as one who reads, without letting a writer in between: readers who wait directly behind
   * may begin. The token stays the same, and there is no way back but to release and to wait.
   * @throws {MeridianError} as `Meridian.set`; UNKNOWN leaves open whether others read already.
   */
  async downgrade(): Promise<void> {
    await this.#client.set(this.path, this.#data);
  }
}

/** A writer that has written to its own node has become a reader, and keeps its place. */
function isWriter({ name, stat }: Place): boolean {
  return name.startsWith(writePrefix) && (stat?.version ?? 0) === 0;
}

/** How many from the first on hold the lock. */
function holderCount(places: readonly Place[]): number {
  const firstWriter = places.findIndex(isWriter);
  if (firstWriter < 0) return places.length;
  return Math.max(1, firstWriter);
}
