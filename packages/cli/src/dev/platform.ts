import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { IInspectResponse } from "@meridian/wire";

import type { TierName } from "../config/role.ts";
import { nearest } from "../config/nearest.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { WanNetwork } from "../wan/network.ts";
import type { RoundTripTimes } from "../wan/round-trip-times.ts";
import { PlatformDirectory } from "./directory.ts";
import type { DevEvent, Endpoints, WanDescription } from "./event.ts";
import { FleetWatch, waitingFor, type NodeState, type StatusSource } from "./fleet-watch.ts";
import { writeLayout, type PlacedNode } from "./layout.ts";
import { clearLeftovers } from "./leftover.ts";
import { NodeProcess, type ProcessExit, type ProcessObserver } from "./node-process.ts";
import { plannedNodes, plannedProcesses, regions, type Profile } from "./picture.ts";
import { holdersOf, PortBlock } from "./ports.ts";

/** What a platform is started with. */
export interface PlatformOptions {
  readonly data: string;
  readonly profile: Profile;
  readonly basePort: number;
  /** As given: real, none or a file. */
  readonly wanMode: string;
  readonly times: RoundTripTimes;
  /** Path of bin/meridian.js. */
  readonly program: string;
  /** Opens a connection to a node. */
  openChannel(address: string): StatusSource;
  /** Serves the control service of the platform. */
  serveControl(listen: string, platform: Platform): Promise<{ close(): Promise<void> }>;
  readonly onEvent: (event: DevEvent) => void;
}

const host = "127.0.0.1";
/** Listeners of the emulated network start this far above the base port, clear of the nodes. */
const wanPortOffset = 100;
const readinessPollMs = 200;
/** What a start waits for is told this often. */
const waitingToldMs = 5_000;
/**
 * All nodes serve, but not all mirrors are fresh: the platform is called ready after this long all
 * the same.
 */
const settlingMsMax = 15_000;
/**
 * Together with the end of the process itself this stays under the two seconds that Ctrl-C may
 * take.
 */
const stopGraceMs = 900;

/**
 * The local platform: its directory, processes and emulated network. Started once, stopped once.
 */
export class Platform implements ProcessObserver {
  readonly directory: PlatformDirectory;
  readonly wan: WanDescription;
  readonly #options: PlatformOptions;
  readonly #network: WanNetwork;
  readonly #processes: NodeProcess[] = [];
  #nodes: readonly PlacedNode[] = [];
  #control: { close(): Promise<void> } | undefined;
  #controlAddress = "";
  #watch: FleetWatch | undefined;
  #stopping = false;
  #stopped: Promise<void> | undefined;

  constructor(options: PlatformOptions) {
    this.#options = options;
    this.directory = new PlatformDirectory(options.data);
    this.#network = new WanNetwork(regions, options.times);
    const { wanMode: mode, times } = options;
    this.wan = { mode, emulated: mode !== "none", source: times.source };
  }

  /** Nodes with their addresses, once started. */
  get nodes(): readonly PlacedNode[] {
    return this.#nodes;
  }

