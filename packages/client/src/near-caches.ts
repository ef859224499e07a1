import type { ClientContext } from "./client-context.ts";
import { NearCache, type NearCacheOptions } from "./near-cache.ts";
import type { ReadOptions } from "./options.ts";
import type { CachedSubtree } from "./recipes/cached-subtree.ts";
import { endingWithin } from "./runtime.ts";

/** The near caches of a client that are open. */
export class NearCaches {
  readonly #context: ClientContext;
  readonly #open = new Set<NearCache>();

  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** How many there are: without any, reads need not look. */
  get size(): number {
    return this.#open.size;
  }

  /** One that can answer this read now. */
  find(path: string, options: ReadOptions): NearCache | undefined {
    for (const cache of this.#open) if (cache.answers(path, options)) return cache;
    return undefined;
  }

  /** Puts a cache over a subtree that is being read, and resolves once that was read as a whole. */
  async over(subtree: CachedSubtree, options: NearCacheOptions): Promise<NearCache> {
    const { runtime, deadlineMs } = this.#context;
    try {
      const onClose = (closed: NearCache): void => void this.#open.delete(closed);
      const cache = new NearCache(this.#context, subtree, options, onClose);
      await endingWithin(runtime, options.deadlineMs ?? deadlineMs, subtree.ready);
      this.#open.add(cache);
      return cache;
    } catch (error) {
      subtree.close();
      options.signal?.throwIfAborted();
      throw error;
    }
  }

  /** Ends them all. */
  close(): void {
    for (const cache of this.#open) cache.close();
  }
}
