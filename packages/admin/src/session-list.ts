import type { ChannelCallOptions } from "@meridian/client";
import type {
  Encodable,
  ISessionsRequest,
  ISessionsResponse,
  ISessionStatus,
} from "@meridian/wire";
import type { NodeView } from "./fleet-status.ts";

/** A connection to one node, as far as its sessions are concerned. */
export interface SessionsChannel {
  sessions(
    request: Encodable<ISessionsRequest>,
    options?: ChannelCallOptions,
  ): Promise<ISessionsResponse>;
  close(): unknown;
}

/** How to look. */
export interface SessionListOptions {
  /** Makes a connection to `host:port`; it is closed when the node has answered or not. */
  openChannel(address: string): SessionsChannel;
  /** Time for one page of one node; all nodes are asked at once. Default 2 s. */
  readonly deadlineMs?: number | undefined;
}

/** A session, put together from what the members of its cluster know. */
export interface SessionView {
  readonly cluster: string;
  readonly session: number;
  readonly timeoutMs: number;
  /** Since the leader last knew it alive; undefined when no leader was found. */
  readonly silentMs: number | undefined;
  /** Ephemeral nodes that it owns. */
  readonly ephemerals: number;
  /** Writes that it has had applied. */
  readonly writes: number;
  /** Where its client is connected; undefined: nowhere that answered. */
  readonly connection: SessionConnection | undefined;
}

/** Connection of a session's client. */
export interface SessionConnection {
  /** Node that serves it. */
  readonly node: string;
  /** Region that the client says it is in; "" when it does not. */
  readonly region: string;
  /** host:port that it comes from. */
  readonly address: string;
  /** Watches of this connection; others may be kept without a session. */
  readonly watches: number;
}

/** The sessions of clusters. */
export interface SessionList {
  /** By cluster, then by id. */
  readonly sessions: readonly SessionView[];
  /** Members that did not answer: who is connected there is not known. */
  readonly unreachable: readonly string[];
}

const deadlineMs = 2_000;
const pageMax = 1_000;
/** Pages of one node at most: beyond it more than anybody reads, and an end to the asking. */
const pagesMax = 200;

/**
 * Lists the sessions of the clusters that nodes of a fleet belong to. All members that keep a tree
 * are asked: each knows the clients that are connected to it, the leader knows who lives.
 */
export async function listSessions(
  nodes: readonly NodeView[],
  options: SessionListOptions,
): Promise<SessionList> {
  const members = nodes.filter(({ role }) => role !== "edge" && role !== "witness");
  const told = await Promise.all(members.map((member) => ask(member, options)));
  const clusters = [...new Set(members.map(({ cluster }) => cluster))];
  return {
    sessions: clusters.flatMap((cluster) => {
      return joined(
        cluster,
        told.filter((tale) => tale.member.cluster === cluster),
      );
    }),
    unreachable: told.flatMap(({ member, pages }) => (pages === undefined ? [member.node] : [])),
  };
}

interface Tale {
  readonly member: NodeView;
  /** Undefined when it did not answer. */
  readonly pages: readonly ISessionsResponse[] | undefined;
}

async function ask(member: NodeView, options: SessionListOptions): Promise<Tale> {
  if (member.status === undefined) return { member, pages: undefined };
  const channel = options.openChannel(member.address);
  const pages: ISessionsResponse[] = [];
  try {
    for (let after = 0; pages.length < pagesMax;) {
      const limit = { deadlineMs: options.deadlineMs ?? deadlineMs };
      const page = await channel.sessions({ after, limit: pageMax }, limit);
      pages.push(page);
      const last = page.sessions.at(-1);
      if (!page.more || last === undefined) break;
      after = last.sessionId;
    }
    return { member, pages };
  } catch {
    return { member, pages: undefined };
  } finally {
    await channel.close();
  }
}

/** The newest list counts for which sessions there are; the others add their connections. */
function joined(cluster: string, tales: readonly Tale[]): readonly SessionView[] {
  const answered = tales.flatMap(({ member, pages = [] }) => {
    const [first] = pages;
    if (first === undefined) return [];
    const { leads, appliedIndex } = first;
    const sessions = pages.flatMap((page) => page.sessions);
    return [{ node: member.node, leads, appliedIndex, sessions }];
  });
  const leads = answered.find((answer) => answer.leads);
  const newest = leads ?? answered.toSorted((a, b) => b.appliedIndex - a.appliedIndex)[0];
  const connections = new Map<number, SessionConnection>();
  for (const { node, sessions } of answered) {
    for (const { sessionId, connection } of sessions) {
      if (connection !== undefined) connections.set(sessionId, { node, ...connection });
    }
  }
  const view = (status: ISessionStatus): SessionView => ({
    cluster,
    session: status.sessionId,
    timeoutMs: status.timeoutMs,
    silentMs: leads === undefined ? undefined : status.silentMs,
    ephemerals: status.ephemerals,
    writes: status.appliedSequence,
    connection: connections.get(status.sessionId),
  });
  return (newest?.sessions ?? []).map(view);
}
