import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { lookAtFleet, type FoundNode } from "./fleet.ts";

/** `meridian status`: every node on a line. Partial (8) when some do not answer. */
export async function status(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const nodes = await lookAtFleet(choice);
  const silent = nodes.filter((node) => node.status === undefined);
  if (output === "json") {
    await printJson({
      nodes: nodes.map(jsonOf),
      reachable: nodes.length - silent.length,
      unreachable: silent.length,
    });
  } else {
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
    ];
    await print(table([...head, "ADDRESS"], nodes.map(rowOf)));
    for (const { name, error } of silent) process.stderr.write(`meridian: ${name}: ${error}\n`);
  }
  return silent.length === 0 ? exitCodes.ok : exitCodes.partial;
}

/** `meridian sessions`: how many sessions, watches and connections each cluster and node holds. */
export async function sessions(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const nodes = (await lookAtFleet(choice)).flatMap(({ name, status: state }) =>
    state === undefined
      ? []
      : [
          {
            cluster: state.cluster,
            node: name,
            leads: state.state === "leader",
            sessions: state.sessions,
            watches: state.watches,
            connections: state.connections,
          },
        ],
  );
  if (output === "json") await printJson({ nodes });
  else {
    const rows = nodes.map((node) => [
      node.cluster,
      node.leads ? `${node.node} *` : node.node,
      node.sessions,
      node.watches,
      node.connections,
    ]);
    await print(table(["CLUSTER", "NODE (* leads)", "SESSIONS", "WATCHES", "CONNECTIONS"], rows));
  }
  return exitCodes.ok;
}

/** `meridian lag`: how old each node's mirrors are, and how far each member is behind its leader. */
export async function lag(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const nodes = await lookAtFleet(choice);
  const mirrors = nodes.flatMap(({ name, status: state }) =>
    (state?.mirrors ?? []).map((mirror) => ({ node: name, ...mirror })),
  );
  const members = nodes.flatMap(({ status: state }) =>
    (state?.members ?? []).map((member) => ({
      cluster: state?.cluster ?? "",
      behind: Math.max(0, (state?.lastIndex ?? 0) - member.matchIndex),
      ...member,
    })),
  );
  if (output === "json") await printJson({ mirrors, members });
  else {
    const mirrorRows = mirrors.map(({ node, origin, index, stalenessMs, connected }) => [
      node,
      origin,
      index,
      `${stalenessMs} ms`,
      connected ? "up" : "down",
    ]);
    await print(table(["MIRROR AT", "OF", "INDEX", "AT MOST OLD", "STREAM"], mirrorRows));
    const memberRows = members.map(({ cluster, node, matchIndex, behind, state, active }) => {
      return [cluster, node, matchIndex, behind, state, active ? "yes" : "no"];
    });
    await print("\n");
    await print(table(["CLUSTER", "MEMBER", "DURABLE", "BEHIND", "MODE", "ACTIVE"], memberRows));
  }
  return exitCodes.ok;
}

function jsonOf({ name, region, role, group, address, status: state, error }: FoundNode): object {
  const reachable = state !== undefined;
  return { name, region, role, group, address, reachable, ...state, ...(error && { error }) };
}

function rowOf({ name, region, role, address, status: state }: FoundNode): readonly unknown[] {
  if (state === undefined) return [name, region, role, "no answer", "", "", "", "", "", address];
  const partition = ["", "CONNECTED"].includes(state.partitionState)
    ? ""
    : ` ${state.partitionState}`;
  return [
    name,
    region,
    role,
    `${state.state}${partition}`,
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
  return `${oldestMs} ms${down === 0 ? "" : `, ${down} down`}`;
}
