import { tierOf, type Role, type TierName } from "../config/role.ts";

/** A node of the platform, before it has an address. */
export interface PlannedNode {
  readonly name: string;
  readonly region: string;
  readonly tier: TierName;
  readonly role: Role;
  /** Voter group; only of the global tier. */
  readonly group: string | undefined;
}

/**
 * How nodes are spread over processes: `compact` is one a site or point of presence, `full` one a
 * node.
 */
export type Profile = "compact" | "full";

/** Nodes that share a process. */
export interface PlannedProcess {
  readonly name: string;
  readonly region: string;
  readonly nodes: readonly PlannedNode[];
}

/** Every region of the picture, in the order in which it is shown. */
export const regions: readonly string[] = [
  "us-east",
  "eu-central",
  "us-central",
  "us-west",
  "eu-west",
  "apac",
  "sa-east",
];

/** Regions with a regional cluster and a point of presence. */
export const regionalRegions: readonly string[] = [
  "us-west",
  "us-central",
  "eu-west",
  "apac",
  "sa-east",
];

const votersPerFullGroup = 5;
const votersPerRegion = 3;
const witnessRegions: readonly string[] = ["us-central", "us-west", "eu-west"];

/**
 * The whole platform: a global primary and secondary of five voters, three witnesses, a regional
 * cluster of three voters and an observer in each of five regions, and an edge beside each.
 */
export function plannedNodes(): readonly PlannedNode[] {
  return [
    ...count(votersPerFullGroup, (number) =>
      node(`us-east-global-${number}`, "us-east", "global-voter", "primary"),
    ),
    ...count(votersPerFullGroup, (number) =>
      node(`eu-central-global-${number}`, "eu-central", "global-voter", "secondary"),
    ),
    ...regionalRegions.flatMap((region) => [
      ...count(votersPerRegion, (number) => node(`${region}-${number}`, region, "regional-voter")),
      node(`${region}-observer`, region, "regional-observer"),
      node(`${region}-edge`, region, "edge"),
    ]),
    ...witnessRegions.map((region) => node(`${region}-witness`, region, "witness", "witness")),
  ];
}

/** Which nodes run in which process. A point of presence is a site of its own: it fails alone. */
export function plannedProcesses(
  nodes: readonly PlannedNode[],
  profile: Profile,
): readonly PlannedProcess[] {
  if (profile === "full") {
    return nodes.map((each) => ({ name: each.name, region: each.region, nodes: [each] }));
  }
  const processes = new Map<string, { region: string; nodes: PlannedNode[] }>();
  for (const each of nodes) {
    const name = each.tier === "edge" ? `${each.region}-pop` : `${each.region}-site`;
    const site = processes.get(name) ?? { region: each.region, nodes: [] };
    site.nodes.push(each);
    processes.set(name, site);
  }
  return [...processes].map(([name, site]) => ({ name, ...site }));
}

function count<T>(upTo: number, make: (number: number) => T): readonly T[] {
  return Array.from({ length: upTo }, (_, index) => make(index + 1));
}

function node(name: string, region: string, role: Role, group?: string): PlannedNode {
  return { name, region, tier: tierOf(role), role, group };
}
