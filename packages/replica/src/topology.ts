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
  return node.addressFrom[region] ?? node.address;
}
