import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runLoader } from "../loader-process.ts";
import type { Place, ServerProcess, Starter, System } from "../system.ts";
import type { LoadEvents, LoadResult, Workload } from "../workload.ts";
import { askZookeeper, stateOf, type ZookeeperState } from "./four-letter-word.ts";
import { leaderFirst } from "./leader-first.ts";
import { until } from "./patience.ts";
import { ZookeeperLoader } from "./zookeeper-loader.ts";
import { findZookeeper, java } from "./zookeeper-programs.ts";
import { ZookeeperServer } from "./zookeeper-server.ts";
import { portsOf, serverArguments, zookeeperConfig } from "./zookeeper-settings.ts";
import type { ZookeeperWatchersPlan } from "./zookeeper-watchers.ts";

/** What was built of the loader of watchers, also when this runs from source. */
const watchers = fileURLToPath(new URL("../../dist/peers/zookeeper-watchers.js", import.meta.url));

const voters = 3;
const readyMs = 30_000;
const parent = "/bench";

/** What makes virtual machines fast before anything is measured. */
const rehearsal: Workload = {
  kind: "write",
  connections: 10,
  outstanding: 500,
  valueBytes: 256,
  keys: 1_000,
  warmUpSeconds: 0,
  seconds: 4,
};
const rehearsalParent = "/rehearsal";

/** Finds Debian's ZooKeeper, and starts clusters of three voters. */
export const zookeeperStarter: Starter = {
  name: "zookeeper",
  find() {
    const found = findZookeeper();
    if (!found.installed) return Promise.resolve(found);
    const load = "load by its own Java client, asynchronous calls";
    const notes = [load, "heap 2 GiB, maxClientCnxns=0, admin server off", ...found.notes];
    return Promise.resolve({ ...found, notes });
  },
  start: (place) => startZookeeper(place),
};

/** How a cluster is started. */
export interface ZookeeperOptions {
  /** Seconds of writes and then of reads until virtual machines are fast. Default 4. */
  readonly rehearsalSeconds?: number;
}

/** Starts a cluster that takes writes. Nothing is left of it when this rejects. */
export async function startZookeeper(
  place: Place,
  { rehearsalSeconds = rehearsal.seconds }: ZookeeperOptions = {},
): Promise<System> {
  const system = new ZookeeperSystem(place);
  try {
    for (const server of system.servers) server.start();
    await system.untilWritable(place.signal);
    if (rehearsalSeconds > 0) await system.rehearse(rehearsalSeconds, place.signal);
    return system;
  } catch (error) {
    const words = system.lastWords;
    await system[Symbol.asyncDispose]();
    throw new Error(`ZooKeeper does not start:\n${words}`, { cause: error });
  }
}

class ZookeeperSystem implements System {
  readonly name = "zookeeper";
  readonly servers: readonly ZookeeperServer[];
  readonly #directory: string;
  #loader: ZookeeperLoader | undefined;

  constructor({ directory, basePort }: Place) {
    this.#directory = directory;
    this.servers = Array.from({ length: voters }, (_, index) => {
      const name = `zookeeper-${index + 1}`;
      const data = join(directory, name);
      mkdirSync(data, { recursive: true });
      writeFileSync(join(data, "myid"), `${index + 1}\n`);
      const config = zookeeperConfig({ basePort, place: index, servers: voters }, data);
      writeFileSync(join(data, "zoo.cfg"), config);
      return new ZookeeperServer({
        name,
        address: `127.0.0.1:${portsOf(basePort, index).client}`,
        data,
        log: join(directory, `${name}.log`),
        command: java,
        args: serverArguments(data),
      });
    });
  }

  /** What its servers said last. */
  get lastWords(): string {
    return this.servers.map(({ lastWords }) => lastWords).join("\n");
  }

  async leader(): Promise<ServerProcess | undefined> {
    const states = await Promise.all(this.servers.map(({ address }) => answerOf(address)));
    return this.servers.find((_, index) => states[index]?.mode === "leader");
  }

  async untilWritable(signal: AbortSignal): Promise<void> {
    const running = this.servers.filter(({ pid }) => pid !== undefined);
    // A server says so only once it has a quorum, and all that the leader has.
    await until("all servers of ZooKeeper serve", readyMs, signal, async () => {
      const states = await Promise.all(running.map(({ address }) => answerOf(address)));
      const isLed = states.some((state) => state?.mode === "leader");
      return isLed && !states.includes(undefined) ? true : undefined;
    });
    await this.#run({ ...rehearsal, kind: "create", keys: 1, connections: 1 }, { signal });
  }

  run(workload: Workload, events: LoadEvents): Promise<LoadResult> {
    if (workload.kind === "fan-out") return this.#fanOut(workload, events);
    return this.#run(workload, events, parent);
  }

  /** Loads it until what its virtual machines run often is compiled. */
  async rehearse(seconds: number, signal: AbortSignal): Promise<void> {
    await this.#run({ ...rehearsal, kind: "create" }, { signal });
    await this.#run({ ...rehearsal, seconds }, { signal });
    await this.#run({ ...rehearsal, seconds, kind: "read" }, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loader?.[Symbol.asyncDispose]();
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  async #fanOut(workload: Workload, events: LoadEvents): Promise<LoadResult> {
    const addresses = await leaderFirst(this);
    const plan: ZookeeperWatchersPlan = { addresses, path: `${parent}/k-0`, workload };
    return await runLoader({ command: process.execPath, args: [watchers], plan }, events);
  }

  async #run(
    workload: Workload,
    events: LoadEvents,
    below: string = rehearsalParent,
  ): Promise<LoadResult> {
    if (this.#loader?.isAlive !== true) {
      await this.#loader?.[Symbol.asyncDispose]();
      const classes = join(this.#directory, "loader");
      mkdirSync(classes, { recursive: true });
      this.#loader = await ZookeeperLoader.start(classes);
    }
    const servers = await leaderFirst(this);
    return await this.#loader.run(workload, { servers, parent: below }, events);
  }
}

async function answerOf(address: string): Promise<ZookeeperState | undefined> {
  try {
    return stateOf(await askZookeeper(address, "srvr"));
  } catch {
    return undefined;
  }
}
