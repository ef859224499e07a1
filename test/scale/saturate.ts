import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../system/support/cluster.ts";
import { until } from "../system/support/condition.ts";
import type { FloodPhase, FloodPlan, FloodTally } from "./flood.ts";
import { Latencies, type LatencySummary } from "./latencies.ts";
import { statesOf } from "./servers.ts";

/** How much more than it can do a cluster is asked to do, and for how long. */
export interface SaturateOptions {
  /** Of the load beyond capacity. */
  readonly seconds: number;
  /** Of each of the measurements before and after it. */
  readonly probeSeconds: number;
  /** Load, as a multiple of what the cluster did with 1,000 writes outstanding. */
  readonly factor: number;
  /** Clients, in as many processes. */
  readonly sessions: number;
  readonly processes: number;
  readonly bytes: number;
  readonly say: (line: string) => void;
}

/** How the servers were at one time. */
interface ServersSample {
  readonly atSeconds: number;
  readonly residentBytes: readonly number[];
  /** Largest delay of each server's loop in the last one to two minutes. */
  readonly loopDelayMaxMs: readonly number[];
}

/** What became of it. */
export interface SaturateReport {
  /** One write at a time, before the load and after it. */
  readonly quiet: LatencySummary;
  readonly after: LatencySummary;
  /** From the end of the load until a new write was done. */
  readonly recoveryMs: number;
  readonly capacityPerSecond: number;
  readonly offeredPerSecond: number;
  readonly donePerSecond: number;
  /** Writes under the load, from when they were due. */
  readonly done: LatencySummary;
  readonly refused: LatencySummary;
  readonly failures: Readonly<Record<string, number>>;
  /** Terms that began under the load. */
  readonly termsChanged: number;
  readonly sessionsExpired: number;
  readonly servers: readonly ServersSample[];
}

const region = "local";
const nodes = 1_000;
const outstanding = 1_000;
const sampleMs = 5_000;
const patienceMs = 60_000;
const program = fileURLToPath(new URL("flood.ts", import.meta.url));

/** Asks a cluster for more than it can do, and looks at what becomes of it and of the load. */
export async function saturate(
  cluster: Cluster,
  options: SaturateOptions,
): Promise<SaturateReport> {
  const { seconds, probeSeconds, factor, say } = options;
  const paths = await makeNodes(cluster);
  using floods = new Floods(cluster, options, paths);
  await floods.begun();
  const one = { kind: "closed", outstanding: 1 } as const;
  const quiet = (await floods.run(one, probeSeconds, 1)).done;
  say(`one at a time: ${told(quiet)}`);
  const most = await floods.run({ kind: "closed", outstanding }, probeSeconds);
  const capacityPerSecond = Math.round(most.done.count / most.seconds);
  say(`${outstanding} at a time: ${capacityPerSecond} writes/s, ${told(most.done)}`);
  const termBefore = await termOf(cluster);
  const servers: ServersSample[] = [];
  const perSecond = Math.round(capacityPerSecond * factor);
  const watching = sampleServers(cluster, seconds, servers, say);
  const over = await floods.run({ kind: "open", perSecond }, seconds);
  await watching;
  say(`${perSecond} asked for a second: ${Math.round(over.done.count / over.seconds)} done`);
  say(`done: ${told(over.done)}; refused: ${told(over.refused)}`);
  const recoveryMs = await firstWrite(cluster, paths[0] ?? "");
  const after = await afterwards(() => floods.run(one, probeSeconds, 1));
  say(`one at a time afterwards: ${told(after)}; the first took ${Math.round(recoveryMs)} ms`);
  return {
    quiet,
    after,
    recoveryMs,
    capacityPerSecond,
    offeredPerSecond: Math.round(over.due / over.seconds),
    donePerSecond: Math.round(over.done.count / over.seconds),
    done: over.done,
    refused: over.refused,
    failures: over.failures,
    termsChanged: (await termOf(cluster)) - termBefore,
    sessionsExpired: floods.expired,
    servers,
  };
}

/** What a phase came to, over all processes. */
interface PhaseResult {
  readonly seconds: number;
  readonly due: number;
  readonly done: LatencySummary;
  readonly refused: LatencySummary;
  readonly failures: Readonly<Record<string, number>>;
}

type Phase =
  | { readonly kind: "closed"; readonly outstanding: number }
  | { readonly kind: "open"; readonly perSecond: number };

/** Processes that write. */
class Floods implements Disposable {
  readonly #children: readonly ChildProcess[];
  readonly #tallies = new Map<ChildProcess, FloodTally>();
  #phase = 0;

