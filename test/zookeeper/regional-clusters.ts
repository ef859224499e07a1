import { setTimeout as sleep } from "node:timers/promises";

import { connect } from "@meridian/client";
import { randomOf, Scene } from "@meridian/replica/harness";
import { openChannel } from "@meridian/transport";

import { runtimeOf } from "../scene-runtime.ts";
import { Cluster, type Server } from "../system/support/cluster.ts";
import type { Scratch } from "../system/support/scratch.ts";
import type { Connectable } from "./client-side.ts";
import type { Reachable } from "./meridian-side.ts";

/** A cluster for scripts, by the bare protocol or through the client. */
export interface RegionalCluster extends Reachable, Connectable {
  close(): Promise<void>;
}

const clientTimeoutMs = 60_000;
const plan = { cluster: "us-west", voters: 3, observers: 1 };

/**
 * Three voters and an observer within this process, on virtual time. `snapshotEntries`: they take a
 * snapshot after so many entries, and keep few of those; by default, none is taken in a script.
 */
export async function emulatedCluster(
  seed: number,
  snapshotEntries?: number,
): Promise<RegionalCluster> {
  const scene = new Scene(seed, [plan]);
  const limits = snapshotEntries === undefined ? {} : { snapshotEntries, keptEntries: 20 };
  const group = await scene.group(plan, { limits });
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
    connect: (name, onSession) => {
      scene.join(name);
      return connect({
        endpoints: group.names,
        region: plan.cluster,
        runtime: runtimeOf(scene),
        openChannel: (address) => network.openChannel(name, address),
        sessionTimeoutMs: clientTimeoutMs,
        onSession,
      });
    },
    disturb: async () => {
      const down = group.names.find((name) => !group.runs(name));
      if (down !== undefined) return group.boot(down);
      const name = oneOf(group.names, scene.random);
      group.crash(name, scene.random());
    },
    pause: () => new Promise((resolve) => void clock.after(50, resolve)),
    calm: () => new Promise((resolve) => void clock.after(1_000, resolve)),
    random: scene.random,
    close: () => Promise.resolve(),
  };
}

/** Three `meridian server` processes on the disk of this machine. */
export async function realCluster(seed: number, scratch: Scratch): Promise<RegionalCluster> {
  const cluster = await Cluster.start(scratch, 3);
  let down: Server | undefined;
  const random = randomOf(seed);
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
    connect: (_name, onSession) =>
      connect({
        endpoints: [...channels.keys()],
        region: "local",
        sessionTimeoutMs: clientTimeoutMs,
        onSession,
      }),
    disturb: async () => {
      if (down !== undefined) {
        down.start();
        down = undefined;
        return;
      }
      down = oneOf(cluster.nodes, random);
      await down.stop("SIGKILL");
    },
    pause: () => sleep(50),
    calm: () => sleep(500),
    random,
    close: async () => {
      for (const channel of channels.values()) channel.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

function oneOf<T>(from: readonly T[], random: () => number): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error("there is nothing to choose from");
  return one;
}
