import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { connect, type Meridian } from "@meridian/client";

import { settlesWithin, until } from "./condition.ts";
import { cleanEnvironment, meridian, program, type Ended } from "./program.ts";
import { claimPorts, type Scratch } from "./scratch.ts";

const region = "local";

/** A regional cluster of its own: `meridian server` processes and nothing else. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly Server[];
  readonly #scratch: Scratch;
  readonly #members: readonly Member[];
  readonly #newcomers: Server[] = [];
  #client: Meridian | undefined;

  private constructor(
    scratch: Scratch,
    members: readonly Member[],
    settings: object,
    surroundings: Surroundings,
  ) {
    this.#scratch = scratch;
    this.#members = members;
    this.nodes = members.map((own) => {
      const config = configOf(own, members, scratch, settings);
      return new Server(scratch, own, config, surroundings);
    });
  }

  /**
   * Starts a cluster of as many voters, and resolves when it takes writes. `settings` go into the
   * configuration of each; `surroundings` are those of their processes.
   */
  static async start(
    scratch: Scratch,
    voters: number,
    settings: object = {},
    surroundings: Surroundings = {},
  ): Promise<Cluster> {
    const base = await claimPorts("servers");
    const names = Array.from({ length: voters }, (_, index) => `local-${index + 1}`);
    const members = names.map((name, index) => ({ name, address: `127.0.0.1:${base + index}` }));
    const cluster = new Cluster(scratch, members, settings, surroundings);
    for (const node of cluster.nodes) node.start();
    try {
      await cluster.untilWritable();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A client of the cluster, closed with it. */
  async client(): Promise<Meridian> {
    this.#client ??= await connect({ endpoints: this.nodes.map(({ address }) => address), region });
    return this.#client;
  }

  /** A server that is not started: its settings name the members of the beginning and itself. */
  async newcomer(name: string): Promise<Server> {
    const own = { name, address: `127.0.0.1:${await claimPorts("servers")}` };
    const config = configOf(own, [...this.#members, own], this.#scratch);
    const server = new Server(this.#scratch, own, config);
    this.#newcomers.push(server);
    return server;
  }

  /** What tells `meridian` that this cluster is meant. */
  get environment(): Readonly<Record<string, string>> {
    const endpoints = this.nodes.map(({ address }) => address).join(",");
    return { MERIDIAN_ENDPOINTS: endpoints, MERIDIAN_REGION: region };
  }

  /** Runs `meridian` against this cluster. */
  run(args: readonly string[], stdin: string | Uint8Array = ""): Promise<Ended> {
    return meridian(args, { stdin, environment: this.environment });
  }

  /** Waits until a write is acknowledged. */
  async untilWritable(): Promise<void> {
    await until("the cluster takes a write", 30_000, async () => {
      const client = await this.client();
      await client.set(`/regions/${region}`, "");
      return true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#client !== undefined) await settlesWithin(this.#client.close(), 5_000);
    await Promise.all([...this.nodes, ...this.#newcomers].map((node) => node.stop()));
  }
}

/** A node in a process of its own. */
export class Server {
  readonly name: string;
  readonly address: string;
  /** Its configuration file. */
  readonly config: string;
  /** Its data directory. */
  readonly data: string;
  readonly #log: string;
  readonly #surroundings: Surroundings;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);

  constructor(
    scratch: Scratch,
    { name, address }: Member,
    config: string,
    surroundings: Surroundings = {},
  ) {
    this.name = name;
    this.address = address;
    this.#surroundings = surroundings;
    this.config = join(scratch.path, `${name}.yaml`);
    this.data = join(scratch.path, name);
    this.#log = join(scratch.path, `${name}.log`);
    writeFileSync(this.config, config);
  }

  /** What it printed so far. */
  get output(): string {
    return readFileSync(this.#log, "utf8");
  }

  start(): void {
    const output = openSync(this.#log, "a");
    const { launcher = [], environmentOf } = this.#surroundings;
    const server = [process.execPath, program, "server", "--config", this.config];
    const [command = "", ...args] = [...launcher, ...server];
    const child = spawn(command, args, {
      env: { ...cleanEnvironment(), ...environmentOf?.(this.name) },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#child = child;
    this.#exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
  }

  /** Ends it, at last by force. Its exit code; null after a kill. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child?.kill(signal);
    if (!(await settlesWithin(this.#exited, 5_000))) this.#child?.kill("SIGKILL");
    return await this.#exited;
  }

  /** Waits for its end by itself. Its exit code. */
  async ended(deadlineMs: number): Promise<number | null> {
    if (!(await settlesWithin(this.#exited, deadlineMs))) {
      throw new Error(`it still runs after ${deadlineMs} ms:\n${this.output}`);
    }
    return await this.#exited;
  }
}

/** What the processes of servers get beside their configuration. */
interface Surroundings {
  /** More environment, by the name of the server. */
  readonly environmentOf?: (name: string) => Readonly<Record<string, string>>;
  /** A command that becomes the server, for example to give it fewer files. */
  readonly launcher?: readonly string[];
}

interface Member {
  readonly name: string;
  readonly address: string;
}

/** YAML of a configuration; JSON is YAML. */
function configOf(
  own: Member,
  members: readonly Member[],
  scratch: Scratch,
  settings: object = {},
): string {
  const cluster = members.map(({ name, address }) => {
    return { node: name, region, role: "regional-voter", address };
  });
  const config = {
    node: own.name,
    region,
    role: "regional-voter",
    listen: own.address,
    data: join(scratch.path, own.name),
    cluster,
    regions: { [region]: cluster },
    ...settings,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
