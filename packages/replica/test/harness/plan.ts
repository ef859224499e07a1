import type { Configuration } from "@meridian/consensus";
import type { TopologyNode } from "@meridian/replica";

/** Some voters of a hierarchical quorum, all in one region. */
export interface VotersPlan {
  readonly name: string;
  readonly region: string;
  readonly voters: number;
  readonly witness?: boolean;
}

/** A Raft group of a scene: voters and observers of one region, or of the global tier. */
export interface GroupPlan {
  /** "global" or the name of a region. */
  readonly cluster: string;
  readonly voters: number;
  readonly observers?: number;
  /** In place of `voters`: a hierarchical quorum. */
  readonly groups?: readonly VotersPlan[];
}

/** A small global tier: two full groups and a witness, in three regions. */
export const globalPlan: GroupPlan & { readonly groups: readonly VotersPlan[] } = {
  cluster: "global",
  voters: 0,
  groups: [
    { name: "primary", region: "us-east", voters: 3 },
    { name: "secondary", region: "eu-central", voters: 3 },
    { name: "witness", region: "us-west", voters: 1, witness: true },
  ],
};

/** Zones of all scenes: one of each kind. */
export const zones: Uint8Array = Buffer.from(
  JSON.stringify([
    { prefix: "/global", consistency: "strict", replicate: "all" },
    { prefix: "/meridian", consistency: "strict", replicate: "all" },
    {
      prefix: "/regions/{region}",
      consistency: "regional",
      home: "{region}",
      replicate: "all",
    },
    { prefix: "/shared", consistency: "eventual", replicate: "all" },
  ]),
);

/** Members as every node of the scene is told of them. A node's address is its name. */
export function topologyOf(plans: readonly GroupPlan[]): readonly TopologyNode[] {
  return plans.flatMap((plan) => [
    ...groupsOf(plan).flatMap((group) =>
      namesOf(plan, group).map((node) => topologyNode(plan, node, group)),
    ),
    ...observersOf(plan).map((node) => topologyNode(plan, node, undefined)),
  ]);
}

/** What a group begins with. */
export function configurationOf(plan: GroupPlan): Configuration {
  const groups = groupsOf(plan);
  const witnesses = groups.filter(({ witness }) => witness === true);
  return {
    groups: groups.map((group) => {
      return { name: group.name, voters: namesOf(plan, group), weight: 1 };
    }),
    learners: observersOf(plan),
    witnesses: witnesses.flatMap((group) => namesOf(plan, group)),
    outgoingGroups: [],
    autoLeave: false,
  };
}

/** Names of a group's members, voters first. */
export function membersOf(plan: GroupPlan): readonly string[] {
  return [...groupsOf(plan).flatMap((group) => namesOf(plan, group)), ...observersOf(plan)];
}

function groupsOf({ cluster, voters, groups }: GroupPlan): readonly VotersPlan[] {
  const region = cluster === "global" ? "us-east" : cluster;
  return groups ?? [{ name: "voters", region, voters }];
}

function namesOf({ cluster }: GroupPlan, { name, voters }: VotersPlan): readonly string[] {
  const stem = name === "voters" ? cluster : name;
  return Array.from({ length: voters }, (_, place) => `${stem}-${place + 1}`);
}

function observersOf({ cluster, observers = 0 }: GroupPlan): readonly string[] {
  return Array.from({ length: observers }, (_, place) => `${cluster}-o${place + 1}`);
}

function topologyNode(
  { cluster }: GroupPlan,
  node: string,
  voters: VotersPlan | undefined,
): TopologyNode {
  const { name = "", region = cluster, witness = false } = voters ?? {};
  const voter = cluster === "global" ? "global-voter" : "regional-voter";
  const role = witness ? "witness" : voters === undefined ? "regional-observer" : voter;
  return { node, region, role, group: name, address: node, addressFrom: {}, cluster };
}
