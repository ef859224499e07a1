interface Timer {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Time that passes only when it is told to. Callbacks of equal time run in the order asked for. */
export class VirtualClock {
  #nowMs = 0;
  #order = 0;
  #live = 0;
  #steps = 0;
  /** A binary heap by time and order. */
  readonly #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#order += 1;
    this.#live += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const timer: Timer = { atMs, order: this.#order, run: callback };
    this.#push(timer);
    return () => {
      if (timer.run === undefined) return;
      timer.run = undefined;
      this.#live -= 1;
    };
  }

  /** Callbacks that have neither run nor been cancelled. */
  get pending(): number {
    return this.#live;
  }

  /** Callbacks that have run. */
  get steps(): number {
    return this.#steps;
  }

  /** Lets time pass. */
  async run(forMs: number): Promise<void> {
    const untilMs = this.#nowMs + forMs;
    await this.#settle();
    while ((this.#timers[0]?.atMs ?? Infinity) <= untilMs) await this.#next();
    this.#nowMs = untilMs;
  }

  /** Lets time pass until something is the case. @throws {Error} when it is not after `maxMs`. */
  async until(what: string, holds: () => boolean, maxMs: number = 60_000): Promise<void> {
    const untilMs = this.#nowMs + maxMs;
    await this.#settle();
    while (!holds()) {
      const next = this.#timers[0];
      if (next === undefined || next.atMs > untilMs) {
        throw new Error(`after ${maxMs} ms it is still not so that ${what}`);
      }
      await this.#next();
    }
  }

  /** Lets time pass until a promise is settled, and gives what it gives. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let open = true;
    const done = promise.finally(() => (open = false));
    done.catch(() => undefined);
    await this.until("something is done", () => !open);
    return done;
  }

  /** Time passes and nothing happens, as while the machine is suspended; it happens afterwards. */
  jump(forMs: number): void {
    this.#nowMs += forMs;
  }

  async #next(): Promise<void> {
    const timer = this.#pop();
    if (timer?.run === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    const { run } = timer;
    timer.run = undefined;
    this.#live -= 1;
    this.#steps += 1;
    run();
    await this.#settle();
  }

  /** Everything that waits for promises alone happens now. */
  #settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #push(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.length;
    timers.push(timer);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = timers[above];
      if (parent === undefined || !isBefore(timer, parent)) break;
      timers[at] = parent;
      at = above;
    }
    timers[at] = timer;
  }

  #pop(): Timer | undefined {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop();
    if (last === undefined || timers.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      let child = timers[below];
      if (child === undefined) break;
      const right = timers[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      timers[at] = child;
      at = below;
    }
    timers[at] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
