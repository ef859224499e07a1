import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { LoopDelay } from "@meridian/replica";

/** How often the process looks whether it is late. */
const resolutionMs = 20;
/** What is told is of the present period and the one before. */
const periodMs = 60_000;

/**
 * Watches how late the event loop of this process is, from the first call on, and tells how it was
 * within the last one or two minutes. One for all nodes of a process: they share the loop.
 */
export function loopDelay(): LoopDelay {
  watching ??= new LoopWatch();
  return watching.delay;
}

let watching: LoopWatch | undefined;

class LoopWatch {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  #before: LoopDelay = { p99Us: 0, maxUs: 0 };

  constructor() {
    this.#histogram.enable();
    setInterval(() => this.#turn(), periodMs).unref();
  }

  get delay(): LoopDelay {
    const now = this.#now();
    return {
      p99Us: Math.max(now.p99Us, this.#before.p99Us),
      maxUs: Math.max(now.maxUs, this.#before.maxUs),
    };
  }

  #turn(): void {
    this.#before = this.#now();
    this.#histogram.reset();
  }

  #now(): LoopDelay {
    const { count, max } = this.#histogram;
    if (count === 0) return { p99Us: 0, maxUs: 0 };
    return { p99Us: lateUs(this.#histogram.percentile(99)), maxUs: lateUs(max) };
  }
}

/** What the histogram counts are whole intervals, in nanoseconds. */
function lateUs(intervalNs: number): number {
  return Math.max(0, Math.round(intervalNs / 1_000 - resolutionMs * 1_000));
}