  constructor(cluster: Cluster, options: SaturateOptions, paths: readonly string[]) {
    const { sessions, processes, bytes } = options;
    const endpoints = cluster.nodes.map(({ address }) => address);
    this.#children = Array.from({ length: processes }, () => {
      const execArgv = ["--import", "tsx"];
      const child = fork(program, [], { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
      child.on("message", (tally) => this.#tallies.set(child, tally as FloodTally));
      const share = Math.ceil(sessions / processes);
      const plan: FloodPlan = { endpoints, region, sessions: share, paths, bytes };
      child.send(plan);
      return child;
    });
  }

  /** Resolves when all are connected. */
  async begun(): Promise<void> {
    const { length } = this.#children;
    await until("all writers are connected", patienceMs, () => {
      return this.#tallies.size === length ? true : undefined;
    });
  }

  /** Sessions that ended though their clients lived. */
  get expired(): number {
    return this.#sum(({ expired }) => expired);
  }

  /** Writes for a while, in the first `processes` of them, and then rests. */
  async run(
    phase: Phase,
    seconds: number,
    processes: number = this.#children.length,
  ): Promise<PhaseResult> {
    this.#phase += 1;
    const busy = this.#children.slice(0, processes);
    for (const child of busy) child.send(this.#shareOf(phase, busy.length));
    const begun = performance.now();
    await sleep(seconds * 1_000);
    const ended = performance.now();
    const wanted = this.#phase;
    const tallies = await until("all told what they wrote", patienceMs, () => {
      const told = busy.map((child) => this.#tallies.get(child));
      return told.every((tally) => tally?.phase === wanted) ? told : undefined;
    });
    this.#phase += 1;
    for (const child of busy) child.send({ kind: "rest", id: this.#phase } satisfies FloodPhase);
    const [done, refused] = [new Latencies(), new Latencies()];
    const failures: Record<string, number> = {};
    let due = 0;
    for (const tally of tallies) {
      due += tally?.due ?? 0;
      done.addAll(tally?.done ?? []);
      refused.addAll(tally?.refused ?? []);
      for (const [code, count] of Object.entries(tally?.failures ?? {})) {
        failures[code] = (failures[code] ?? 0) + count;
      }
    }
    const took = (ended - begun) / 1_000;
    return { seconds: took, due, done: done.summary(), refused: refused.summary(), failures };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  #shareOf(phase: Phase, parts: number): FloodPhase {
    const id = this.#phase;
    if (phase.kind === "open") return { kind: "open", id, perSecond: phase.perSecond / parts };
    return { kind: "closed", id, outstanding: Math.ceil(phase.outstanding / parts) };
  }

  #sum(of: (tally: FloodTally) => number): number {
    return [...this.#tallies.values()].reduce((sum, tally) => sum + of(tally), 0);
  }
}

async function makeNodes(cluster: Cluster): Promise<readonly string[]> {
  const client = await cluster.client();
  const paths = Array.from({ length: nodes }, (_, at) => `/regions/${region}/flooded-${at}`);
  await Promise.all(paths.map((path) => client.create(path, "")));
  return paths;
}

/** Until a write of a client that did not write before is done. */
async function firstWrite(cluster: Cluster, path: string): Promise<number> {
  const client = await cluster.client();
  const startedMs = performance.now();
  await until("a write is done", patienceMs, async () => {
    await client.set(path, "");
    return true;
  });
  return performance.now() - startedMs;
}

/** One write at a time of a client that wrote too much, once it is through with that. */
async function afterwards(run: () => Promise<PhaseResult>): Promise<LatencySummary> {
  return await until("whoever wrote too much writes again", patienceMs, async () => {
    const { done } = await run();
    return done.count > 0 ? done : undefined;
  });
}

async function termOf(cluster: Cluster): Promise<number> {
  return await until("a server tells its term", patienceMs, async () => {
    const states = await statesOf(cluster);
    const terms = states.flatMap(({ status }) => (status === undefined ? [] : [status.term]));
    return terms.length === 0 ? undefined : Math.max(...terms);
  });
}

/** Looks at the servers now and then, as long as the load goes on. */
async function sampleServers(
  cluster: Cluster,
  seconds: number,
  samples: ServersSample[],
  say: (line: string) => void,
): Promise<void> {
  const startedMs = performance.now();
  const everyMs = Math.min(sampleMs, (seconds * 1_000) / 2);
  for (let due = everyMs; due < seconds * 1_000; due += everyMs) {
    await sleep(startedMs + due - performance.now());
    const states = await statesOf(cluster);
    const residentBytes = states.map((state) => state.residentBytes);
    const loopDelayMaxMs = states.map(({ status }) =>
      Math.round((status?.loopDelayMaxUs ?? 0) / 1_000),
    );
    samples.push({ atSeconds: Math.round(due / 1_000), residentBytes, loopDelayMaxMs });
    const memory = residentBytes.map((bytes) => `${Math.round(bytes / 1e6)} MB`).join(", ");
    say(`${memory}; loops up to ${loopDelayMaxMs.join(", ")} ms late`);
  }
}

function told({ count, p50Ms, p99Ms, maxMs }: LatencySummary): string {
  const [p50, p99, most] = [p50Ms.toFixed(2), p99Ms.toFixed(1), maxMs.toFixed(0)];
  return `${count} (p50 ${p50} ms, p99 ${p99} ms, most ${most} ms)`;
}
