import type { Runtime } from "../src/runtime.ts";

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: nothing happens but in `run` and `until`, in the order of time, then of asking. */
export class VirtualRuntime implements Runtime {
  #nowMs = 1_000;
  #order = 0;
  #seed: number;
  #tasks: Task[] = [];

  constructor(seed: number = 1) {
    this.#seed = seed;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#order += 1;
    const task = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run: callback };
    this.#tasks.push(task);
    return () => {
      this.#tasks = this.#tasks.filter((each) => each !== task);
    };
  }

  defer(callback: () => void): void {
    this.after(0, callback);
  }

  /** mulberry32 */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.random() * 256));
  }

  /** Lets so much time pass. */
  async run(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await settled();
    while (await this.#step(endMs));
    this.#nowMs = endMs;
  }

  /** Lets time pass until the promise settles, and gives what it settled with. */
  async until<T>(promise: Promise<T>, maxMs: number = 120_000): Promise<T> {
    let isDone = false;
    const noteEnd = (): void => {
      isDone = true;
    };
    promise.finally(noteEnd).catch(() => undefined); // the caller gets the error below
    const endMs = this.#nowMs + maxMs;
    await settled();
    while (!isDone && (await this.#step(endMs)));
    if (!isDone) throw new Error(`nothing came of it within ${maxMs} ms`);
    return await promise;
  }

  /** Resolves after so much virtual time. */
  pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(durationMs, resolve);
    });
  }

  /** Callbacks that are still to come. */
  get pending(): number {
    return this.#tasks.length;
  }

  /** A pause of this process: time passes, and afterwards what is due runs late. */
  stall(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  async #step(endMs: number): Promise<boolean> {
    let next: Task | undefined;
    for (const task of this.#tasks) {
      if (next === undefined || task.atMs < next.atMs) next = task;
      else if (task.atMs === next.atMs && task.order < next.order) next = task;
    }
    if (next === undefined || next.atMs > endMs) return false;
    this.#tasks = this.#tasks.filter((task) => task !== next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.run();
    await settled();
    return true;
  }
}

/** All promises that can settle without time passing have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
