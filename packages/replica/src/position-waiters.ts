/** Somebody who waits until a cluster's history has been applied up to an index. */
interface Waiter {
  readonly index: number;
  readonly deadlineAtMs: number;
  readonly done: (reached: boolean) => void;
}

/** Waiters at one time; more would be an attack or an outage, and are refused at once. */
const waitersMax = 100_000;

/** Reads that wait for a position, per cluster. */
export class PositionWaiters {
  readonly #clusters = new Map<string, Waiter[]>();
  #count = 0;

  /**
   * Calls `done(true)` once `settle` has seen the index, `done(false)` at the deadline or when too
   * many wait.
   */
  wait(
    cluster: string,
    index: number,
    deadlineAtMs: number,
    done: (reached: boolean) => void,
  ): void {
    if (this.#count >= waitersMax) return done(false);
    const waiters = this.#clusters.get(cluster) ?? [];
    this.#clusters.set(cluster, waiters);
    waiters.push({ index, deadlineAtMs, done });
    this.#count += 1;
  }

  /** Tells that a cluster has been applied up to `index`. */
  settle(cluster: string, index: number): void {
    const waiters = this.#clusters.get(cluster);
    if (waiters === undefined) return;
    this.#release(cluster, waiters, (waiter) => waiter.index <= index, true);
  }

  /** Gives up those whose deadline has passed. */
  expire(nowMs: number): void {
    for (const [cluster, waiters] of this.#clusters) {
      this.#release(cluster, waiters, (waiter) => waiter.deadlineAtMs <= nowMs, false);
    }
  }

  #release(
    cluster: string,
    waiters: Waiter[],
    due: (waiter: Waiter) => boolean,
    reached: boolean,
  ): void {
    const kept = waiters.filter((waiter) => !due(waiter));
    if (kept.length === waiters.length) return;
    if (kept.length === 0) this.#clusters.delete(cluster);
    else this.#clusters.set(cluster, kept);
    this.#count -= waiters.length - kept.length;
    for (const waiter of waiters) if (due(waiter)) waiter.done(reached);
  }
}
