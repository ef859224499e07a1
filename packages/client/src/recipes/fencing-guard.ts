import { MeridianError } from "@meridian/wire";

/** A token is lower than one that the resource has seen: its holder has been succeeded. */
export class StaleTokenError extends MeridianError {
  readonly resource: string;
  readonly token: number;
  /** The highest token that the resource has seen. */
  readonly seen: number;

  constructor(resource: string, token: number, seen: number) {
    const what = `${resource} has seen the fencing token ${seen}`;
    super("BAD_VERSION", `${what}: what comes with ${token} is too late`);
    this.resource = resource;
    this.token = token;
    this.seen = seen;
  }
}

/** Keeps the highest token of each resource, in memory or for good. */
export interface TokenStore {
  /** The highest token that was kept. Undefined: none. */
  read(resource: string): Promise<number | undefined>;
  /** Resolves when the token is kept. What is not kept when a guard ends is not guarded against. */
  write(resource: string, token: number): Promise<void>;
}

/**
 * Stands before resources that only the holder of a lock may use, and refuses whoever comes with a
 * lower fencing token than was seen before: a holder that was paused, or cut off, for so long that
 * the lock went to somebody else. It belongs where the resource is, not where the lock is.
 *
 * Whoever uses the resource shows the token each time, also to read what is to be written back: a
 * write is only as safe as the read that it rests on.
 *
 * ```ts
 * const guard = new FencingGuard();
 * await guard.run("invoices", token, () => storage.append(invoice));
 * ```
 */
export class FencingGuard {
  readonly #store: TokenStore;
  /** Ends of what runs now or waits for it, by resource. */
  readonly #turns = new Map<string, Promise<void>>();

  /** Without a store the guard remembers for as long as it lives itself. */
  constructor(store: TokenStore = new MemoryTokenStore()) {
    this.#store = store;
  }

  /**
   * Runs `use` for the holder of a token, after what runs on the same resource has ended: between
   * the look at the token and the end of `use` no higher one comes in.
   * @throws {StaleTokenError} when a higher token was seen; then `use` does not run.
   * @throws {MeridianError} BAD_ARGUMENTS for a token that is none.
   */
  async run<T>(resource: string, token: number, use: () => T | Promise<T>): Promise<T> {
    if (!Number.isSafeInteger(token) || token < 1) {
      throw new MeridianError("BAD_ARGUMENTS", `${token} is not a fencing token`);
    }
    const before = this.#turns.get(resource);
    let end = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#turns.set(resource, turn);
    try {
      await before;
      const seen = (await this.#store.read(resource)) ?? 0;
      if (token < seen) throw new StaleTokenError(resource, token, seen);
      if (token > seen) await this.#store.write(resource, token);
      return await use();
    } finally {
      end();
      if (this.#turns.get(resource) === turn) this.#turns.delete(resource);
    }
  }

  /**
   * Looks at a token, and remembers it, without using the resource.
   * @throws as `run`.
   */
  admit(resource: string, token: number): Promise<void> {
    return this.run(resource, token, () => undefined);
  }
}

/** Keeps tokens for as long as the process lives. */
export class MemoryTokenStore implements TokenStore {
  readonly #tokens = new Map<string, number>();

  read(resource: string): Promise<number | undefined> {
    return Promise.resolve(this.#tokens.get(resource));
  }

  write(resource: string, token: number): Promise<void> {
    this.#tokens.set(resource, token);
    return Promise.resolve();
  }
}
