import type { ClientChannel, TopologySnapshot } from "@meridian/client";
import { MeridianError, type IStatusResponse } from "@meridian/wire";
import { addressFor } from "./address.ts";
import { clusterStatuses, type ClusterStatus } from "./cluster-status.ts";

/** A connection to one node, as far as its status is concerned. */
export type StatusChannel = Pick<ClientChannel, "status" | "topology" | "close">;

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
  /**
   * As configured, or as its cluster's leader says; "removed" when it belongs to it no longer,
   * "waiting" when it says itself that it is to be added.
   */
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

/** Of nodes that were members once, and of those that say of themselves that they are to be. */
const [removed, waiting] = ["removed", "waiting"] as const;

/**
 * Asks every node of a topology for its status, all at once. A node that does not answer is part of
 * the result. Members that were added or removed since the topology was written are known from the
 * leaders; those that do not belong to it are listed as long as they answer.
 */
export async function fleetStatus(
  topology: TopologySnapshot,
  options: FleetStatusOptions,
): Promise<FleetStatus> {
  const places = (topology.nodes ?? []).map((node) => placeOf(node, options.region));
  const views = await Promise.all(places.map((place) => look(place, options)));
  const nodes = await asLeadersSay(views, options);
  const clusters = clusterStatuses(nodes);
  return {
    nodes,
    clusters,
    unreachable: nodes.filter(({ status }) => status === undefined).map(({ node }) => node),
    failoverReady: clusters["global"]?.failoverReady ?? false,
  };
}

type Place = Omit<NodeView, "status" | "error">;

function placeOf(
  node: NonNullable<TopologySnapshot["nodes"]>[number],
  region: string | undefined,
): Place {
  return {
    node: node.node ?? "",
    region: node.region ?? "",
    role: node.role ?? "",
    group: node.group ?? "",
    cluster: node.cluster ?? "",
    address: addressFor(node, region),
  };
}

/** Corrects what the topology says of clusters whose leaders can be asked. */
async function asLeadersSay(
  views: readonly NodeView[],
  options: FleetStatusOptions,
): Promise<readonly NodeView[]> {
  const names = Object.values(clusterStatuses(views)).map(({ leader }) => leader);
  const leaders = views.filter(({ node, status }) => {
    return status?.state === "leader" && names.includes(node);
  });
  const told = await Promise.all(leaders.map((leader) => membersSaidBy(leader, options)));
  const now = new Map(told.flat().map((place) => [place.node, place]));
  const sure = new Set(told.flat().map(({ cluster }) => cluster));
  const known = views.flatMap((view): readonly NodeView[] => {
    if (!sure.has(view.cluster) || view.role === "edge") return [view];
    const place = now.get(view.node);
    if (place !== undefined) return [{ ...view, role: place.role, group: place.group }];
    if (view.status === undefined) return [];
    return [{ ...view, role: view.status.state === waiting ? waiting : removed }];
  });
  const listed = new Set(views.map(({ node }) => node));
  const added = [...now.values()].filter(({ node }) => !listed.has(node));
  return [...known, ...(await Promise.all(added.map((place) => look(place, options))))];
}

/** The members of a leader's own cluster; none when it does not answer. */
async function membersSaidBy(
  { cluster, address }: NodeView,
  options: FleetStatusOptions,
): Promise<readonly Place[]> {
  const channel = options.openChannel(address);
  try {
    const limit = { deadlineMs: options.deadlineMs ?? deadlineMs };
    const { nodes } = await channel.topology(limit);
    const own = nodes.filter((node) => node.cluster === cluster && node.role !== "edge");
    return own.map((node) => placeOf(node, options.region));
  } catch {
    return [];
  } finally {
    await channel.close();
  }
}

async function look(place: Place, options: FleetStatusOptions): Promise<NodeView> {
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