  /** Starts everything and resolves when every node serves, or when it was stopped before that. */
  async start(): Promise<void> {
    const startedAtMs = performance.now();
    const { profile, onEvent } = this.#options;
    const planned = plannedNodes();
    const processes = plannedProcesses(planned, profile);
    this.directory.claim();
    onEvent({
      event: "starting",
      data: this.directory.path,
      profile,
      nodes: planned.length,
      processes: processes.length,
      resumed: existsSync(this.directory.topology),
      wan: this.wan,
    });
    await clearLeftovers(
      this.directory,
      planned.map(({ name }) => name),
    );
    await this.#place();
    for (const plan of processes) {
      const names = plan.nodes.map(({ name }) => name);
      const { program } = this.#options;
      const configs = names.map((name) => this.directory.config(name));
      const pidFiles = names.map((name) => this.directory.pid(name));
      const log = this.directory.log(plan.name);
      const process = new NodeProcess({ plan, profile, program, configs, pidFiles, log }, this);
      this.#processes.push(process);
      if (!this.#stopping) void process.start();
    }
    if (await this.#untilServing()) this.#tellReady(performance.now() - startedAtMs);
  }

  /** Ends everything within two seconds. May be called at any time, and more than once. */
  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stopOnce(reason);
    return this.#stopped;
  }

  /** The state of every node, asked for now. */
  look(): Promise<readonly NodeState[]> {
    return this.#watch?.look() ?? Promise.resolve([]);
  }

  /** Processes and lines as they are. */
  inspect(): IInspectResponse {
    return {
      processes: this.#processes.map(({ plan, pid }) => ({
        name: plan.name,
        region: plan.region,
        nodes: plan.nodes.map(({ name }) => name),
        pid,
      })),
      links: this.#network.inspect().map((line) => ({ ...line })),
    };
  }

  /**
   * Kills the processes of a region, or the one that hosts a node. They stay down. With a region go
   * the connections of its clients to other regions: whoever lives there is as lost as its servers.
   */
  async kill(target: string): Promise<void> {
    if (regions.includes(target)) this.#network.darken(target);
    await Promise.all(this.#processesOf(target).map((process) => process.kill()));
    this.#tellFault("kill", target);
  }

  /** Starts those that are down again; resolves when their nodes have started. */
  async restart(target: string): Promise<void> {
    this.#network.lighten(target);
    await Promise.all(this.#processesOf(target).map((process) => process.start()));
    this.#tellFault("restart", target);
  }

  /** Cuts a region off from all others, or from one; one way: nothing it sends arrives. */
  partition(region: string, from: string | undefined, oneWay: boolean): void {
    this.#checkPair(region, from);
    this.#network.partition(region, from, oneWay);
    const rest = from === undefined ? "all other regions" : from;
    this.#tellFault("partition", `${region} ${oneWay ? "to" : "and"} ${rest}`);
  }

  /** Ends cuts and extra delays, of one region or of all. */
  heal(region: string | undefined): void {
    if (region !== undefined) this.#checkPair(region, undefined);
    this.#network.heal(region);
    this.#tellFault("heal", region ?? "all regions");
  }

  /** Sets the extra one-way delay between a region and another, or all others. */
  delay(region: string, to: string | undefined, extraMs: number): void {
    this.#checkPair(region, to);
    if (!Number.isFinite(extraMs) || extraMs < 0 || extraMs > 60_000) {
      throw badTarget(`an extra delay is 0 to 60000 ms, found ${extraMs}`);
    }
    this.#network.delay(region, extraMs, to);
    this.#tellFault("delay", `${region} and ${to ?? "all other regions"}: ${extraMs} ms more`);
  }

  onSpawn({ plan }: NodeProcess, pid: number): void {
    this.#options.onEvent({ event: "process-started", process: plan.name, pid });
  }

  onExit({ plan, log }: NodeProcess, exit: ProcessExit): void {
    if (this.#stopping) return;
    const nodes = plan.nodes.map(({ name }) => name);
    this.#options.onEvent({ event: "process-exited", process: plan.name, nodes, ...exit, log });
  }

  /**
   * Gives every node its ports, opens the emulated network and the control, and writes the files.
   */
  async #place(): Promise<void> {
    const { basePort, times, profile, onEvent } = this.#options;
    const ports = new PortBlock(host, basePort);
    this.#controlAddress = `${host}:${await ports.take()}`;
    const placed: Omit<PlacedNode, "addressFrom">[] = [];
    for (const { name: process, nodes } of plannedProcesses(plannedNodes(), profile)) {
      for (const node of nodes) {
        placed.push({ ...node, process, address: `${host}:${await ports.take()}` });
      }
    }
    const wanPorts = new PortBlock(host, Math.max(basePort + wanPortOffset, ports.next));
    const nodes: PlacedNode[] = [];
    for (const node of placed) {
      nodes.push({ ...node, addressFrom: await this.#listenFor(node, wanPorts) });
    }
    for (const { from, to, holder } of holdersOf([...ports.taken, ...wanPorts.taken])) {
      onEvent({ event: "port-taken", port: from, lastPort: to, holder });
    }
    this.#nodes = nodes;
    writeLayout(nodes, this.#controlAddress, times, this.directory);
    this.#control = await this.#options.serveControl(this.#controlAddress, this);
    this.#watch = new FleetWatch(nodes, (address) => this.#options.openChannel(address));
  }

  /** Opens a listener for the callers of each other region; their addresses by region. */
  async #listenFor(
    { region, address }: Omit<PlacedNode, "addressFrom">,
    ports: PortBlock,
  ): Promise<Readonly<Record<string, string>>> {
    const addressFrom: Record<string, string> = {};
    for (const from of regions.filter((each) => each !== region)) {
      const at = `${host}:${await ports.take()}`;
      await this.#network.listen(from, region, address, at);
      addressFrom[from] = at;
    }
    return addressFrom;
  }

  /** Resolves true when every node serves, false when the platform was stopped before. */
  async #untilServing(): Promise<boolean> {
    let servingSinceMs: number | undefined;
    let toldAtMs = performance.now();
    while (!this.#stopping) {
      const { serving, settling } = waitingFor(await this.look());
      const nowMs = performance.now();
      servingSinceMs = serving.length > 0 ? undefined : (servingSinceMs ?? nowMs);
      const settledMs = servingSinceMs === undefined ? 0 : nowMs - servingSinceMs;
      const waiting = [...serving, ...settling];
      if (servingSinceMs !== undefined && (waiting.length === 0 || settledMs > settlingMsMax)) {
        return true;
      }
      if (nowMs - toldAtMs > waitingToldMs) {
        toldAtMs = nowMs;
        this.#options.onEvent({
          event: "waiting",
          count: waiting.length,
          for: waiting.slice(0, 5),
        });
      }
      await sleep(readinessPollMs);
    }
    return false;
  }

  #tellReady(elapsedMs: number): void {
    this.#options.onEvent({
      event: "ready",
      endpoints: endpointsOf(this.#nodes),
      topology: this.directory.topology,
      control: this.#controlAddress,
      pids: Object.fromEntries(this.#processes.map(({ plan, pid }) => [plan.name, pid])),
      wan: this.wan,
      elapsedMs: Math.round(elapsedMs),
    });
  }

  async #stopOnce(reason: string): Promise<void> {
    this.#stopping = true;
    if (!this.directory.claimed) return;
    this.#options.onEvent({ event: "stopping", reason });
    this.#watch?.close();
    await Promise.all([
      this.#control?.close(),
      ...this.#processes.map((process) => process.stop(stopGraceMs)),
    ]);
    this.#network.close();
    this.directory.release();
    this.#options.onEvent({ event: "stopped" });
  }

  #processesOf(target: string): readonly NodeProcess[] {
    const found = this.#processes.filter(
      ({ plan }) =>
        plan.region === target ||
        plan.name === target ||
        plan.nodes.some(({ name }) => name === target),
    );
    if (found.length > 0) return found;
    const names = [...regions, ...this.#nodes.map(({ name }) => name)];
    throw badTarget(`no region or node is named ${target}${didYouMean(target, names)}`);
  }

  #checkPair(region: string, other: string | undefined): void {
    for (const name of [region, other]) {
      if (name === undefined || regions.includes(name)) continue;
      throw badTarget(`no region is named ${name}${didYouMean(name, regions)}`);
    }
    if (region === other) throw badTarget(`${region} cannot be parted from itself`);
  }

  #tellFault(fault: string, detail: string): void {
    this.#options.onEvent({ event: "fault", fault, detail });
  }
}

function endpointsOf(nodes: readonly PlacedNode[]): Endpoints {
  const endpoints: Record<TierName, Record<string, string[]>> = {
    global: {},
    regional: {},
    edge: {},
  };
  for (const { tier, region, address, role } of nodes) {
    if (role !== "witness") (endpoints[tier][region] ??= []).push(address);
  }
  return endpoints;
}

function badTarget(message: string): CommandError {
  return new CommandError(exitCodes.usage, "BAD_ARGUMENTS", message);
}

function didYouMean(word: string, names: readonly string[]): string {
  const guess = nearest(word, names);
  return guess === undefined ? "" : `; did you mean ${guess}?`;
}
