import type { ClusterStatus, NodeView } from "@meridian/admin";

import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { lookAtFleet } from "./fleet.ts";

const clusterHead = ["CLUSTER", "LEADER", "IN REGION", "TERM", "COMMITTED", "UP", "SESSIONS"];
const head = [
  "NODE",
  "REGION",
  "ROLE",
  "STATE",
  "TERM",
  "LEADER",
  "APPLIED",
  "MIRRORS",
  "MEMORY",
  "ADDRESS",
];

/**
 * `meridian status`: every cluster, then every node on a line. Partial (8) when some do not answer.
 */
export async function status(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const { nodes, clusters, failoverReady, unreachable } = await lookAtFleet(choice);
  if (output === "json") {
    await printJson({ nodes: nodes.map(jsonOf), clusters, failoverReady, unreachable });
  } else {
    await print(table(clusterHead, Object.values(clusters).map(clusterRowOf)));
    await print("\n");
    await print(table(head, nodes.map(rowOf)));
    for (const { node, error } of nodes) {
      if (error !== undefined) process.stderr.write(`meridian: ${node}: ${error.description}\n`);
    }
  }
  return unreachable.length === 0 ? exitCodes.ok : exitCodes.partial;
}

/** `meridian lag`: how old each node's mirrors are, and how far members are behind leaders. */
export async function lag(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const { nodes, unreachable } = await lookAtFleet(choice);
  const mirrors = nodes.flatMap(({ node, status: state }) =>
    (state?.mirrors ?? []).map((mirror) => ({ node, ...mirror })),
  );
  const members = nodes.flatMap(({ status: state }) =>
    (state?.members ?? []).map((member) => ({
      cluster: state?.cluster ?? "",
      behind: Math.max(0, (state?.lastIndex ?? 0) - member.matchIndex),
      ...member,
    })),
  );
  if (output === "json") await printJson({ mirrors, members, unreachable });
  else {
    const mirrorRows = mirrors.map(({ node, origin, index, stalenessMs, connected }) => {
      return [node, origin, index, ageText(stalenessMs), connected ? "up" : "down"];
    });
    await print(table(["MIRROR AT", "OF", "INDEX", "AT MOST OLD", "STREAM"], mirrorRows));
    const memberRows = members.map(({ cluster, node, matchIndex, behind, state, active }) => {
      return [cluster, node, matchIndex, behind, state, active ? "yes" : "no"];
    });
    await print("\n");
    await print(table(["CLUSTER", "MEMBER", "DURABLE", "BEHIND", "MODE", "ACTIVE"], memberRows));
  }
  return unreachable.length === 0 ? exitCodes.ok : exitCodes.partial;
}

function jsonOf({ status: state, error, ...node }: NodeView): object {
  const failure = error === undefined ? {} : { error: error.description };
  return { ...node, reachable: state !== undefined, ...state, ...failure };
}

function clusterRowOf(cluster: ClusterStatus): readonly unknown[] {
  const { name, leader, leaderRegion, term, commitIndex, members, sessions: count } = cluster;
  const up = members.filter(({ isReachable }) => isReachable).length;
  const led = leader === "" ? "none" : leader;
  return [name, led, leaderRegion, term, commitIndex, `${up} of ${members.length}`, count];
}

function rowOf({ node, region, role, address, status: state }: NodeView): readonly unknown[] {
  if (state === undefined) {
    return [node, region, role, "no answer", "", "", "", "", "", address];
  }
  const { partitionState } = state;
  const partition = ["", "CONNECTED"].includes(partitionState) ? "" : ` ${partitionState}`;
  const awaited = state.admission === "" ? "" : ` (${state.admission})`;
  return [
    node,
    region,
    role,
    `${state.state}${partition}${awaited}`,
    state.term,
    state.leader,
    state.appliedIndex,
    mirrorsOf(state.mirrors),
    `${Math.round(state.memoryBytes / 1e6)} MB`,
    address,
  ];
}

function mirrorsOf(
  mirrors: readonly { readonly stalenessMs: number; readonly connected: boolean }[],
): string {
  if (mirrors.length === 0) return "";
  const oldestMs = Math.max(...mirrors.map(({ stalenessMs }) => stalenessMs));
  const down = mirrors.filter(({ connected }) => !connected).length;
  return `${ageText(oldestMs)}${down === 0 ? "" : `, ${down} down`}`;
}

/** Ages above a day come from nodes that have never heard of the origin: a number would mislead. */
function ageText(ms: number): string {
  return ms > 86_400_000 ? "unknown" : `${ms} ms`;
}
