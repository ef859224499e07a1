import { GrpcConnection } from "./grpc-connection.ts";
import { newTally, RawSession, type SessionPlan } from "./raw-session.ts";

/** What a process of many sessions is told to do. */
export interface LoaderPlan {
  readonly addresses: readonly string[];
  readonly sessions: readonly SessionPlan[];
  /** Sessions that share a connection. */
  readonly sessionsPerConnection: number;
  /** So many of the sessions have a connection of their own. */
  readonly single: number;
  /** Streams opened in a second. */
  readonly openingsPerSecond: number;
  /** How far it stands back behind the servers, with which it shares the cores here. */
  readonly niceness: number;
}

const turnMs = 50;
const reportMs = 250;

/** Sessions of one process on shared connections, each with a place in the round of pings. */
class Loader {
  readonly #plan: LoaderPlan;
  readonly #tally = newTally();
  readonly #sessions: RawSession[] = [];
  /** Connections with room, by address. */
  readonly #shared = new Map<string, GrpcConnection>();
  /** How often a session has asked for a connection. */
  readonly #attempts = new Map<RawSession, number>();
  #opened = 0;
  #turns = 0;

  constructor(plan: LoaderPlan) {
    this.#plan = plan;
    for (const session of plan.sessions) {
      const surroundings = {
        tally: this.#tally,
        connection: (of: RawSession) => this.#connectionOf(of),
        later: (meanMs: number, run: () => void) => {
          setTimeout(run, meanMs * (0.5 + Math.random()));
        },
      };
      this.#sessions.push(new RawSession(session, surroundings));
    }
    setInterval(() => this.#turn(), turnMs);
    setInterval(() => process.send?.(this.#tally), reportMs);
  }

  #connectionOf(session: RawSession): GrpcConnection {
    const { addresses, sessionsPerConnection, single } = this.#plan;
    const attempt = this.#attempts.get(session) ?? 0;
    this.#attempts.set(session, attempt + 1);
    const address = addresses[(session.plan.id + attempt) % addresses.length] ?? "";
    const isSingle = session.plan.id - (this.#plan.sessions[0]?.id ?? 0) < single;
    if (isSingle) {
      const own = new GrpcConnection(address);
      // It ends with the stream that is opened next.
      setImmediate(() => own.leave());
      return own;
    }
    const shared = this.#shared.get(address);
    if (shared !== undefined && !shared.isOver && shared.streams < sessionsPerConnection) {
      return shared;
    }
    shared?.leave();
    const next = new GrpcConnection(address);
    this.#shared.set(address, next);
    return next;
  }

  /** Opens what is due, and pings one part of all sessions. */
  #turn(): void {
    const due = Math.ceil((this.#plan.openingsPerSecond * turnMs) / 1_000);
    for (const session of this.#sessions.slice(this.#opened, this.#opened + due)) session.connect();
    this.#opened = Math.min(this.#opened + due, this.#sessions.length);
    const nowMs = performance.now();
    const timeoutMs = this.#plan.sessions[0]?.timeoutMs ?? Infinity;
    const turns = Math.max(1, Math.floor(timeoutMs / 3 / turnMs));
    for (let at = this.#turns % turns; at < this.#opened; at += turns) {
      this.#sessions[at]?.ping(nowMs);
    }
    this.#turns += 1;
  }
}

process.once("message", (plan: LoaderPlan) => new Loader(plan));
process.once("disconnect", () => process.exit(0));
