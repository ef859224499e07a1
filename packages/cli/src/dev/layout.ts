import { writeFileSync } from "node:fs";

import { stringify } from "yaml";

import type { Member } from "../config/node-config.ts";
import { formatTopology, type Topology, type TopologyNode } from "../config/topology.ts";
import { roundTripMs, type RoundTripTimes } from "../wan/round-trip-times.ts";
import type { PlatformDirectory } from "./directory.ts";
import { regionalRegions, type PlannedNode } from "./picture.ts";

/** A node with its addresses. */
export interface PlacedNode extends PlannedNode {
  readonly process: string;
  readonly address: string;
  /** host:port for callers of the other regions, by region. */
  readonly addressFrom: Readonly<Record<string, string>>;
}

/** The topology file of a platform. */
export function topologyOf(
  nodes: readonly PlacedNode[],
  control: string,
  directory: PlatformDirectory,
): Topology {
  return {
    control,
    nodes: nodes.map(
      ({ name, region, tier, role, group, process, address, addressFrom }): TopologyNode => ({
        name,
        region,
        tier,
        role,
        ...(group === undefined ? {} : { group }),
        process,
        pidFile: directory.pid(name),
        address,
        addressFrom,
      }),
    ),
  };
}

/** Writes the topology file and the configuration of every node, over those of an earlier start. */
export function writeLayout(
  nodes: readonly PlacedNode[],
  control: string,
  times: RoundTripTimes,
  directory: PlatformDirectory,
): void {
  for (const node of nodes) {
    directory.prepare(node.name);
    const text = stringify(configOf(node, nodes, times, directory), {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    });
    const head = "# Written by `meridian dev` at every start; changes are lost.\n";
    writeFileSync(directory.config(node.name), head + text);
  }
  const comment = "Written by `meridian dev` at every start: every node of the local platform.";
  const topology = topologyOf(nodes, control, directory);
  writeFileSync(directory.topology, formatTopology(topology, comment));
}

/** The configuration of one node, in the form of its file. */
export function configOf(
  node: PlacedNode,
  nodes: readonly PlacedNode[],
  times: RoundTripTimes,
  directory: PlatformDirectory,
): object {
  const { name, region, role, group, tier, address } = node;
  const global = nodes.filter((other) => other.tier === "global").map(memberOf);
  const regionMembers = (of: string): readonly Member[] =>
    nodes.filter((other) => other.tier === "regional" && other.region === of).map(memberOf);
  const byDistance = regionalRegions.toSorted(
    (a, b) => (roundTripMs(times, region, a) ?? 0) - (roundTripMs(times, region, b) ?? 0),
  );
  const cluster = tier === "global" ? global : tier === "regional" ? regionMembers(region) : [];
  return {
    node: name,
    region,
    role,
    ...(group === undefined ? {} : { group }),
    listen: address,
    advertise: address,
    ...(tier === "edge" ? {} : { data: directory.data(name) }),
    cluster,
    global,
    regions: Object.fromEntries(byDistance.map((each) => [each, regionMembers(each)])),
    edges: nodes.filter((other) => other.tier === "edge").map(memberOf),
  };
}

function memberOf({ name, region, role, group, address, addressFrom }: PlacedNode): Member {
  return {
    node: name,
    region,
    role,
    ...(group === undefined ? {} : { group }),
    address,
    addressFrom,
  };
}
