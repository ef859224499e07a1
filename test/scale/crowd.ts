import type { Cluster } from "../system/support/cluster.ts";
import { until } from "../system/support/condition.ts";
import { Load } from "./load.ts";
import { type LoopWorst, worstOf } from "./loop-log.ts";
import { leaderOf, statesOf } from "./servers.ts";

/** How large a crowd is. */
export interface CrowdOptions {
  readonly sessions: number;
  readonly watchesPerSession: number;
  readonly timeoutMs: number;
  /** Sessions with an ephemeral node each, in a process that is killed. */
  readonly killed: number;
  /** Processes for the other sessions. */
  readonly loaders: number;
  /** How far those stand back behind the servers for the cores that they share: 0 to 19. */
  readonly niceness: number;
  readonly sessionsPerConnection: number;
  /** Sessions of each process with a connection of their own. */
  readonly single: number;
  readonly leaderKills: number;
  /** Changes of the node that all watch, one after the other. */
  readonly changes: number;
  /** Rest before those, so that what the servers tell of their loops is not of their start. */
  readonly restMs: number;
  /** Notes of the servers on their loops, if they take any. */
  readonly loopLogs: readonly string[];
  readonly say: (line: string) => void;
}

/** What a crowd saw. */
export interface CrowdReport {
  /** Until all sessions were welcomed and all watches ran. */
  readonly openMs: number;
  /** Largest resident memory of a server at any look. */
  readonly residentBytesMax: number;
  /** From the request of a change until the last of its watchers had it, for each change. */
  readonly fanOutMs: readonly number[];
  /** The worst of any server's loop in the rest before those changes, and during each of them. */
  readonly loopBefore: LoopWorst;
  readonly loopDuring: readonly LoopWorst[];
  /** From each kill of a leader until all were back. */
  readonly recoveryMs: readonly number[];
  /** Sessions that were expired although their clients lived. */
  readonly expired: number;
  /** From the kill of their clients until the last ephemeral node was gone, beyond the timeout. */
  readonly ephemeralsLateMs: number;
  /** Values of the checked watch that came out of order, twice, or not at all. */
  readonly wrongValues: number;
  readonly refusals: Readonly<Record<string, number>>;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const root = "/regions/local";
const hot = `${root}/hot`;
const patienceMs = 120_000;
const firstId = 1_000_000;
/** Until the servers' notes are in their files. */
const noteMs = 500;

/** Sessions and watches in great number on one cluster, and what becomes of them. */
export class Crowd {
  readonly #cluster: Cluster;
  readonly #options: CrowdOptions;
  readonly #loads: Load[] = [];
  #value = 0;
  #residentBytesMax = 0;

