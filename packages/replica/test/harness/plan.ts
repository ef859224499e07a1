import type { Configuration } from "@meridian/consensus";
import type { TopologyNode } from "@meridian/replica";

/** A Raft group of a scene: voters and observers of one region, or of the global tier. */
export interface GroupPlan {
  /** "global" or the name of a region. */
  readonly cluster: string;
  readonly voters: number;
  readonly observers?: number;
}

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
    ...votersOf(plan).map((node) => topologyNode(plan, node, true)),
    ...observersOf(plan).map((node) => topologyNode(plan, node, false)),
  ]);
}

/** What a group begins with. */
export function configurationOf(plan: GroupPlan): Configuration {
  return {
    groups: [{ name: "voters", voters: votersOf(plan), weight: 1 }],
    learners: observersOf(plan),
    witnesses: [],
    outgoingGroups: [],
    autoLeave: false,
  };
}

/** Names of a group's members, voters first. */
export function membersOf(plan: GroupPlan): readonly string[] {
  return [...votersOf(plan), ...observersOf(plan)];
}

function votersOf({ cluster, voters }: GroupPlan): readonly string[] {
  return Array.from({ length: voters }, (_, place) => `${cluster}-${place + 1}`);
}

function observersOf({ cluster, observers = 0 }: GroupPlan): readonly string[] {
  return Array.from({ length: observers }, (_, place) => `${cluster}-o${place + 1}`);
}

function topologyNode({ cluster }: GroupPlan, node: string, votes: boolean): TopologyNode {
  const global = cluster === "global";
  const role = global ? "global-voter" : votes ? "regional-voter" : "regional-observer";
  const region = global ? "us-east" : cluster;
  return { node, region, role, group: "voters", address: node, addressFrom: {}, cluster };
}
