import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { settlesWithin, until } from "../system/support/condition.ts";
import { freePorts, type Scratch } from "../system/support/scratch.ts";

const jars = ["/usr/share/java/zookeeper.jar", "/usr/share/java/slf4j-simple.jar"];
const java = "/usr/bin/java";
const compiler = "/usr/bin/javac";
const javaOptions = [
  "-cp",
  jars.join(":"),
  // Both programs live for seconds: compiling less is faster on the whole.
  "-XX:TieredStopAtLevel=1",
  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
  // Requests of more than a mebibyte shall get an answer, not end the connection.
  "-Djute.maxbuffer=8388608",
];

/** Whether ZooKeeper, its client and what compiles for it are installed as Debian has them. */
export const hasZookeeper: boolean = [java, compiler, ...jars].every((path) => existsSync(path));

/** How to get them. */
export const zookeeperInstallation: string =
  "apt-get install --no-install-recommends zookeeper openjdk-17-jdk-headless";

/** How a server runs. */
export interface ZookeeperOptions {
  /** Its shortest session timeout is twice as long. Default 200 ms. */
  readonly tickMs?: number;
  /** How often it looks for containers and TTL nodes that are due. Default: an hour. */
  readonly reapPeriodMs?: number;
  /** Whether it waits for the disk before it answers, as it does in production. Default true. */
  readonly isDurable?: boolean;
  /** Further options of the virtual machine, such as a bound of its memory. */
  readonly javaOptions?: readonly string[];
}

/**
 * A ZooKeeper server of its own: one process, with its data and log in a scratch directory. The
 * directory is on its command line, so that it ends with the scratch in any case.
 */
export class ZookeeperServer implements AsyncDisposable {
  /** host:port for clients. */
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<unknown>;

  private constructor(address: string, child: ChildProcess, log: string) {
    this.address = address;
    this.#child = child;
    this.#log = log;
    this.#exited = new Promise((resolve) => {
      child.once("error", resolve);
      child.once("close", resolve);
    });
  }

  /** Starts a server, and resolves when it takes connections. */
  static async start(scratch: Scratch, options: ZookeeperOptions = {}): Promise<ZookeeperServer> {
    const port = await freePorts(1, 16);
    const data = join(scratch.path, `zookeeper-${port}`);
    mkdirSync(data);
    const config = join(data, "zoo.cfg");
    writeFileSync(config, configOf(port, data, options));
    const log = join(scratch.path, `zookeeper-${port}.log`);
    const output = openSync(log, "a");
    const { reapPeriodMs = 3_600_000, isDurable = true } = options;
    const child = spawn(
      java,
      [
        ...javaOptions,
        "-Dzookeeper.extendedTypesEnabled=true",
        `-Dznode.container.checkIntervalMs=${reapPeriodMs}`,
        `-Dzookeeper.forceSync=${isDurable ? "yes" : "no"}`,
        ...(options.javaOptions ?? []),
        "org.apache.zookeeper.server.ZooKeeperServerMain",
        config,
      ],
      { stdio: ["ignore", output, output] },
    );
    closeSync(output);
    const server = new ZookeeperServer(`127.0.0.1:${port}`, child, log);
    try {
      await until("ZooKeeper takes connections", 30_000, () => accepts(port));
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw new Error(`ZooKeeper does not start:\n${server.output}`, { cause: error });
    }
  }

  /** Process id, for those who look at its memory and processor time. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it printed so far. */
  get output(): string {
    return readFileSync(this.#log, "utf8");
  }

  /** Ends the process, at last by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    if (await settlesWithin(this.#exited, 5_000)) return;
    this.#child.kill("SIGKILL");
    await this.#exited;
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

function configOf(port: number, data: string, { tickMs = 200 }: ZookeeperOptions): string {
  const settings = {
    tickTime: tickMs,
    maxSessionTimeout: 600_000,
    dataDir: data,
    clientPort: port,
    clientPortAddress: "127.0.0.1",
    maxClientCnxns: 0,
    "admin.enableServer": false,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  return lines.join("");
}

function accepts(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(undefined));
  });
}
