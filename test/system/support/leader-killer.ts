import { setTimeout as sleep } from "node:timers/promises";

import { openChannel } from "@meridian/transport";

import type { Cluster, Server } from "./cluster.ts";
import { until } from "./condition.ts";

const firstMs = 200;
const answerMsMax = 1_000;
const wholeMsMax = 30_000;

/**
 * Kills the leader of a cluster again and again, and starts it anew at once. Not before all members
 * are there, so that a quorum always is.
 */
export class LeaderKiller implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #everyMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #kills = 0;

  /** The first one dies soon. */
  constructor(cluster: Cluster, everyMs: number) {
    this.#cluster = cluster;
    this.#everyMs = everyMs;
    this.#running = this.#run();
    // Whoever stops it hears of the failure.
    this.#running.catch(() => {});
  }

  /** Leaders killed. */
  get kills(): number {
    return this.#kills;
  }

  /** Kills nobody any more. @throws {Error} when the members did not come back in between. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (let waitMs = firstMs; ; waitMs = this.#everyMs) {
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const leader = await until("all members are there and one leads", wholeMsMax, () => {
        return signal.aborted ? this.#cluster.nodes[0] : leaderOf(this.#cluster);
      });
      if (signal.aborted) return;
      await leader.stop("SIGKILL");
      leader.start();
      this.#kills += 1;
    }
  }
}

/** The member that leads, if all answer. */
async function leaderOf({ nodes }: Cluster): Promise<Server | undefined> {
  const states = await Promise.all(nodes.map(({ address }) => stateOf(address)));
  if (states.includes("")) return undefined;
  return nodes[states.indexOf("leader")];
}

async function stateOf(address: string): Promise<string> {
  const channel = openChannel(address);
  try {
    return (await channel.status({ deadlineMs: answerMsMax })).state;
  } catch {
    return "";
  } finally {
    channel.close();
  }
}