  constructor(cluster: Cluster, options: CrowdOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** The whole of it. */
  async run(): Promise<CrowdReport> {
    const { leaderKills, changes, restMs, say } = this.#options;
    const client = await this.#cluster.client();
    await client.create(hot, "0");
    const openMs = await this.#open();
    say(`all sessions and watches run after ${Math.round(openMs)} ms ${await this.#servers()}`);
    const restedFromMs = nowMs();
    await rest(restMs);
    const changedFromMs = nowMs();
    const times: Span[] = [];
    for (let change = 0; change < changes; change += 1) times.push(await this.#change());
    await rest(noteMs);
    const loopBefore = this.#worst({ fromMs: restedFromMs, toMs: changedFromMs });
    const loopDuring = times.map((span) => this.#worst(span));
    const fanOutMs = times.map(({ fromMs, toMs }) => toMs - fromMs);
    say(`one event to all: ${fanOutMs.map(Math.round).join(", ")} ms`);
    say(`loops before: ${textOf(loopBefore)}`);
    for (const worst of loopDuring) say(`loops with one: ${textOf(worst)}`);
    const recoveryMs: number[] = [];
    for (let kill = 0; kill < leaderKills; kill += 1) {
      recoveryMs.push(await this.#killLeader());
      say(`all back after ${Math.round(recoveryMs.at(-1) ?? 0)} ms ${await this.#servers()}`);
      fanOutMs.push(lengthOf(await this.#change()));
    }
    const expired = this.#sum("expired");
    const ephemeralsLateMs = await this.#killClients();
    say(`ephemerals gone ${Math.round(ephemeralsLateMs)} ms after the timeout`);
    fanOutMs.push(lengthOf(await this.#change()));
    say(await this.#servers());
    const wrongValues = this.#sum("wrongValues");
    const refusals = this.#refusals();
    const residentBytesMax = this.#residentBytesMax;
    for (const load of this.#loads) load.kill();
    return {
      openMs,
      residentBytesMax,
      fanOutMs,
      loopBefore,
      loopDuring,
      recoveryMs,
      expired,
      ephemeralsLateMs,
      wrongValues,
      refusals,
    };
  }

  async #open(): Promise<number> {
    const { sessions, killed, loaders, say } = this.#options;
    const startedMs = performance.now();
    const portion = Math.ceil((sessions - killed) / loaders);
    for (let loader = 0; loader < loaders; loader += 1) {
      const from = loader * portion;
      this.#start(from, Math.min(from + portion, sessions - killed));
    }
    this.#start(sessions - killed, sessions);
    await this.#untilComplete("all sessions and watches run", (line) => say(line));
    return performance.now() - startedMs;
  }

  /** Sessions of one process; those of the last one have ephemeral nodes. */
  #start(from: number, to: number): void {
    const { sessions, killed, watchesPerSession, timeoutMs } = this.#options;
    const { sessionsPerConnection, single, niceness } = this.#options;
    const plans = Array.from({ length: to - from }, (_, at) => {
      const id = firstId + from + at;
      const own = Array.from({ length: watchesPerSession - 1 }, (__, n) => `${root}/w-${id}-${n}`);
      const ephemeral = from + at >= sessions - killed ? `${root}/e-${id}` : undefined;
      return { id, timeoutMs, watches: [hot, ...own], ephemeral };
    });
    const addresses = this.#cluster.nodes.map(({ address }) => address);
    const openingsPerSecond = 800;
    const connections = { sessionsPerConnection, single, openingsPerSecond };
    this.#loads.push(new Load({ addresses, sessions: plans, ...connections, niceness }));
  }

  /** Changes the node that all watch: from the request until all have it. */
  async #change(): Promise<Span> {
    const client = await this.#cluster.client();
    const watchers = this.#loads.reduce((sum, { sessions }) => sum + sessions, 0);
    const due = this.#sum("values") + watchers;
    this.#value += 1;
    const fromMs = nowMs();
    await client.set(hot, String(this.#value));
    await until(`${watchers} watchers have ${this.#value}`, patienceMs, () =>
      this.#sum("values") >= due ? true : undefined,
    );
    return { fromMs, toMs: Math.max(...this.#loads.map(({ tally }) => tally.lastValueAtMs)) };
  }

  async #killLeader(): Promise<number> {
    const { say } = this.#options;
    const leader = await until("somebody leads", patienceMs, () => leaderOf(this.#cluster));
    const startedMs = performance.now();
    await leader.stop("SIGKILL");
    await until("another leads", patienceMs, () => leaderOf(this.#cluster));
    say(`another leads after ${Math.round(performance.now() - startedMs)} ms`);
    leader.start();
    // Those of the killed server notice at once, or after their next sign of life.
    await rest(1_000);
    await this.#untilComplete("all are back", say);
    const recoveredMs = performance.now() - startedMs;
    await until("all servers follow", patienceMs, async () => {
      const states = await statesOf(this.#cluster);
      return states.every(({ status }) => (status?.leader ?? "") !== "") ? true : undefined;
    });
    return recoveredMs;
  }

  /** Kills the process whose clients have ephemeral nodes; how long after the timeout they go. */
  async #killClients(): Promise<number> {
    const client = await this.#cluster.client();
    const victim = this.#loads.pop();
    const ephemerals = async (): Promise<number> => {
      const { children } = await client.children(root);
      return children.filter(({ name }) => name.startsWith("e-")).length;
    };
    const { killed, say } = this.#options;
    const found = await ephemerals();
    if (found !== killed) throw new Error(`${found} ephemeral nodes of ${killed}`);
    say(`killing ${killed} clients`);
    victim?.kill();
    const startedMs = performance.now();
    await until("their nodes are gone", patienceMs, async () =>
      (await ephemerals()) === 0 ? true : undefined,
    );
    return performance.now() - startedMs - this.#options.timeoutMs;
  }

  async #untilComplete(what: string, say: (line: string) => void): Promise<void> {
    let toldMs = performance.now();
    await until(what, patienceMs, async () => {
      if (performance.now() - toldMs > 5_000) {
        toldMs = performance.now();
        const run = `${this.#sum("attached")} sessions and ${this.#sum("watching")} watches run`;
        const lost = `${this.#sum("lost")} streams lost, ${JSON.stringify(this.#refusals())}`;
        say(`… ${run}; ${lost}`);
        await this.#servers();
      }
      return this.#loads.every(({ isComplete }) => isComplete) ? true : undefined;
    });
  }

  /** A line on memory, processor time and delays of each server. */
  async #servers(): Promise<string> {
    const states = await statesOf(this.#cluster);
    for (const { residentBytes } of states) {
      this.#residentBytesMax = Math.max(this.#residentBytesMax, residentBytes);
    }
    const parts = states.map(({ residentBytes, status, processorMs }) => {
      const { connections = 0, watches = 0, loopDelayP99Us: p99 = 0 } = status ?? {};
      const { loopDelayMaxUs: max = 0, state = "down" } = status ?? {};
      const delays = `${Math.round(p99 / 1e3)}/${Math.round(max / 1e3)} ms late`;
      const memory = `${Math.round(residentBytes / 1e6)} MB`;
      return `${state} ${connections}c ${watches}w ${memory} ${processorMs} ms cpu ${delays}`;
    });
    return `[${parts.join("] [")}]`;
  }

  /** The worst of all servers. */
  #worst({ fromMs, toMs }: Span): LoopWorst {
    const worsts = this.#options.loopLogs.map((file) => worstOf(file, fromMs, toMs));
    const most = (key: keyof LoopWorst): number => Math.max(0, ...worsts.map((one) => one[key]));
    return {
      lateMs: most("lateMs"),
      ownMs: most("ownMs"),
      collectorMs: most("collectorMs"),
      waitedMs: most("waitedMs"),
    };
  }

  /** Refusals of all sessions, by their code. */
  #refusals(): Readonly<Record<string, number>> {
    const refusals: Record<string, number> = {};
    for (const { tally } of this.#loads) {
      for (const [code, count] of Object.entries(tally.refusals)) {
        refusals[code] = (refusals[code] ?? 0) + count;
      }
    }
    return refusals;
  }

  #sum(key: "attached" | "lost" | "watching" | "expired" | "values" | "wrongValues"): number {
    return this.#loads.reduce((sum, { tally }) => sum + tally[key], 0);
  }
}

/** A time of the wall, in milliseconds, finer than the calendar's. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function lengthOf({ fromMs, toMs }: Span): number {
  return toMs - fromMs;
}

function textOf({ lateMs, ownMs, collectorMs, waitedMs }: LoopWorst): string {
  const [late, own, collector, waited] = [lateMs, ownMs, collectorMs, waitedMs].map(Math.round);
  return `${late} ms late; own ${own}, collector ${collector}, waiting for a core ${waited} ms`;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
