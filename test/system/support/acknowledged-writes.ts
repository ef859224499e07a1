import { setTimeout as sleep } from "node:timers/promises";

import { MeridianError, type Meridian } from "@meridian/client";

/** What a workload does. */
export interface WorkloadOptions {
  /** Made below this path, which is created. The zone decides which tier is under load. */
  readonly directory: string;
  /** One node after the other is created by each. */
  readonly clients: readonly Meridian[];
  /** Time between the beginnings of two writes of one client. */
  readonly paceMs: number;
  readonly deadlineMs?: number;
}

/** What the platform does not have as it said; empty when it kept its word. */
export interface BrokenWord {
  /** Acknowledged and not there. */
  readonly missing: readonly string[];
  /** Refused, which means that they were not applied, and yet there. */
  readonly applied: readonly string[];
}

/** A write whose outcome is known. */
interface Acknowledgement {
  readonly atMs: number;
  readonly tookMs: number;
}

/**
 * Writes all the time and remembers what was acknowledged. Every write makes a node of its own, so
 * that a lost one cannot hide behind a later one.
 */
export class AcknowledgedWrites implements AsyncDisposable {
  readonly #options: WorkloadOptions;
  readonly #acknowledged = new Set<string>();
  readonly #refused = new Map<string, MeridianError>();
  readonly #unknown = new Set<string>();
  readonly #acknowledgements: Acknowledgement[] = [];
  #writers: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #failure: Error | undefined;

  private constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** Creates the directory and begins to write. */
  static async start(options: WorkloadOptions): Promise<AcknowledgedWrites> {
    const workload = new AcknowledgedWrites(options);
    await options.clients[0]?.create(options.directory, "", { parents: true });
    const writers = options.clients.map((client, number) => workload.#write(client, number));
    workload.#writers = Promise.all(writers);
    return workload;
  }

  /** How many writes were acknowledged so far. */
  get count(): number {
    return this.#acknowledged.size;
  }

  /** Codes of the writes that were refused so far. */
  get refusals(): readonly string[] {
    return [...this.#refused.values()].map(({ code }) => code);
  }

  /** How many writes ended without anybody knowing whether they were applied. */
  get unknowns(): number {
    return this.#unknown.size;
  }

  /** Longest time without an acknowledgement in `[fromMs, toMs)` of `performance.now()`. */
  longestPauseMs(fromMs: number, toMs: number = performance.now()): number {
    const within = this.#acknowledgements
      .map(({ atMs }) => atMs)
      .filter((atMs) => atMs >= fromMs && atMs < toMs);
    const times = [fromMs, ...within, toMs];
    return Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
  }

  /** Longest time that one acknowledged write took which ended at `fromMs` or later. */
  slowestMs(fromMs: number): number {
    const ended = this.#acknowledgements.filter(({ atMs }) => atMs >= fromMs);
    return Math.max(0, ...ended.map(({ tookMs }) => tookMs));
  }

  /** Waits for the writes under way; then nothing is written any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#writers;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Compares what a client finds with what was said. To be called after `stop`. */
  async broken(reader: Meridian): Promise<BrokenWord> {
    const { names } = await reader.children(this.#options.directory);
    const present = new Set(names);
    return {
      missing: [...this.#acknowledged].filter((name) => !present.has(name)),
      applied: [...this.#refused.keys()].filter((name) => present.has(name)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await this.#writers;
  }

  async #write(client: Meridian, writer: number): Promise<void> {
    const { directory, paceMs, deadlineMs } = this.#options;
    for (let number = 0; !this.#isStopped; number += 1) {
      const name = `${writer}-${number}`;
      const startedMs = performance.now();
      try {
        await client.create(`${directory}/${name}`, name, { deadlineMs });
        const atMs = performance.now();
        this.#acknowledged.add(name);
        this.#acknowledgements.push({ atMs, tookMs: atMs - startedMs });
      } catch (error) {
        if (!this.#note(name, error)) return;
      }
      await sleep(Math.max(0, startedMs + paceMs - performance.now()));
    }
  }

  /** Whether the writer can go on. */
  #note(name: string, error: unknown): boolean {
    if (!(error instanceof MeridianError)) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      return false;
    }
    if (error.code === "UNKNOWN") this.#unknown.add(name);
    else this.#refused.set(name, error);
    return true;
  }
}
