import type { Channel } from "@meridian/transport";
import type { INodeAddress, IStatusResponse, ITopologyResponse } from "@meridian/wire";

import { addressOf } from "../config/topology.ts";
import { findPlatform, type PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes } from "../failure/exit-code.ts";
import { failureOf } from "../failure/report.ts";

/** A node as it was found: `status` or why there is none. */
export interface FoundNode {
  readonly name: string;
  readonly region: string;
  readonly role: string;
  readonly group: string;
  readonly address: string;
  readonly status: IStatusResponse | undefined;
  readonly error: string | undefined;
}

/** A node to ask. */
type Known = Omit<FoundNode, "status" | "error">;

/** Time for a node's answer. Nodes are asked at the same time; the slowest decides. */
const deadlineMs = 3_000;

/**
 * Asks every node of the platform for its status.
 * @throws {CommandError} unavailable when none answers.
 */
export async function lookAtFleet(choice: PlatformChoice): Promise<readonly FoundNode[]> {
  const known = await knownNodes(choice);
  const found = await Promise.all(known.map((node) => lookAt(node)));
  if (found.some(({ status }) => status !== undefined)) return found;
  throw nobody(found[0]?.error ?? "no node is known");
}

/** The nodes and zones as the first node that answers knows them. */
export async function askTopology(choice: PlatformChoice): Promise<ITopologyResponse> {
  const { endpoints } = findPlatform(choice);
  let last = "";
  for (const endpoint of endpoints) {
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

async function knownNodes(choice: PlatformChoice): Promise<readonly Known[]> {
  const { topology, region } = findPlatform(choice);
  if (topology !== undefined) {
    return topology.nodes.map((node) => ({
      name: node.name,
      region: node.region,
      role: node.role,
      group: node.group ?? "",
      address: addressOf(node, region),
    }));
  }
  const { nodes } = await askTopology(choice);
  return nodes.map((node) => ({
    name: node.node,
    region: node.region,
    role: node.role,
    group: node.group,
    address: addressSeenFrom(node, region),
  }));
}

function addressSeenFrom(node: INodeAddress, region: string): string {
  return node.addressFrom[region] ?? node.address;
}

async function lookAt(node: Known): Promise<FoundNode> {
  try {
    const status = await withChannel(node.address, (channel) => channel.status({ deadlineMs }));
    return { ...node, status, error: undefined };
  } catch (error) {
    return { ...node, status: undefined, error: failureOf(error).message };
  }
}

function nobody(reason: string): CommandError {
  const message = `no node of the platform answers (${reason}); is it running?`;
  return new CommandError(exitCodes.unavailable, "REGION_UNAVAILABLE", message);
}
