import { setTimeout as sleep } from "node:timers/promises";

import { randomOf, Scene } from "@meridian/replica/harness";
import { openChannel } from "@meridian/transport";

import { Cluster } from "../system/support/cluster.ts";
import type { Scratch } from "../system/support/scratch.ts";
import type { Reachable } from "./meridian-side.ts";

const plan = { cluster: "us-west", voters: 3, observers: 1 };

/** Three voters and an observer within this process, on virtual time. */
export async function emulatedCluster(seed: number): Promise<Reachable> {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  await group.led();
  const { clock, network } = scene;
  return {
    region: plan.cluster,
    nodes: group.names,
    channel: (client, node) => {
      scene.join(client);
      return network.openChannel(client, node);
    },
    settled: (promise) => clock.settled(promise),
    pause: () => new Promise((resolve) => void clock.after(50, resolve)),
    random: scene.random,
    close: () => Promise.resolve(),
  };
}

/** Three `meridian server` processes on the disk of this machine. */
export async function realCluster(seed: number, scratch: Scratch): Promise<Reachable> {
  const cluster = await Cluster.start(scratch, 3);
  const channels = new Map(cluster.nodes.map(({ address }) => [address, openChannel(address)]));
  return {
    region: "local",
    nodes: [...channels.keys()],
    channel: (_client, node) => {
      const channel = channels.get(node);
      if (channel === undefined) throw new Error(`there is no node at ${node}`);
      return channel;
    },
    settled: (promise) => promise,
    pause: () => sleep(50),
    random: randomOf(seed),
    close: async () => {
      for (const channel of channels.values()) channel.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
