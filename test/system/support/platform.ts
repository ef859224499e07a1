import { spawn, type ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { fleetStatus } from "@meridian/admin";
import { connect, type ConnectOptions, type Meridian } from "@meridian/client";
import { openChannel } from "@meridian/transport";
import type { IStatusResponse, ITopologyResponse } from "@meridian/wire";

import { settlesWithin, until } from "./condition.ts";
import { EventLog } from "./event-log.ts";
import { processesNaming, type RunningProcess } from "./process-table.ts";
import { cleanEnvironment, meridian, meridianOk, program, root, type Ended } from "./program.ts";
import { claimPorts, type Scratch } from "./scratch.ts";

/** How to start a platform. */
export interface PlatformOptions {
  readonly profile?: "compact" | "full";
  /** Default: a block that nothing listens on. */
  readonly basePort?: number;
  /** By `npm start`, as a newcomer does; default: the built command itself. */
  readonly byNpm?: boolean;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The fleet as `meridian status` tells of it. */
export interface FleetStatus {
  readonly nodes: readonly NodeStatus[];
  readonly clusters: Readonly<Record<string, ClusterStatus>>;
}

/** A cluster, as its nodes say. */
export interface ClusterStatus {
  /** The node that leads in the newest term that anybody knows; "" when nobody does. */
  readonly leader: string;
  readonly leaderRegion: string;
}

/** A node, and what it says of itself when it answers. */
type NodeStatus = Partial<IStatusResponse> & {
  readonly node: string;
  readonly region: string;
  readonly role: string;
  readonly cluster: string;
  readonly reachable: boolean;
};

/** A line of the emulated network, in one direction. */
interface Link {
  readonly from: string;
  readonly to: string;
  readonly delayMs: number;
}

interface Ready {
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly pids: Readonly<Record<string, number>>;
  readonly topology: string;
}

/** Longest wait for a platform to serve while other work takes the cores. */
const readyMsMax = 90_000;
/** Longest wait for a platform to end by itself, far above what it promises. */
const stopMsMax = 10_000;
/** Longest wait for the answer of a node that is asked for its status. */
const answerMsMax = 3_000;

/** A local platform in processes of its own, on a directory that the caller owns. */
export class Platform implements AsyncDisposable {
  readonly data: string;
  readonly events: EventLog;
  /** From the start of the command until it said that it serves. */
  readyMs = Number.NaN;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #clients: Meridian[] = [];
  #stderr = "";
  #ready: Ready | undefined;
  #topology: ITopologyResponse | undefined;
  #links: Promise<{ readonly links: readonly Link[] }> | undefined;

  private constructor(data: string, child: ChildProcessByStdio<null, Readable, Readable>) {
    this.data = data;
    this.#child = child;
    this.events = new EventLog(child.stdout);
    child.stderr.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.exited = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve({ code, signal }));
    });
  }

  /** Starts a platform on a directory, and resolves when it serves. */
  static async start(scratch: Scratch, options: PlatformOptions = {}): Promise<Platform> {
    const { profile = "compact", byNpm = false } = options;
    const basePort = options.basePort ?? (await claimPorts("platform"));
    const data = join(scratch.path, "platform");
    const flags = ["--headless", "--data", data, "--base-port", String(basePort)];
    const args = [...flags, "--profile", profile];
    const [command, ...words] = byNpm
      ? ["npm", "start", "--silent", "--", ...args]
      : [process.execPath, program, "dev", ...args];
    const startedMs = performance.now();
    const child = spawn(command ?? "", words, {
      cwd: root,
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const platform = new Platform(data, child);
    try {
      await platform.#untilReady();
      platform.readyMs = performance.now() - startedMs;
      return platform;
    } catch (error) {
      await platform[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Process id of the command that was started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Addresses of the nodes by tier and region. */
  get endpoints(): Ready["endpoints"] {
    if (this.#ready === undefined) throw new Error("the platform does not serve yet");
    return this.#ready.endpoints;
  }

  /** All processes of the platform, the one that was started among them. */
  processes(): readonly RunningProcess[] {
    return processesNaming(this.data);
  }

  /** The process that hosts a node, as it is now; 0 when there is none. */
  pidOf(processName: string): number {
    const started = this.events
      .of("process-started")
      .findLast((event) => event["process"] === processName);
    return Number(started?.["pid"] ?? 0);
  }

  /** Ends it as an operator would, and resolves when the command that was started is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    await this.#closeClients();
    this.#child.kill(signal);
    if (!(await settlesWithin(this.exited, stopMsMax))) this.#child.kill("SIGKILL");
    return await this.exited;
  }

  /** Runs `meridian` against this platform. */
  run(...args: readonly string[]): Promise<Ended> {
    return meridian(args, { environment: this.#environment() });
  }

  /** Runs `meridian` against this platform; it has to succeed. What it printed. */
  ok(...args: readonly string[]): Promise<string> {
    return meridianOk(args, { environment: this.#environment() });
  }

  /** Like `ok`, with `-o json`. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, "-o", "json")) as T;
  }

  /** A client in a region, closed with the platform. */
  async connect(region: string, options: Partial<ConnectOptions> = {}): Promise<Meridian> {
    const { global, regional } = this.endpoints;
    const endpoints = regional?.[region] ?? global?.[region] ?? [];
    const client = await connect({ endpoints, region, ...options });
    this.#clients.push(client);
    return client;
  }

  /**
   * The fleet as it is seen from a region, with the nodes that are down; by what `meridian status`
   * asks as well, without a process for each look.
   */
  status(region = "us-west"): Promise<FleetStatus> {
    return this.#look(region, this.#known);
  }

  /** What the nodes of a region are found to be from within it; nobody else is asked. */
  async statusWithin(region: string): Promise<readonly NodeStatus[]> {
    const { nodes } = this.#known;
    const own = { ...this.#known, nodes: nodes.filter((node) => node.region === region) };
    return (await this.#look(region, own)).nodes;
  }

  /** The node that leads a cluster by its own word and that of the others, and its region. */
  async leaderOf(cluster: string): Promise<ClusterStatus | undefined> {
    const { nodes, clusters } = await this.status();
    const found = clusters[cluster];
    const leader = nodes.find(({ node }) => node === found?.leader);
    return leader?.state === "leader" ? found : undefined;
  }

  /** Waits until every node serves, follows a leader and its mirrors, and knows of no partition. */
  async untilWhole(deadlineMs: number): Promise<FleetStatus> {
    return await until("all nodes serve and follow", deadlineMs, async () => {
      const status = await this.status();
      const broken = status.nodes.filter((node) => !isWhole(node)).map(({ node }) => node);
      if (broken.length > 0) throw new Error(`not whole: ${broken.join(", ")}`);
      return status;
    });
  }

  /** Delay of the emulated network from one region to another, as `meridian chaos show` told. */
  async oneWayMs(from: string, to: string): Promise<number> {
    this.#links ??= this.json<{ links: readonly Link[] }>("chaos", "show");
    const { links } = await this.#links;
    return links.find((link) => link.from === from && link.to === to)?.delayMs ?? Number.NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
  }

  async #untilReady(): Promise<void> {
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`it ended with ${signal ?? `exit code ${code}`}`);
    });
    const ready = this.events.next("ready", readyMsMax);
    try {
      this.#ready = (await Promise.race([ready, ended])) as unknown as Ready;
      this.#topology = await this.#askTopology();
    } catch (cause) {
      const message = `no platform; it said last:\n${this.#stderr}${this.events.tail()}`;
      throw new Error(message, { cause });
    }
  }

  /** The nodes, and how each is reached from each region. */
  get #known(): ITopologyResponse {
    if (this.#topology === undefined) throw new Error("the platform does not serve yet");
    return this.#topology;
  }

  async #look(region: string, topology: ITopologyResponse): Promise<FleetStatus> {
    const options = { openChannel, region, deadlineMs: answerMsMax };
    const { nodes, clusters } = await fleetStatus(topology, options);
    const told = nodes.map(({ status, node, region: at, role, cluster }) => {
      return { ...status, node, region: at, role, cluster, reachable: status !== undefined };
    });
    return { nodes: told, clusters };
  }

  /** As one of the nodes knows it. */
  async #askTopology(): Promise<ITopologyResponse> {
    const [address = ""] = this.endpoints["regional"]?.["us-west"] ?? [];
    const channel = openChannel(address);
    try {
      return await channel.topology({ deadlineMs: readyMsMax });
    } finally {
      channel.close();
    }
  }

  #environment(): Readonly<Record<string, string>> {
    return { MERIDIAN_TOPOLOGY: join(this.data, "topology.yaml") };
  }

  async #closeClients(): Promise<void> {
    const open = this.#clients.splice(0);
    await settlesWithin(Promise.all(open.map((client) => client.close())), 5_000);
  }
}

function isWhole(node: NodeStatus): boolean {
  const { reachable, role, leader, partitionState = "", mirrors = [] } = node;
  if (!reachable || (role !== "edge" && leader === "")) return false;
  if (mirrors.some(({ connected }) => !connected)) return false;
  return partitionState === "" || partitionState === "CONNECTED";
}
