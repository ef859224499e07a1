import { fileURLToPath } from "node:url";

import { runLoader } from "../loader-process.ts";
import { region } from "../meridian/server.ts";
import type { Row, Stage } from "../row.ts";
import { standardKeys, standardValueBytes } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import type { System } from "../system.ts";
import { processorMs } from "./process-use.ts";
import type { HolderPlan } from "./session-holder.ts";
import { sizesOf } from "./sizes.ts";
import { pause } from "./waiting.ts";

const writers = {
  connections: 10,
  outstanding: 1_000,
  valueBytes: standardValueBytes,
  keys: standardKeys,
};
/** What sessions cost that do nothing is looked at for so long. */
const idleSeconds = 5;
/** Beyond it a cost is not called flat: less is within what two runs of one load differ by. */
const flatRatio = 1.25;

/** Processor time of all servers for a write among many sessions, over that among ten. */
export const sessionGrowthRows: readonly Row[] = [
  {
    name: "growth-sessions",
    title: "cost of a write, 10,000 sessions ÷ 10 sessions",
    unit: "×",
    better: "lower",
    goal: "flat: ≤ 1.25",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const [few, many] = await grow(stage);
      return { value: many.processorUs / few.processorUs, details: { few, many } };
    },
    judge: byBound("lower", flatRatio),
  },
];

/** What a write costs beside sessions. */
interface Cost {
  readonly sessions: number;
  /** Of all servers for each write, without what the sessions cost that do nothing. */
  readonly processorUs: number;
  /** Of all servers while nobody writes, in each second. */
  readonly idleMsPerSecond: number;
  readonly writesPerSecond: number;
}

async function grow(stage: Stage): Promise<readonly [Cost, Cost]> {
  const { sessions } = sizesOf(process.env);
  await using system = await stage.ownCluster();
  await stage.load(system, { ...writers, kind: "create", warmUpSeconds: 0, seconds: 0 });
  const few = await cost(stage, system, writers.connections);
  await using crowd = await Crowd.gather(stage, system, sessions - writers.connections);
  const many = await cost(stage, system, crowd.sessions + writers.connections);
  return [few, many];
}

async function cost(stage: Stage, system: System, sessions: number): Promise<Cost> {
  const { warmUpSeconds, seconds, signal } = stage;
  const servers = system.servers.map(({ pid }) => pid);
  const beforeMs = processorMs(servers);
  await pause(idleSeconds * 1_000, signal);
  const idleMsPerSecond = (processorMs(servers) - beforeMs) / idleSeconds;
  const measured = await stage.load(system, { ...writers, kind: "write", warmUpSeconds, seconds });
  const idleUs = (idleMsPerSecond * 1_000) / measured.operationsPerSecond;
  const processorUs = measured.serverProcessorUsPerOperation - idleUs;
  stage.say(
    `${stage.system}: ${processorUs.toFixed(1)} µs a write beside ${sessions} sessions, ` +
      `which take ${idleMsPerSecond.toFixed(0)} ms a second themselves`,
  );
  const writesPerSecond = measured.operationsPerSecond;
  return { sessions, processorUs, idleMsPerSecond, writesPerSecond };
}

/** Clients in a process of their own, each with a session, that do nothing. */
class Crowd implements AsyncDisposable {
  readonly sessions: number;
  readonly #leaving = new AbortController();
  readonly #run: Promise<unknown>;

  private constructor(sessions: number, run: (signal: AbortSignal) => Promise<unknown>) {
    this.sessions = sessions;
    this.#run = run(this.#leaving.signal);
  }

  /** Resolves when all of them have a session. */
  static async gather(stage: Stage, system: System, sessions: number): Promise<Crowd> {
    const endpoints = system.servers.map(({ address }) => address);
    const plan: HolderPlan = { endpoints, region, sessions };
    // What was built of it, also when this runs from source.
    const program = fileURLToPath(new URL("../../dist/trials/session-holder.js", import.meta.url));
    const holder = { command: process.execPath, args: [program], plan };
    return await new Promise((resolve, reject) => {
      const crowd = new Crowd(sessions, (leaving) => {
        const signal = AbortSignal.any([leaving, stage.signal]);
        return runLoader(holder, { signal, onMeasuring: () => resolve(crowd) });
      });
      crowd.#run.catch(reject);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    await this.#run.catch(() => undefined);
  }
}
