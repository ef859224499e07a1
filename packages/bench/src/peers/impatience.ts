/** Without an answer for so long, something is wrong. */
const stalledMs = 500;
const tickMs = 10;
/** A request that is sent anew gets so long at least. */
const youngMs = 100;

/** Whoever has requests under way. */
interface Waiting {
  giveUpOldest(olderThanMs: number): void;
}

/**
 * What follows a leader that dies with requests still on their way to it is silence: etcd keeps
 * their clients waiting for seven seconds, although others are served long before. While nothing is
 * answered, this gives up the oldest request again and again, so that one is sent all the time.
 */
export class Impatience {
  readonly #timer: NodeJS.Timeout;
  #successes = 0;

  constructor(clients: readonly Waiting[]) {
    let seen = 0;
    let sinceMs = performance.now();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      if (this.#successes !== seen) {
        seen = this.#successes;
        sinceMs = nowMs;
      }
      if (nowMs - sinceMs < stalledMs) return;
      for (const client of clients) client.giveUpOldest(youngMs);
    }, tickMs);
  }

  /** Something was answered well. */
  readonly onSuccess = (): void => {
    this.#successes += 1;
  };

  /** No more. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
