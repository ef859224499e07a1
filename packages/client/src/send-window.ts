/** It never becomes smaller: who asks for less would hardly know when there is room again. */
const sizeMin = 64;
/** Servers take no more of one stream. */
const sizeMax = 16_384;
/** That so little was taken may be by chance: some may have been done already. */
const shareMin = 1 / 4;
/** Over so long is counted what is done. */
const countMs = 500;
/** For each request that was done: twice as many in the time of an answer, later an eighth more. */
const growthFirst = 1;
const growth = 1 / 8;

/**
 * How many requests may be on their way to a cluster that has said that it has too much to do. It
 * is narrowed to what was taken when it says so, and grows with what is done, until it does not
 * matter any more.
 */
export class SendWindow {
  #size = Infinity;
  /** Up to half of what was too much it grows fast. */
  #fastUpTo = 0;
  #narrowedAtMs = -Infinity;
  /** Done since then, and in a millisecond before. */
  #countedFromMs = 0;
  #done = 0;
  #perMs: number | undefined;

  /** The cluster has not taken all that was asked of it lately. */
  get isNarrow(): boolean {
    return this.#size !== Infinity;
  }

  /** How many more may be sent when so many are on their way. */
  room(inflight: number): number {
    return Math.max(0, Math.floor(this.#size - inflight));
  }

  /**
   * One was refused, while `inflight` were on their way, of which those `behind` it will be, too.
   * What was sent before the last time that it was narrowed says nothing new.
   */
  refused(inflight: number, behind: number, sentAtMs: number, nowMs: number): void {
    if (sentAtMs < this.#narrowedAtMs) return;
    if (!this.isNarrow) {
      this.#countedFromMs = nowMs;
      this.#done = 0;
      this.#perMs = undefined;
    }
    this.#narrowedAtMs = nowMs;
    const taken = Math.max(inflight - behind, inflight * shareMin);
    const half = Math.min(this.#size, inflight) / 2;
    this.#size = Math.max(sizeMin, Math.min(half, taken));
    this.#fastUpTo = half;
  }

  /** One was done. */
  answered(): void {
    this.#done += 1;
    this.#size += this.#size < this.#fastUpTo ? growthFirst : growth;
    if (this.#size > sizeMax) this.#size = Infinity;
  }

  /** How long one more would wait behind so many that are held back; 0 while nothing is known. */
  waitMs(held: number, nowMs: number): number {
    if (!this.isNarrow || held === 0) return 0;
    const countedMs = nowMs - this.#countedFromMs;
    if (countedMs >= countMs) {
      const measured = this.#done / countedMs;
      this.#perMs = this.#perMs === undefined ? measured : (this.#perMs + measured) / 2;
      this.#countedFromMs = nowMs;
      this.#done = 0;
    }
    return this.#perMs === undefined ? 0 : held / this.#perMs;
  }
}
