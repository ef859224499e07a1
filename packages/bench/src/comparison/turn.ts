import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type MeasuredLoad, type Stage, standardKeys, standardValueBytes } from "../row.ts";
import type { Place, Starter, System, SystemName } from "../system.ts";
import { processorMs } from "../trials/process-use.ts";
import type { Workload } from "../workload.ts";
import type { PortBlocks } from "./ports.ts";

/** What a turn works with. */
export interface TurnOptions {
  readonly starter: Starter;
  readonly round: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  readonly program: string;
  /** Directory below which it makes its own. */
  readonly directory: string;
  readonly ports: PortBlocks;
  readonly say: (line: string) => void;
}

/** Writes under way while the keys are made. */
const creating = 500;

/** One system in one round. Disposing ends what it started, and removes its directories. */
export class Turn implements Stage, AsyncDisposable {
  readonly system: SystemName;
  readonly round: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  readonly program: string;
  readonly #options: TurnOptions;
  readonly #done = new Map<string, Promise<unknown>>();
  readonly #systems = new Set<System>();
  readonly #directories: string[] = [];
  #shared: Promise<System> | undefined;

  constructor(options: TurnOptions) {
    this.system = options.starter.name;
    this.round = options.round;
    this.seconds = options.seconds;
    this.warmUpSeconds = options.warmUpSeconds;
    this.signal = options.signal;
    this.program = options.program;
    this.#options = options;
    process.once("exit", this.#onExit);
  }

  readonly #onExit = (): void => {
    for (const directory of this.#directories) rmSync(directory, { recursive: true, force: true });
  };

  cluster(): Promise<System> {
    this.#shared ??= this.#startShared();
    return this.#shared;
  }

  async ownCluster(): Promise<System> {
    await this.endShared();
    return await this.#start();
  }

  /** Ends the cluster that rows share, so that the next row begins with another. */
  async endShared(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    const system = await shared?.catch(() => undefined);
    if (system === undefined) return;
    this.#systems.delete(system);
    await system[Symbol.asyncDispose]();
  }

  async place(): Promise<Place> {
    const directory = mkdtempSync(join(this.#options.directory, `${this.system}-`));
    this.#directories.push(directory);
    return { directory, basePort: await this.#options.ports.take(), signal: this.signal };
  }

  async load(system: System, workload: Workload): Promise<MeasuredLoad> {
    const pids = system.servers.map(({ pid }) => pid);
    let beforeMs = 0;
    const result = await system.run(workload, {
      signal: this.signal,
      onMeasuring: () => {
        beforeMs = processorMs(pids);
      },
    });
    const serversMs = processorMs(pids) - beforeMs;
    const { operations, seconds, processorMs: loaderMs } = result;
    return {
      ...result,
      operationsPerSecond: operations / seconds,
      loaderShare: loaderMs / 1_000 / seconds,
      serversShare: serversMs / 1_000 / seconds,
      serverProcessorUsPerOperation: (serversMs * 1_000) / operations,
    };
  }

  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#done.get(key) ?? work();
    this.#done.set(key, known);
    return known as Promise<T>;
  }

  say(line: string): void {
    this.#options.say(`round ${this.round}, ${this.system}: ${line}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endShared();
    await Promise.all([...this.#systems].map((system) => system[Symbol.asyncDispose]()));
    this.#onExit();
    process.off("exit", this.#onExit);
  }

  async #start(): Promise<System> {
    const system = await this.#options.starter.start(await this.place());
    this.#systems.add(system);
    return system;
  }

  async #startShared(): Promise<System> {
    const system = await this.#start();
    this.say("a cluster of three serves");
    await system.run(
      {
        kind: "create",
        connections: 1,
        outstanding: creating,
        valueBytes: standardValueBytes,
        keys: standardKeys,
        warmUpSeconds: 0,
        seconds: 0,
      },
      { signal: this.signal },
    );
    return system;
  }
}
