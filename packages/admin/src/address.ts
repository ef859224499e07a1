import type { TopologySnapshot } from "@meridian/client";

/** A node as a topology names it. */
export type TopologyNode = NonNullable<TopologySnapshot["nodes"]>[number];

/** Where a node is reached from a region, as host:port; "" when nothing is known. */
export function addressFor(node: TopologyNode, region: string | undefined): string {
  const { address = "", addressFrom } = node;
  if (addressFrom === undefined || region === undefined) return address;
  return (Object.hasOwn(addressFrom, region) ? addressFrom[region] : undefined) ?? address;
}
