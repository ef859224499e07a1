import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  askZookeeper,
  configText,
  java,
  missingOfZookeeper,
  PeerServer,
  zookeeperClassPath,
  zookeeperStateOf,
} from "@meridian/bench";

import { until } from "../system/support/condition.ts";
import { claimPorts, type Scratch } from "../system/support/scratch.ts";

const javaOptions = [
  "-cp",
  zookeeperClassPath,
  // Both programs live for seconds: compiling less is faster on the whole.
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
  // Requests of more than a mebibyte shall get an answer, not end the connection.
  "-Djute.maxbuffer=8388608",
];

/** Whether ZooKeeper, its client and what compiles for it are installed as Debian has them. */
export const hasZookeeper: boolean = missingOfZookeeper().length === 0;

/** How a server runs. */
export interface ZookeeperOptions {
  /** Its shortest session timeout is twice as long. Default 200 ms. */
  readonly tickMs?: number;
  /** How often it looks for containers and TTL nodes that are due. Default: an hour. */
  readonly reapPeriodMs?: number;
  /** Whether it waits for the disk before it answers, as it does in production. Default true. */
  readonly isDurable?: boolean;
}

/**
 * A ZooKeeper server of its own: one process, with its data and log in a scratch directory. The
 * directory is on its command line, so that it ends with the scratch in any case.
 */
export class ZookeeperServer implements AsyncDisposable {
  /** host:port for clients. */
  readonly address: string;
  readonly #server: PeerServer;
  #scripts = 0;

  private constructor(server: PeerServer) {
    this.address = server.address;
    this.#server = server;
  }

  /** Starts a server, and resolves when it serves. */
  static async start(scratch: Scratch, options: ZookeeperOptions = {}): Promise<ZookeeperServer> {
    const port = await claimPorts("servers");
    const name = `zookeeper-${port}`;
    const data = join(scratch.path, name);
    mkdirSync(data);
    const config = join(data, "zoo.cfg");
    writeFileSync(config, configOf(port, data, options));
    const server = new PeerServer({
      name,
      address: `127.0.0.1:${port}`,
      data,
      log: join(scratch.path, `${name}.log`),
      command: java,
      args: argumentsOf(config, options),
    });
    server.start();
    try {
      await until("ZooKeeper serves", 30_000, async () =>
        zookeeperStateOf(await askZookeeper(server.address, "srvr")),
      );
      return new ZookeeperServer(server);
    } catch (error) {
      await server.kill();
      throw new Error(`ZooKeeper does not start:\n${server.lastWords}`, { cause: error });
    }
  }

  /** A name that no script has had here. */
  nextScript(): string {
    this.#scripts += 1;
    return `script-${this.#scripts}`;
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.kill();
  }
}

/** Starts the program that does operations with ZooKeeper's own client. */
export function spawnBridge(address: string, scratch: Scratch): ChildProcess {
  const source = fileURLToPath(new URL("zookeeper-bridge.java", import.meta.url));
  // The scratch directory on the command line lets the scratch end it.
  const temporary = `-Djava.io.tmpdir=${scratch.path}`;
  const stdio = ["pipe", "pipe", "pipe"] as const;
  return spawn(java, [...javaOptions, temporary, source, address], { stdio: [...stdio] });
}

function argumentsOf(
  config: string,
  { reapPeriodMs = 3_600_000, isDurable = true }: ZookeeperOptions,
): readonly string[] {
  return [
    ...javaOptions,
    "-Dzookeeper.extendedTypesEnabled=true",
    `-Dznode.container.checkIntervalMs=${reapPeriodMs}`,
    `-Dzookeeper.forceSync=${isDurable ? "yes" : "no"}`,
    "org.apache.zookeeper.server.ZooKeeperServerMain",
    config,
  ];
}

function configOf(port: number, data: string, { tickMs = 200 }: ZookeeperOptions): string {
  return configText({
    tickTime: tickMs,
    maxSessionTimeout: 600_000,
    dataDir: data,
    clientPort: port,
    clientPortAddress: "127.0.0.1",
    maxClientCnxns: 0,
    "admin.enableServer": false,
  });
}
