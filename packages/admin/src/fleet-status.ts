import type { ClientChannel, TopologySnapshot } from "@meridian/client";
import { MeridianError, type IStatusResponse } from "@meridian/wire";
import { clusterStatuses, type ClusterStatus } from "./cluster-status.ts";

/** A connection to one node, as far as its status is concerned. */
export type StatusChannel = Pick<ClientChannel, "status" | "close">;

/** How to look. */
export interface FleetStatusOptions {
  /** Makes a connection to `host:port`; it is closed when the node has answered or not. */
  openChannel(address: string): StatusChannel;
  /** Region of the observer: nodes are asked at the address that is meant for it. */
  readonly region?: string | undefined;
  /** Time for each node's answer; all are asked at once. Default 2 s. */
  readonly deadlineMs?: number | undefined;
}

/** A node, and what it says of itself. */
export interface NodeView {
  readonly node: string;
  readonly region: string;
  readonly role: string;
  readonly group: string;
  readonly cluster: string;
  readonly address: string;
  /** Undefined when it did not answer. */
  readonly status: IStatusResponse | undefined;
  /** Why it did not answer. */
  readonly error: MeridianError | undefined;
}

/** The fleet as it was found. */
export interface FleetStatus {
  readonly nodes: readonly NodeView[];
  /** By name, "global" first. */
  readonly clusters: Readonly<Record<string, ClusterStatus>>;
  /** Names of the nodes that did not answer. */
  readonly unreachable: readonly string[];
  /** The global leader says that another region could take over without loss. */
  readonly failoverReady: boolean;
}

const deadlineMs = 2_000;

/**
 * Asks every node of a topology for its status, all at once. A node that does not answer is part of
 * the result.
 */
export async function fleetStatus(
  topology: TopologySnapshot,
  options: FleetStatusOptions,
): Promise<FleetStatus> {
  const places = (topology.nodes ?? []).map((node) => ({
    node: node.node ?? "",
    region: node.region ?? "",
    role: node.role ?? "",
    group: node.group ?? "",
    cluster: node.cluster ?? "",
    address: addressFor(node.addressFrom, options.region) ?? node.address ?? "",
  }));
  const nodes = await Promise.all(places.map((place) => look(place, options)));
  const clusters = clusterStatuses(nodes);
  return {
    nodes,
    clusters,
    unreachable: nodes.filter(({ status }) => status === undefined).map(({ node }) => node),
    failoverReady: clusters["global"]?.failoverReady ?? false,
  };
}

async function look(
  place: Omit<NodeView, "status" | "error">,
  options: FleetStatusOptions,
): Promise<NodeView> {
  const limitMs = options.deadlineMs ?? deadlineMs;
  const channel = options.openChannel(place.address);
  try {
    const status = await channel.status({ deadlineMs: limitMs });
    return { ...place, status, error: undefined };
  } catch (cause) {
    const error =
      cause instanceof MeridianError
        ? cause
        : new MeridianError("UNKNOWN", `${place.node} cannot be asked`, { cause });
    return { ...place, status: undefined, error };
  } finally {
    await channel.close();
  }
}

function addressFor(
  addresses: Readonly<Record<string, string | undefined>> | undefined,
  region: string | undefined,
): string | undefined {
  if (addresses === undefined || region === undefined) return undefined;
  return Object.hasOwn(addresses, region) ? addresses[region] : undefined;
}
