import type { FleetStatus } from "@meridian/admin";
import type { TopologySnapshot } from "@meridian/client";
import type { Channel } from "@meridian/transport";
import type { ITopologyResponse } from "@meridian/wire";

import type { Topology } from "../config/topology.ts";
import { findPlatform, type PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { failureOf } from "../failure/report.ts";

/** Time for one node's answer. */
const answerMsMax = 3_000;
/** Time for all that are asked one after the other. */
const searchMsMax = 10_000;

/**
 * Asks every node of the platform for its status.
 * @throws {CommandError} unavailable when none answers.
 */
export async function lookAtFleet(choice: PlatformChoice): Promise<FleetStatus> {
  const { region } = findPlatform(choice);
  const [{ fleetStatus }, { openChannel }] = await Promise.all([
    import("@meridian/admin"),
    import("@meridian/transport"),
  ]);
  const known = await knownNodes(choice);
  const fleet = await fleetStatus(known, { openChannel, region, deadlineMs: answerMsMax });
  if (fleet.unreachable.length < fleet.nodes.length) return fleet;
  throw nobody(fleet.nodes[0]?.error?.description ?? "no node is known");
}

/** The nodes as the topology file names them; without one, as the first node that answers does. */
export async function knownNodes(choice: PlatformChoice): Promise<TopologySnapshot> {
  const { topology } = findPlatform(choice);
  return topology === undefined ? await askTopology(choice) : snapshotOf(topology);
}

/** The nodes and zones as the first node that answers knows them. */
export async function askTopology(choice: PlatformChoice): Promise<ITopologyResponse> {
  const { endpoints } = findPlatform(choice);
  const untilMs = performance.now() + searchMsMax;
  let last = "";
  for (const endpoint of endpoints) {
    const deadlineMs = Math.min(answerMsMax, untilMs - performance.now());
    if (deadlineMs <= 0) break;
    try {
      return await withChannel(endpoint, (channel) => channel.topology({ deadlineMs }));
    } catch (error) {
      last = failureOf(error).message;
    }
  }
  throw nobody(last);
}

/** Opens a connection to one node for the time of one piece of work. */
export async function withChannel<T>(
  address: string,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  const { openChannel } = await import("@meridian/transport");
  const channel = openChannel(address);
  try {
    return await work(channel);
  } finally {
    channel.close();
  }
}

/** A topology file in the words of the protocol. */
function snapshotOf({ nodes }: Topology): TopologySnapshot {
  return {
    nodes: nodes.map(({ name, tier, group = "", ...node }) => ({
      node: name,
      region: node.region,
      role: node.role,
      group,
      address: node.address,
      addressFrom: node.addressFrom,
      cluster: tier === "global" ? tier : node.region,
    })),
  };
}

function nobody(reason: string): CommandError {
  const message = `no node of the platform answers (${reason}); is it running?`;
  return new CommandError(exitCodes.unavailable, "REGION_UNAVAILABLE", message);
}
