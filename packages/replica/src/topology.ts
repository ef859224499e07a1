import { type Configuration, membersOf, votersOf } from "@meridian/consensus";
import { globalCluster } from "@meridian/tree";
import { noteOf } from "./member-note.ts";

/** A node of the platform, as every node is told of it. */
export interface TopologyNode {
  readonly node: string;
  readonly region: string;
  readonly role: "global-voter" | "witness" | "regional-voter" | "regional-observer" | "edge";
  /** Voter group, for global voters and witnesses; empty for others. */
  readonly group: string;
  /** host:port for callers without a better one. */
  readonly address: string;
  /** host:port for callers of certain regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
  /** Cluster it belongs to or follows: "global" or a region. */
  readonly cluster: string;
}

/** Address of a node for a caller in `region`. */
export function addressFor(
  node: Pick<TopologyNode, "address" | "addressFrom">,
  region: string,
): string {
  return (
    (Object.hasOwn(node.addressFrom, region) ? node.addressFrom[region] : undefined) ?? node.address
  );
}

/**
 * The nodes as they are after changes of a cluster's members: what was configured, but of this
 * cluster those alone who belong to it now, and as what. A member that neither settings nor notes
 * know how to reach is left out.
 */
export function currentTopology(
  configured: readonly TopologyNode[],
  cluster: string,
  configuration: Configuration,
): readonly TopologyNode[] {
  const known = new Map(configured.map((entry) => [entry.node, entry]));
  const members = membersOf(configuration).flatMap((node): readonly TopologyNode[] => {
    const note = known.get(node) ?? noteOf(configuration, node);
    if (note === undefined) return [];
    const { region, address, addressFrom } = note;
    const role = roleOf(configuration, cluster, node, note.role);
    const group = cluster === globalCluster ? groupOf(configuration, node, note.group) : "";
    return [{ node, region, role, group, address, addressFrom, cluster }];
  });
  // In the order of the settings, so that whoever prefers the first goes on preferring it.
  const current = new Map(members.map((entry) => [entry.node, entry]));
  const old = configured.flatMap((entry) => {
    if (entry.cluster !== cluster || entry.role === "edge") return [entry];
    const now = current.get(entry.node);
    return now === undefined ? [] : [now];
  });
  return [...old, ...members.filter(({ node }) => known.get(node)?.cluster !== cluster)];
}

/** What a member is now. `meant`: what it was set up to be. */
function roleOf(
  configuration: Configuration,
  cluster: string,
  node: string,
  meant: TopologyNode["role"],
): TopologyNode["role"] {
  if (configuration.witnesses.includes(node) || meant === "witness") return "witness";
  if (cluster === globalCluster) return "global-voter";
  return votersOf(configuration).includes(node) ? "regional-voter" : "regional-observer";
}

/** Voter group of a member; of a learner the one that it is meant for. */
function groupOf(configuration: Configuration, node: string, meant: string): string {
  const groups = [...configuration.groups, ...configuration.outgoingGroups];
  return groups.find(({ voters }) => voters.includes(node))?.name ?? meant;
}
