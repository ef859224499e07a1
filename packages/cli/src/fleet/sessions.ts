import type { FleetStatus, NodeView, SessionList, SessionView } from "@meridian/admin";

import type { Output } from "../command/options.ts";
import { nearest } from "../config/nearest.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { lookAtFleet, withChannel } from "./fleet.ts";

/** Which sessions are meant. */
export interface SessionsChoice extends PlatformChoice {
  /** "global" or a region; default: the region that the caller names, else all clusters. */
  readonly cluster?: string | undefined;
}

const head = [
  "SESSION",
  "CLUSTER",
  "TIMEOUT",
  "SILENT",
  "EPHEMERALS",
  "WRITES",
  "NODE",
  "CLIENT",
  "CLIENT REGION",
  "WATCHES",
];
const nodeHead = ["CLUSTER", "NODE (* leads)", "SESSIONS", "WATCHES", "CONNECTIONS"];

/** Time for one page of one node. */
const answerMsMax = 3_000;
/** Time for the end of a session: a write through the log. */
const endMsMax = 15_000;

/**
 * `meridian sessions`: every session with its client, then what each node serves. Watches that are
 * kept without a session are counted at the nodes only. Partial (8) when some do not answer.
 */
export async function sessions(choice: SessionsChoice, output: Output): Promise<ExitCode> {
  const { list, nodes } = await look(choice);
  const served = nodes.flatMap(({ node, status: state }) => {
    if (state === undefined) return [];
    const { cluster, watches, connections, sessions: count } = state;
    return [
      { cluster, node, leads: state.state === "leader", sessions: count, watches, connections },
    ];
  });
  const silent = nodes.filter(({ status }) => status === undefined).map(({ node }) => node);
  const unreachable = [...new Set([...silent, ...list.unreachable])];
  if (output === "json") {
    await printJson({ sessions: list.sessions.map(jsonOf), nodes: served, unreachable });
  } else {
    const rows = served.map(({ cluster, node, leads, sessions: count, watches, connections }) => {
      return [cluster, leads ? `${node} *` : node, count, watches, connections];
    });
    await print(`${table(head, list.sessions.map(rowOf))}\n${table(nodeHead, rows)}`);
    for (const node of unreachable) {
      process.stderr.write(`meridian: ${node} does not answer: its clients are not known\n`);
    }
  }
  return unreachable.length === 0 ? exitCodes.ok : exitCodes.partial;
}

/** `meridian sessions end`: ends a session, and with it its ephemeral nodes, locks and places. */
export async function end(
  session: number,
  choice: SessionsChoice,
  output: Output,
): Promise<ExitCode> {
  const { list, nodes } = await look(choice);
  const found = list.sessions.filter((each) => each.session === session);
  const [only, ...others] = found;
  if (only === undefined) {
    const message = `no cluster that answers has session ${session}: it has ended or never existed`;
    throw new CommandError(exitCodes.noNode, "SESSION_EXPIRED", message);
  }
  if (others.length > 0) {
    const names = found.map(({ cluster }) => cluster).join(", ");
    throw usageError(`session ${session} exists in ${names}: say which with --cluster`);
  }
  const { cluster, connection } = only;
  const fit = nodes.filter((node) => node.cluster === cluster && node.status !== undefined);
  const members = fit.filter(({ role }) => role !== "edge" && role !== "witness");
  const at = members.find(({ status }) => status?.state === "leader") ?? members[0];
  const { ended } = await withChannel(at?.address ?? "", (channel) =>
    channel.endSession({ sessionId: session }, { deadlineMs: endMsMax }),
  );
  if (output === "json") await printJson({ session, cluster, ended });
  else {
    const whose = connection === undefined ? "" : ` of ${connection.address}`;
    await print(`session ${session}${whose} ${ended ? "ended" : "had ended already"}\n`);
  }
  return exitCodes.ok;
}

async function look(
  choice: SessionsChoice,
): Promise<{ readonly list: SessionList; readonly nodes: readonly NodeView[] }> {
  const [{ listSessions }, { openChannel }] = await Promise.all([
    import("@meridian/admin"),
    import("@meridian/transport"),
  ]);
  const nodes = chosen(choice, await lookAtFleet(choice));
  return { list: await listSessions(nodes, { openChannel, deadlineMs: answerMsMax }), nodes };
}

function chosen(choice: SessionsChoice, { nodes }: FleetStatus): readonly NodeView[] {
  const named = choice.cluster ?? choice.region ?? process.env["MERIDIAN_REGION"] ?? "";
  if (named === "") return nodes;
  const found = nodes.filter(({ cluster }) => cluster === named);
  if (found.length > 0) return found;
  const clusters = [...new Set(nodes.map(({ cluster }) => cluster))];
  const guess = nearest(named, clusters);
  const tail = guess === undefined ? `there are ${clusters.join(", ")}` : `did you mean ${guess}?`;
  throw usageError(`there is no cluster ${named}; ${tail}`);
}

function jsonOf({ connection, silentMs, ...session }: SessionView): object {
  return { ...session, silentMs: silentMs ?? null, connection: connection ?? null };
}

function rowOf(session: SessionView): readonly unknown[] {
  const { connection, silentMs } = session;
  return [
    session.session,
    session.cluster,
    `${session.timeoutMs} ms`,
    silentMs === undefined ? "unknown" : `${silentMs} ms`,
    session.ephemerals,
    session.writes,
    connection?.node ?? "none",
    connection?.address ?? "",
    connection?.region ?? "",
    connection?.watches ?? "",
  ];
}
