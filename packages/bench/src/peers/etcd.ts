import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { runLoader } from "../loader-process.ts";
import type { Installation, Place, ServerProcess, Starter, System } from "../system.ts";
import type { LoadEvents, LoadResult, Workload } from "../workload.ts";
import { methods, putRequest, statusOf, type EtcdStatus } from "./etcd-messages.ts";
import type { EtcdPlan } from "./etcd-plan.ts";
import { etcdArguments, etcdPorts } from "./etcd-settings.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import { leaderFirst } from "./leader-first.ts";
import { until } from "./patience.ts";
import { PeerServer } from "./peer-server.ts";

const program = "/usr/bin/etcd";
const installation = "apt-get install --no-install-recommends etcd-server etcd-client";
const voters = 3;
const readyMs = 30_000;
const answerMs = 2_000;
const prefix = "/bench";
/** The first empties the buffer, the second finds it empty and drops it. */
const commitsToForget = 2;
const nothing = Buffer.alloc(0);

/** Finds Debian's etcd, and starts clusters of three voters. */
export const etcdStarter: Starter = {
  name: "etcd",
  find: () => Promise.resolve(findEtcd()),
  start: (place) => startEtcd(place),
};

function findEtcd(): Installation {
  if (!existsSync(program)) {
    return { installed: false, reason: `${program} missing: ${installation}` };
  }
  const output = execFileSync(program, ["--version"], { encoding: "utf8" });
  const notes = ["load over gRPC connections made for it", "quota of its store 8 GiB"];
  return { installed: true, version: etcdVersionOf(output), notes };
}

/** The version in what `etcd --version` prints. */
export function etcdVersionOf(output: string): string {
  return /^etcd Version: (\S+)$/m.exec(output)?.[1] ?? "unknown";
}

/** Starts a cluster that takes writes. Nothing is left of it when this rejects. */
export async function startEtcd(place: Place): Promise<System> {
  const system = new EtcdSystem(place);
  try {
    for (const server of system.servers) server.start();
    await system.untilWritable(place.signal);
    return system;
  } catch (error) {
    const words = system.servers.map(({ lastWords }) => lastWords).join("\n");
    await system[Symbol.asyncDispose]();
    throw new Error(`etcd does not start:\n${words}`, { cause: error });
  }
}

class EtcdSystem implements System {
  readonly name = "etcd";
  readonly servers: readonly PeerServer[];

  constructor({ directory, basePort }: Place) {
    this.servers = Array.from({ length: voters }, (_, index) => {
      const name = `etcd-${index + 1}`;
      const data = join(directory, name);
      // It wants nobody else to read it.
      mkdirSync(data, { recursive: true, mode: 0o700 });
      return new PeerServer({
        name,
        address: `127.0.0.1:${etcdPorts(basePort, index).client}`,
        data,
        log: join(directory, `${name}.log`),
        command: program,
        args: etcdArguments({ basePort, place: index, servers: voters }, data),
      });
    });
  }

  async leader(): Promise<ServerProcess | undefined> {
    const states = await Promise.all(this.servers.map(({ address }) => statusAt(address)));
    return this.servers.find((_, index) => states[index]?.leads === true);
  }

  async untilWritable(signal: AbortSignal): Promise<void> {
    const running = this.servers.filter(({ pid }) => pid !== undefined);
    await until("all servers of etcd follow a leader", readyMs, signal, async () => {
      const states = await Promise.all(running.map(({ address }) => statusAt(address)));
      return states.every((state) => state?.isLed === true) ? true : undefined;
    });
    const request = putRequest("/writable", Buffer.alloc(1));
    await until("etcd takes a write", readyMs, signal, async () => {
      for (const { address } of running) {
        if ((await ask(address, methods.put, request)) !== undefined) return true;
      }
      return undefined;
    });
  }

  async run(workload: Workload, events: LoadEvents): Promise<LoadResult> {
    if (workload.kind === "read" || workload.kind === "strict-read") await this.#settle();
    const plan: EtcdPlan = { addresses: await leaderFirst(this), prefix, workload };
    return await runLoader({ command: process.execPath, args: [loaderProgram()], plan }, events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  /**
   * Lets servers forget how much was written before. Each read copies a buffer as large as the most
   * that was ever written between two commits of the store, until there is a commit with nothing to
   * write: reads after many writes would be five times slower than others. A hash commits.
   */
  async #settle(): Promise<void> {
    for (const { address } of this.servers) {
      for (let commit = 0; commit < commitsToForget; commit += 1) {
        await ask(address, methods.hash, nothing);
      }
    }
  }
}

/** Program of the loader: what was built of it, also when this runs from source. */
function loaderProgram(): string {
  return fileURLToPath(new URL("../../dist/peers/etcd-loader.js", import.meta.url));
}

async function statusAt(address: string): Promise<EtcdStatus | undefined> {
  const answer = await ask(address, methods.status, nothing);
  return answer === undefined ? undefined : statusOf(answer);
}

/** Calls a method over a connection of its own; undefined when it is refused, lost or late. */
async function ask(address: string, method: string, message: Buffer): Promise<Buffer | undefined> {
  try {
    const connection = await GrpcConnection.connect(address);
    // A connection that ends tells those who wait.
    const timer = setTimeout(() => connection.close(), answerMs);
    try {
      return await new Promise((resolve) => connection.call(method, message, resolve));
    } finally {
      clearTimeout(timer);
      connection.close();
    }
  } catch {
    return undefined;
  }
}
