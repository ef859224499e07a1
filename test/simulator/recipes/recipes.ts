import { MeridianError } from "@meridian/client";
import { randomOf } from "@meridian/replica/harness";
import { ClientProcess } from "../platform/client-process.ts";
import { Counter } from "../platform/counter.ts";
import { must } from "../platform/failure.ts";
import { between } from "../platform/shape.ts";
import { Tiers } from "../platform/tiers.ts";
import type { Counts, Scenario, Trace } from "../scenario.ts";
import { Coordination, places } from "./coordination.ts";
import type { Deed } from "../platform/faults.ts";
import { drawDeeds, endFaults, type Target } from "./faults.ts";
import { drawSmallShape } from "./shape.ts";

/** Virtual time for which faults happen, and within which all must be well afterwards. */
const safetyMs = 20_000;
const livenessMs = 60_000;
const stepMs = 250;

/** Clients that lock, share, elect and wait for each other, stopped and cut off as they do. */
export const recipes: Scenario = {
  name: "recipes",
  description: "locks, semaphores, elections and barriers of clients that are stopped and cut off",
  run: async (seed, trace) => await new Run(seed, trace).run(),
  required: {
    clientStops: 0.7,
    clientCuts: 0.6,
    leaderCrashes: 0.3,
    regionLosses: 0.2,
    held: 0.95,
    lost: 0.3,
    missed: 0.9,
    holderStops: 0.7,
    staleTokens: 0.3,
    readLocks: 0.8,
    writeLocks: 0.8,
    fullSemaphores: 0.5,
    leaderships: 0.8,
    meetings: 0.5,
  },
};

class Run {
  readonly #trace: Trace;
  readonly #counter = new Counter();
  readonly #tiers: Tiers;
  readonly #coordination: Coordination;
  readonly #processes: ClientProcess[] = [];
  #busy = 0;
  #isOver = false;
  #failure: Error | undefined;

  constructor(seed: number, trace: Trace) {
    this.#trace = trace;
    const shape = drawSmallShape(randomOf(seed ^ 0x5eed));
    trace.setup(JSON.stringify({ ...shape, delaysMs: [...shape.delaysMs] }));
    this.#tiers = new Tiers(seed, shape, () => undefined);
    this.#coordination = new Coordination(this.#counter);
  }

  async run(): Promise<Counts> {
    await this.#tiers.start();
    await this.#connect();
    const { scene } = this.#tiers;
    const target: Target = {
      tiers: this.#tiers,
      processes: this.#processes,
      counter: this.#counter,
      chance: scene.random,
    };
    const untilMs = this.#nowMs + safetyMs;
    for (const deed of drawDeeds(target, this.#nowMs, safetyMs)) await this.#do(deed, untilMs);
    await this.#runUntil(untilMs);
    this.#tell("faults end");
    await endFaults(target);
    await this.#converge();
    return this.#counter.all;
  }

  get #nowMs(): number {
    return this.#tiers.scene.clock.nowMs();
  }

  async #connect(): Promise<void> {
    const { scene, shape } = this.#tiers;
    const log = { ended: () => undefined };
    for (const [place, region] of shape.clients.entries()) {
      const name = `client-${place + 1}`;
      this.#tiers.join(name, region);
      const process = new ClientProcess(scene, name, region, log);
      const endpoints = [this.#tiers.group(region).names[0] ?? "", "primary-1"];
      await scene.clock.settled(process.connect(endpoints, between(scene.random, 2_000, 5_000)));
      this.#processes.push(process);
    }
    for (const process of this.#processes) this.#employ(process);
  }

  /** Each client does several things at a time, as a service with many requests does. */
  #employ(process: ClientProcess): void {
    const work = this.#coordination;
    const tasks: readonly (readonly [number, (by: ClientProcess) => Promise<void>])[] = [
      [0.9, (by) => work.lock(by)],
      [0.8, (by) => work.share(by)],
      [0.8, (by) => work.permit(by)],
      [0.6, (by) => work.lead(by)],
      [0.5, (by) => work.meet(by)],
    ];
    for (const [share, task] of tasks) {
      if (process.chance() < share) void this.#repeat(process, task);
    }
  }

  async #repeat(
    process: ClientProcess,
    task: (process: ClientProcess) => Promise<void>,
  ): Promise<void> {
    this.#busy += 1;
    try {
      while (!this.#isOver) {
        await process.runtime.pause(between(process.chance, 1, 600));
        process.renew();
        await task(process);
      }
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#busy -= 1;
  }

  async #do(deed: Deed, untilMs: number): Promise<void> {
    if (deed.atMs >= untilMs) return;
    await this.#runUntil(deed.atMs);
    this.#tell(deed.text);
    await deed.run();
  }

  async #runUntil(atMs: number): Promise<void> {
    while (this.#nowMs < atMs) {
      await this.#tiers.scene.run(Math.min(stepMs, atMs - this.#nowMs));
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#tiers.tend();
  }

  /** With all faults gone everything ends, nothing is left behind, and everything can be had. */
  async #converge(): Promise<void> {
    this.#isOver = true;
    this.#coordination.isHarsh = false;
    await this.#until("everybody is done", () => this.#busy === 0);
    await this.#until("the platform is up again", () => this.#tiers.isUp);
    this.#coordination.check();
    for (const process of this.#processes) process.renew();
    await this.#until("nothing is left behind", () => this.#leftBehind === "");
    for (const process of this.#processes) await this.#settled(this.#probe(process));
    await this.#settled(Promise.all(this.#processes.map(({ client }) => client.close())));
  }

  /** Whoever holds nothing any more has no node, also while its session lives on. */
  get #leftBehind(): string {
    for (const place of places) {
      const cluster = place === "/global" ? "global" : (place.split("/")[2] ?? "");
      const tree = this.#tiers.group(cluster).leader?.tree;
      if (tree === undefined) return `nobody leads ${cluster}`;
      for (const session of tree.sessions()) {
        for (const path of session.ephemerals) return path;
      }
    }
    return "";
  }

  /** Each client can have everything, one after the other. */
  async #probe({ client, runtime }: ClientProcess): Promise<void> {
    for (const place of places) {
      for (;;) {
        try {
          await (await client.lock(`${place}/lock`).acquire()).release();
          await (await client.readWriteLock(`${place}/shared-lock`).write()).release();
          await (await client.semaphore(`${place}/semaphore`, 2).acquire()).release();
          await (await client.election(`${place}/election`).elect()).resign();
          break;
        } catch (error) {
          // A breaker may be open yet.
          must(error instanceof MeridianError && error.retryable, () => `${String(error)}`);
          await runtime.pause(500);
        }
      }
    }
  }

  async #settled(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const ended = work.finally(() => {
      isDone = true;
    });
    ended.catch(() => undefined); // The caller gets the error below.
    await this.#until("everything can be had", () => isDone);
    await ended;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const endMs = this.#nowMs + livenessMs;
    while (!holds()) {
      await this.#look();
      if (this.#nowMs >= endMs) {
        throw new Error(`not within ${livenessMs} ms: ${what} ${this.#leftBehind}`);
      }
      await this.#tiers.scene.run(stepMs);
    }
  }

  #tell(text: string): void {
    this.#trace.event(`${this.#nowMs.toFixed(3)} ${text}`);
  }
}
