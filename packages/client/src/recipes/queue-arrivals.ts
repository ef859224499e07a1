import type { Standing } from "../standing.ts";
import type { Watch, WatchEvent } from "../watch.ts";

/** Longest wait for a time: clocks are looked at again at least so often. */
const waitMaxMs = 30_000;

/** Tells when there may be an item to take: one has come, or has been given back. */
export class Arrivals implements AsyncDisposable {
  readonly #standing: Standing;
  readonly #folder: string;
  readonly #watch: Watch;
  readonly #signal: AbortSignal;
  /** Asked for, and not come yet. */
  #next: Promise<IteratorResult<WatchEvent, undefined>> | undefined;

  /** Watches until the signal ends it. */
  constructor(standing: Standing, folder: string, signal: AbortSignal) {
    this.#standing = standing;
    this.#folder = folder;
    this.#signal = signal;
    const options = { consistency: "strict", recursive: true, withData: false, signal } as const;
    this.#watch = standing.get().client.watch(folder, options);
  }

  /** Resolves when nothing is missed from then on. */
  get ready(): Promise<void> {
    return this.#watch.ready;
  }

  /**
   * Resolves when there may be an item, or after so long.
   * @throws the reason of the signal; what the watch failed with.
   */
  async next(forMs: number): Promise<void> {
    const { runtime } = this.#standing.get().context;
    let cancel = (): void => undefined;
    const late = new Promise<undefined>((resolve) => {
      const waitMs = Math.min(Math.max(forMs, 1), waitMaxMs);
      cancel = runtime.after(waitMs, () => resolve(undefined));
    });
    try {
      for (;;) {
        this.#next ??= this.#watch.next();
        const news = await Promise.race([this.#next, late]);
        this.#signal.throwIfAborted();
        if (news === undefined) return;
        this.#next = undefined;
        if (news.done === true || this.#isArrival(news.value)) return;
      }
    } finally {
      cancel();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#next?.catch(() => undefined); // Nobody asks for it any more.
    this.#watch.close();
  }

  /** An item was made, or the claim of one went. */
  #isArrival({ kind, path }: WatchEvent): boolean {
    const parts = path.slice(this.#folder.length + 1).split("/");
    return (kind === "created" && parts.length === 1) || (kind === "deleted" && parts.length === 2);
  }
}
