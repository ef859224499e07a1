import type { Caller } from "@meridian/transport";
import type { Session, Tree } from "@meridian/tree";
import {
  type Encodable,
  type IEndSessionRequest,
  type IEndSessionResponse,
  type ISessionsRequest,
  type ISessionsResponse,
  type ISessionStatus,
  MeridianError,
} from "@meridian/wire";
import type { Log } from "./log.ts";
import type { Place } from "./member.ts";
import type { SessionService } from "./session-service.ts";

/** What the roster needs of its member. */
export interface RosterMember {
  readonly place: Place;
  readonly tree: Tree;
  readonly sessions: SessionService;
  readonly leader: string | undefined;
  /** Leader: milliseconds since a session was last heard of. */
  silenceMs(session: number): number;
}

/** Sessions of one answer. */
const pageMax = 1_000;

/**
 * The sessions of a cluster, for operators: what the tree holds of them, and what only one member
 * knows: the one that a client is connected to, and the leader, who decides whether sessions live.
 */
export class SessionRoster {
  readonly #member: RosterMember;
  readonly #log: Log;

  constructor(member: RosterMember, log: Log) {
    this.#member = member;
    this.#log = log;
  }

  /** A page of the sessions. */
  list({ after, limit }: ISessionsRequest): Encodable<ISessionsResponse> {
    const { tree } = this.#member;
    const ids: number[] = [];
    for (const { id } of tree.sessions()) if (id > after) ids.push(id);
    ids.sort((a, b) => a - b);
    const count = limit === 0 ? pageMax : Math.min(limit, pageMax);
    const page = ids.slice(0, count).flatMap((id) => tree.session(id) ?? []);
    return {
      sessions: page.map((session) => this.#statusOf(session)),
      more: ids.length > count,
      appliedIndex: tree.appliedIndex,
      leads: this.#leads,
    };
  }

  /**
   * Ends a session through the log, by whatever member is asked.
   * @throws {MeridianError} UNKNOWN when that was not seen to happen in time; NOT_LEADER.
   */
  async end(
    { sessionId }: IEndSessionRequest,
    caller: Caller,
  ): Promise<Encodable<IEndSessionResponse>> {
    const { place, sessions } = this.#member;
    const outcome = await sessions.end(sessionId);
    const { address: by } = caller;
    const ended = outcome.kind === "applied" && outcome.applied.endedSessions.includes(sessionId);
    const told = { audit: "end-session", by, session: sessionId, cluster: place.cluster };
    this.#log.info({ ...told, outcome: outcome.kind, ended }, "a session was to be ended");
    if (outcome.kind === "applied") return { ended };
    if (outcome.kind === "unavailable") {
      const message = `cluster ${place.cluster} has no leader that ${place.node} can reach`;
      throw new MeridianError("NOT_LEADER", `${message}: nothing was done`);
    }
    const message = `the end of session ${sessionId} was proposed and not seen to happen in time`;
    throw new MeridianError("UNKNOWN", `${message}: list the sessions, then ask again`);
  }

  get #leads(): boolean {
    return this.#member.leader === this.#member.place.node;
  }

  #statusOf({ id, timeoutMs, appliedSequence, ephemerals }: Session): Encodable<ISessionStatus> {
    const { sessions } = this.#member;
    return {
      sessionId: id,
      timeoutMs,
      appliedSequence,
      ephemerals: ephemerals.size,
      silentMs: this.#leads ? Math.floor(this.#member.silenceMs(id)) : 0,
      connection: sessions.connectionOf(id),
    };
  }
}
