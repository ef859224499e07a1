import type { IMemberProgress, IStatusResponse } from "@meridian/wire";
import type { NodeView } from "./fleet-status.ts";

/** A cluster, put together from what its nodes say. */
export interface ClusterStatus {
  readonly name: string;
  /** The node that leads in the newest term that anybody knows; "" when nobody does. */
  readonly leader: string;
  readonly leaderRegion: string;
  readonly term: number;
  readonly incarnation: number;
  /** Highest index that any member knows to be committed. */
  readonly commitIndex: number;
  /** Its members, edges left out; each with whether it answered. */
  readonly members: readonly ClusterMember[];
  /** How far the leader takes the others to be; empty when the leader did not answer. */
  readonly progress: readonly IMemberProgress[];
  readonly sessions: number;
  /** The leader says that another region could take over without loss; false for regions. */
  readonly failoverReady: boolean;
}

/** A member of a cluster. */
export interface ClusterMember {
  readonly node: string;
  readonly region: string;
  readonly role: string;
  readonly group: string;
  readonly isReachable: boolean;
  /** leader, candidate, follower or learner; "" when it did not answer. */
  readonly state: string;
  readonly appliedIndex: number;
}

/** Roles of nodes that belong to no group. */
const outsiders: readonly string[] = ["edge", "removed", "waiting"];

/** The clusters of a fleet by name, "global" first. */
export function clusterStatuses(
  nodes: readonly NodeView[],
): Readonly<Record<string, ClusterStatus>> {
  const names = [...new Set(nodes.map(({ cluster }) => cluster))].sort(byRank);
  return Object.fromEntries(
    names.map((name) => {
      const members = nodes.filter(({ cluster, role }) => {
        return cluster === name && !outsiders.includes(role);
      });
      return [name, clusterStatus(name, members, nodes)];
    }),
  );
}

function clusterStatus(
  name: string,
  members: readonly NodeView[],
  all: readonly NodeView[],
): ClusterStatus {
  const statuses = members.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const newest = statuses.reduce<IStatusResponse | undefined>(newer, undefined);
  const leader = newest?.leader ?? "";
  // Only a leader of the newest term speaks for the cluster: an older one may not know yet that it
  // is none.
  const leading = statuses.find(({ node, term }) => node === leader && term === newest?.term);
  return {
    name,
    leader,
    leaderRegion: all.find(({ node }) => node === leader)?.region ?? "",
    term: newest?.term ?? 0,
    incarnation: newest?.incarnation ?? 0,
    commitIndex: Math.max(0, ...statuses.map(({ commitIndex }) => commitIndex)),
    members: members.map(memberOf),
    progress: leading?.members ?? [],
    sessions: leading?.sessions ?? Math.max(0, ...statuses.map(({ sessions }) => sessions)),
    failoverReady: leading?.failoverReady ?? false,
  };
}

/** By incarnation, then by term; among equals one that knows its leader. */
function newer(best: IStatusResponse | undefined, status: IStatusResponse): IStatusResponse {
  if (best === undefined) return status;
  const order =
    status.incarnation - best.incarnation ||
    status.term - best.term ||
    Number(status.leader !== "") - Number(best.leader !== "");
  return order > 0 ? status : best;
}

function memberOf({ node, region, role, group, status }: NodeView): ClusterMember {
  return {
    node,
    region,
    role,
    group,
    isReachable: status !== undefined,
    state: status?.state ?? "",
    appliedIndex: status?.appliedIndex ?? 0,
  };
}

function byRank(a: string, b: string): number {
  if (a === "global" || b === "global") return a === "global" ? -1 : 1;
  return a < b ? -1 : 1;
}
