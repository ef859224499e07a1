import { GCProfiler, getHeapSpaceStatistics, promiseHooks } from "node:v8";
import { CallMeter } from "./call-meter.ts";
import { type Counter, counters, type Counts } from "./counter.ts";
import type { Stage } from "./stage.ts";

/** What a workload took. */
export interface Reading {
  readonly counts: Counts;
  /** Calls by function, as "package/file function". */
  readonly calls: ReadonlyMap<string, number>;
}

/** Turns of the clock that show what the clock of the tests itself takes in each. */
const idleTurns = 200;

/** Counts what happens on a stage; without optimizing compilers it is the same every time. */
export class Meters {
  readonly #stage: Stage;
  readonly #calls = new CallMeter();
  #promises = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
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
    const begin = await this.#difference(() => this.#idle(0));
    const idle = await this.#difference(() => this.#idle(idleTurns));
    const turns = idle.turns - begin.turns;
    return {
      promises: (idle.promises - begin.promises) / turns,
      heapBytes: (idle.heapBytes - begin.heapBytes) / turns,
    };
  }

  #idle(turns: number): Promise<void> {
    const { clock } = this.#stage.scene;
    for (let turn = 0; turn < turns; turn += 1) clock.after(0, () => undefined);
    return clock.run(0);
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
    const stage = this.#stage;
    const { clients, disk, scene } = stage;
    const counts = Object.fromEntries(counters.map((counter) => [counter, 0])) as Record<
      Counter,
      number
    >;
    for (const { from, to, messages, bytes } of scene.network.traffic()) {
      const kind = clients.has(from) ? "request" : clients.has(to) ? "answer" : undefined;
      const way = kind ?? (stage.regionOf(from) === stage.regionOf(to) ? "peer" : "region");
      counts[`${way}Frames`] += messages;
      counts[`${way}Bytes`] += bytes;
    }
    const { arrayBuffers } = process.memoryUsage();
    return {
      ...counts,
      diskSyncs: disk.syncs,
      diskBytes: disk.bytes,
      turns: scene.clock.steps,
      promises: this.#promises,
      heapBytes: youngBytes(),
      bufferBytes: arrayBuffers,
    };
  }
}

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
