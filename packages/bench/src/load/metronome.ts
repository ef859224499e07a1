import { Worker } from "node:worker_threads";

/**
 * Beats in a thread of its own. Timers of the event loop are late by up to two milliseconds, which
 * would count as latency of what is measured; waiting on memory is late by some microseconds.
 */
const source = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { periodMs, cell } = workerData;
  const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
  const originMs = nowMs();
  for (let beat = 1; Atomics.load(cell, 0) === 0; beat += 1) {
    const leftMs = originMs + beat * periodMs - nowMs();
    if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
    parentPort.postMessage(originMs);
  }
`;

/** Calls back at a period that may be a fraction of a millisecond. */
export class Metronome {
  readonly #worker: Worker;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  /**
   * Begins at once. `onBeat` is told when the first period began, by `performance.now()` of the
   * caller; `onFault` should the thread fail.
   */
  constructor(periodMs: number, onBeat: (originMs: number) => void, onFault: (e: Error) => void) {
    const workerData = { periodMs, cell: this.#cell };
    // Both threads have the machine's clock in common, not the origin of `performance`.
    const offsetMs = performance.now() - Number(process.hrtime.bigint()) / 1e6;
    this.#worker = new Worker(source, { eval: true, workerData });
    this.#worker.on("message", (originMs: number) => onBeat(originMs + offsetMs));
    this.#worker.on("error", onFault);
  }

  /** No beat comes after it. */
  stop(): void {
    this.#worker.removeAllListeners("message");
    Atomics.store(this.#cell, 0, 1);
    Atomics.notify(this.#cell, 0);
  }
}
