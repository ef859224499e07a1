import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";

import { connect, type ConnectOptions, type Meridian } from "@meridian/client";
import { type Channel, openChannel } from "@meridian/transport";
import { type IInspectResponse, type IStatusResponse, Tier } from "@meridian/wire";

import type { Stage } from "../row.ts";
import { until } from "./waiting.ts";

/** Addresses by tier and region, without witnesses. */
type Endpoints = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

const readyMsMax = 90_000;
const wholeMsMax = 60_000;
const callMs = 30_000;
const statusMs = 2_000;
const stopMsMax = 8_000;
/** Lines that are kept to explain why it does not start. */
const keptLines = 20;

/**
 * The whole platform, three tiers in seven regions with the emulated network between them, as
 * `meridian dev` starts it: one process a site. Ends with its disposal, or with this process.
 */
export class LocalPlatform implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal;
  readonly #clients: Meridian[] = [];
  readonly #said: string[] = [];
  readonly #onExit = (): void => void this.#child.kill("SIGKILL");
  #endpoints: Endpoints = {};
  #control: Channel | undefined;

  private constructor(child: ChildProcess, signal: AbortSignal) {
    this.#child = child;
    this.#signal = signal;
    process.once("exit", this.#onExit);
  }

  /** Starts one in a place of the stage, and resolves when all of it serves. */
  static async start(stage: Stage): Promise<LocalPlatform> {
    const { program, signal } = stage;
    const { directory, basePort } = await stage.place();
    const flags = ["--headless", "--data", join(directory, "platform")];
    const args = [program, "dev", ...flags, "--base-port", String(basePort)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const platform = new LocalPlatform(child, signal);
    try {
      await platform.#untilReady();
      return platform;
    } catch (cause) {
      await platform[Symbol.asyncDispose]();
      throw new Error(`no platform; it said last:\n${platform.#said.join("\n")}`, { cause });
    }
  }

  /** Addresses of the nodes of a tier in a region. */
  addresses(tier: "global" | "regional" | "edge", region: string): readonly string[] {
    return this.#endpoints[tier]?.[region] ?? [];
  }

  /** Regions with a cluster of their own. */
  get regions(): readonly string[] {
    return Object.keys(this.#endpoints["regional"] ?? {});
  }

  /** A client in a region, closed with the platform. */
  async connect(region: string, options: Partial<ConnectOptions> = {}): Promise<Meridian> {
    const endpoints = this.addresses("regional", region);
    const client = await connect({ endpoints, region, signal: this.#signal, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Processes and lines between regions as they are now. */
  inspect(): Promise<IInspectResponse> {
    return this.#platform.inspect({ deadlineMs: callMs });
  }

  /** Delay of the emulated network from one region to another. */
  async oneWayMs(from: string, to: string): Promise<number> {
    if (from === to) return 0;
    const { links } = await this.inspect();
    const link = links.find((each) => each.from === from && each.to === to);
    if (link === undefined) throw new Error(`no line from ${from} to ${to}`);
    return link.delayMs;
  }

  /** kill -9 of all processes of a region. */
  async kill(region: string): Promise<void> {
    await this.#platform.kill({ target: region }, { deadlineMs: callMs });
  }

  /** Starts those again that are down. */
  async restart(region: string): Promise<void> {
    await this.#platform.restart({ target: region }, { deadlineMs: callMs });
  }

  /** Every node that answers, as it says it is. */
  async statuses(): Promise<readonly (IStatusResponse & { readonly address: string })[]> {
    const addresses = Object.values(this.#endpoints).flatMap((tier) => Object.values(tier).flat());
    const answers = await Promise.all(
      addresses.map(async (address) => {
        const channel = openChannel(address, { connectMs: statusMs });
        try {
          return [{ ...(await channel.status({ deadlineMs: statusMs })), address }];
        } catch {
          return [];
        } finally {
          channel.close();
        }
      }),
    );
    return answers.flat();
  }

  /** Waits until every node serves, follows a leader and its mirrors, and knows of no partition. */
  async untilWhole(): Promise<void> {
    const count = Object.values(this.#endpoints).flatMap((tier) => Object.values(tier).flat());
    const patience = { what: "all nodes serve and follow", deadlineMs: wholeMsMax };
    await until({ ...patience, signal: this.#signal, periodMs: 250 }, async () => {
      const nodes = await this.statuses();
      if (nodes.length < count.length) return undefined;
      return nodes.every(isWhole) ? true : undefined;
    });
  }

  /** Makes a voter of this region lead the global tier. */
  async leadFrom(region: string): Promise<void> {
    const patience = { what: `${region} leads the global tier`, deadlineMs: wholeMsMax };
    await until({ ...patience, signal: this.#signal, periodMs: 250 }, async () => {
      const nodes = await this.statuses();
      const leader = nodes.find((node) => node.cluster === "global" && node.state === "leader");
      if (leader === undefined) return undefined;
      if (leader.region === region) return true;
      const channel = openChannel(leader.address);
      try {
        await channel.transferLeadership({ region, node: "" }, { deadlineMs: callMs });
      } finally {
        channel.close();
      }
      return undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.#clients.splice(0).map((client) => client.close());
    await Promise.race([Promise.allSettled(closing), after(2_000)]);
    this.#control?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      const isGone = await Promise.race([exit.then(() => true), after(stopMsMax)]);
      if (isGone !== true) {
        this.#child.kill("SIGKILL");
        await exit;
      }
    }
    process.off("exit", this.#onExit);
  }

  get #platform(): Channel["platform"] {
    if (this.#control === undefined) throw new Error("the platform does not serve yet");
    return this.#control.platform;
  }

  async #untilReady(): Promise<void> {
    const child = this.#child;
    if (child.stdout === null || child.stderr === null) throw new Error("it has no output");
    createInterface({ input: child.stderr }).on("line", (line) => this.#keep(line));
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#keep(line);
      this.#onEvent(JSON.parse(line) as DevEvent);
    });
    const what = "the platform serves";
    await until({ what, deadlineMs: readyMsMax, signal: this.#signal }, () => {
      return this.#control !== undefined || child.exitCode !== null ? true : undefined;
    });
    if (this.#control === undefined) throw new Error(`it ended with ${child.exitCode}`);
  }

  #onEvent(event: DevEvent): void {
    if (event.event !== "ready") return;
    this.#endpoints = event.endpoints;
    this.#control = openChannel(event.control);
  }

  #keep(line: string): void {
    this.#said.push(line);
    if (this.#said.length > keptLines) this.#said.shift();
  }
}

/** Of the lines of `meridian dev --headless` those that matter here. */
type DevEvent =
  | { readonly event: "ready"; readonly endpoints: Endpoints; readonly control: string }
  | { readonly event: "starting" | "stopped" };

function isWhole({ tier, leader, partitionState, mirrors }: IStatusResponse): boolean {
  if (tier !== Tier.EDGE && leader === "") return false;
  if (mirrors.some(({ connected }) => !connected)) return false;
  return partitionState === "" || partitionState === "CONNECTED";
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
