import { GCProfiler, getHeapSpaceStatistics, promiseHooks } from "node:v8";
import { CallMeter } from "./call-meter.ts";
import { counters, type Counts } from "./counter.ts";
import type { Ground } from "./ground.ts";

/** What a workload took. */
export interface Reading {
  readonly counts: Counts;
  /** Calls by function, as "package/file function". */
  readonly calls: ReadonlyMap<string, number>;
}

/** Turns of the clock that show what the clock of the tests itself takes in each. */
const idleTurns = 200;

/** Counts what happens on a ground; without optimizing compilers it is the same every time. */
export class Meters {
  readonly #ground: Ground;
  readonly #calls = new CallMeter();
  #promises = 0;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** What some work takes in all. */
  async measure(work: () => Promise<void>): Promise<Reading> {
    const stop = promiseHooks.onInit(() => {
      this.#promises += 1;
    }) as () => void;
    const own = await this.#ownShare();
    this.#calls.reset();
    const taken = await this.#difference(work);
    const calls = this.#calls.take();
    stop();
    const counts = {
      ...taken,
      promises: taken.promises - Math.round(taken.turns * own.promises),
      heapBytes: taken.heapBytes - Math.round(taken.turns * own.heapBytes),
      calls: calls.calls,
      steps: calls.steps,
    };
    return { counts, calls: calls.byFunction };
  }

  /** What the clock of the tests itself makes in every turn, and is not the product's. */
  async #ownShare(): Promise<Pick<Counts, "promises" | "heapBytes">> {
    const ground = this.#ground;
    if (ground.idle === undefined) return { promises: 0, heapBytes: 0 };
    const begin = await this.#difference(async () => ground.idle?.(0));
    const idle = await this.#difference(async () => ground.idle?.(idleTurns));
    const turns = idle.turns - begin.turns;
    return {
      promises: (idle.promises - begin.promises) / turns,
      heapBytes: (idle.heapBytes - begin.heapBytes) / turns,
    };
  }

  async #difference(work: () => Promise<void>): Promise<Counts> {
    collectGarbage();
    const collections = new GCProfiler();
    const before = this.#read();
    collections.start();
    await work();
    const after = this.#read();
    const { statistics } = collections.stop();
    if (statistics.length > 0) throw new Error("garbage was collected meanwhile: too much work");
    const difference = counters.map((counter) => [counter, after[counter] - before[counter]]);
    return Object.fromEntries(difference) as Counts;
  }

  #read(): Counts {
    const { arrayBuffers } = process.memoryUsage();
    return {
      ...nothing,
      ...this.#ground.tally(),
      promises: this.#promises,
      heapBytes: youngBytes(),
      bufferBytes: arrayBuffers,
    };
  }
}

const nothing = Object.fromEntries(counters.map((counter) => [counter, 0])) as Counts;

/** Everything is made here; nothing leaves before garbage is collected. */
function youngBytes(): number {
  const young = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith("new_"));
  return young.reduce((bytes, { space_used_size: used }) => bytes + used, 0);
}

/** Afterwards the heap only grows, as long as there is room. */
function collectGarbage(): void {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("needs --expose-gc");
  gc();
}
