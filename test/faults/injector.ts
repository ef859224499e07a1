import { readFileSync } from "node:fs";
import { join } from "node:path";

import { killNow } from "../system/support/process-table.ts";
import type { Platform } from "../system/support/platform.ts";
import type { Fleet } from "./fleet.ts";
import type { Fault } from "./schedule.ts";

/** A fault that is in force. */
export interface InForce {
  /** What was done, and to whom. */
  readonly what: string;
  /** Ends it. Resolves when nothing more is done about it; healing may take longer. */
  readonly end: () => Promise<void>;
}

/** Does faults to a local platform. A node is hit with all that share its process. */
export class Injector {
  readonly #platform: Platform;
  readonly #fleet: Fleet;

  constructor(platform: Platform, fleet: Fleet) {
    this.#platform = platform;
    this.#fleet = fleet;
  }

  /** Brings a fault about. */
  async begin(fault: Fault): Promise<InForce> {
    switch (fault.kind) {
      case "kill-leader":
        return this.#kill(await this.#leader(fault.cluster), `leader of ${fault.cluster}`);
      case "stop-leader":
        return this.#stop(await this.#leader(fault.cluster), `leader of ${fault.cluster}`);
      case "kill-node":
        return this.#kill(fault.node, "");
      case "stop-node":
        return this.#stop(fault.node, "");
      case "lose-region":
        return this.#loseRegion(fault.region ?? (await this.#leadingRegion()));
      case "partition":
        return this.#partition(fault.region, fault.from);
      case "delay": {
        const { region, ms } = fault;
        await this.#platform.ok("chaos", "delay", region, "--ms", String(ms));
        return { what: `delay ${region} by ${ms} ms`, end: () => this.#heal() };
      }
      case "transfer":
        return this.#transfer(fault.region);
    }
  }

  /** Ends all cuts and delays. */
  async #heal(): Promise<void> {
    await this.#platform.ok("chaos", "heal");
  }

  #kill(node: string, as: string): InForce {
    const pid = this.#pidOf(node);
    if (pid !== undefined) killNow(pid);
    return { what: `kill -9 ${node}${as === "" ? "" : `, ${as}`}`, end: async () => {} };
  }

  #stop(node: string, as: string): InForce {
    const pid = this.#pidOf(node);
    signal(pid, "SIGSTOP");
    const end = async (): Promise<void> => signal(pid, "SIGCONT");
    return { what: `SIGSTOP ${node}${as === "" ? "" : `, ${as}`}`, end };
  }

  /** The process that hosts a node; undefined while there is none. */
  #pidOf(node: string): number | undefined {
    try {
      return Number(readFileSync(join(this.#platform.data, "nodes", node, "pid"), "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async #loseRegion(region: string): Promise<InForce> {
    await this.#platform.ok("chaos", "kill", region);
    const end = async (): Promise<void> => {
      await this.#platform.ok("chaos", "restart", region);
    };
    return { what: `loss of region ${region}`, end };
  }

  async #partition(region: string, from: string | undefined): Promise<InForce> {
    const flags = from === undefined ? [] : ["--from", from, "--one-way"];
    await this.#platform.ok("chaos", "partition", region, ...flags);
    const what = from === undefined ? `cut ${region} off` : `cut ${region} from ${from}, one way`;
    return { what, end: () => this.#heal() };
  }

  async #transfer(region: string): Promise<InForce> {
    const { code } = await this.#platform.run("global", "transfer", "--region", region);
    const what = `transfer of leadership to ${region}`;
    return { what: code === 0 ? what : `${what}, refused`, end: async () => {} };
  }

  async #leader(cluster: string): Promise<string> {
    return (await this.#fleet.leaderOf(cluster)).node;
  }

  async #leadingRegion(): Promise<string> {
    return (await this.#fleet.leaderOf("global")).region;
  }
}

/** A process that is gone meanwhile is no failure: something else has killed it. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
