import { setTimeout as sleep } from "node:timers/promises";

import { fleetStatus, type FleetStatus, type NodeView } from "@meridian/admin";
import type { TopologySnapshot } from "@meridian/client";
import { openChannel } from "@meridian/transport";

/** A node that leads a cluster, and its region. */
export interface Leader {
  readonly node: string;
  readonly region: string;
}

/** Longest wait for a leader to be known. */
const leaderMsMax = 30_000;
/** Between two looks at the whole fleet. */
const lookMs = 500;
const answerMsMax = 3_000;
/** Nodes named in a message. */
const lacksShown = 3;
/** Where the observer is. */
const observerRegion = "eu-west";

/** What a platform says of itself, asked without a process of its own. */
export class Fleet {
  readonly #topology: TopologySnapshot;

  private constructor(topology: TopologySnapshot) {
    this.#topology = topology;
  }

  /** The fleet that a node knows. */
  static async at(address: string): Promise<Fleet> {
    const channel = openChannel(address);
    try {
      return new Fleet(await channel.topology({ deadlineMs: answerMsMax }));
    } finally {
      channel.close();
    }
  }

  /**
   * The node that leads a cluster by its own word.
   * @throws {Error} when nobody does for half a minute.
   */
  async leaderOf(cluster: string): Promise<Leader> {
    const startedMs = performance.now();
    while (performance.now() - startedMs < leaderMsMax) {
      const { nodes, clusters } = await this.#look();
      const name = clusters[cluster]?.leader;
      const leader = nodes.find(({ node }) => node === name);
      if (leader?.status?.state === "leader") return leader;
      await sleep(lookMs);
    }
    throw new Error(`nobody leads ${cluster} for ${leaderMsMax} ms`);
  }

  /**
   * Waits until every node serves and follows.
   * @returns the nodes that did not within the time, with what they lack; none when all do.
   */
  async untilWhole(deadlineMs: number, onWait: (broken: string) => void): Promise<string> {
    const startedMs = performance.now();
    for (;;) {
      const { nodes } = await this.#look();
      const broken = shortened(nodes.flatMap((node) => lacksOf(node)));
      if (broken === "" || performance.now() - startedMs > deadlineMs) return broken;
      onWait(broken);
      await sleep(lookMs);
    }
  }

  #look(): Promise<FleetStatus> {
    const options = { openChannel, region: observerRegion, deadlineMs: answerMsMax };
    return fleetStatus(this.#topology, options);
  }
}

function shortened(lacks: readonly string[]): string {
  const shown = lacks.slice(0, lacksShown).join(", ");
  return lacks.length > lacksShown ? `${shown} and ${lacks.length - lacksShown} more` : shown;
}

/** What a node lacks to be whole. */
function lacksOf({ node, role, status }: NodeView): readonly string[] {
  if (status === undefined) return [`${node} does not answer`];
  const { leader, partitionState, mirrors } = status;
  if (role !== "edge" && leader === "") return [`${node} follows nobody`];
  const missing = mirrors.filter(({ connected }) => !connected).map(({ origin }) => origin);
  if (missing.length > 0) return [`${node} lacks the mirror of ${missing.join(" and ")}`];
  const isConnected = partitionState === "" || partitionState === "CONNECTED";
  return isConnected ? [] : [`${node} is ${partitionState}`];
}
