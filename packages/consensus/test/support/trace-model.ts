import type { NodeId, TraceEvent, TraceMessage } from "../../src/index.ts";
import { assert } from "./checks.ts";

/** One member as the specification knows it. */
interface Server {
  term: number;
  vote: NodeId;
  role: TraceEvent["role"];
  /** Terms, from index 1. */
  readonly log: number[];
  commit: number;
  conf: readonly NodeId[];
  readonly granted: Set<NodeId>;
  readonly match: Map<NodeId, number>;
}

interface Flight {
  readonly message: TraceMessage;
  /** Terms of the entries that an append carries. */
  readonly terms: readonly number[];
}

/**
 * The rules of the public specification (`etcdraft.tla` under `Traceetcdraft.tla`) for groups whose
 * members do not change: each event must be a step that they allow from where the events before it
 * led. What the specification leaves out is left out here: pre-votes, reads, transfers.
 */
export class TraceModel {
  readonly #servers = new Map<NodeId, Server>();
  readonly #last = new Map<NodeId, TraceEvent>();
  /** Sent, and waiting for the sender's "Ready". */
  #pending: Flight[] = [];
  readonly #network: Flight[] = [];

  /** @throws {Error} when no rule allows the event. */
  step(event: TraceEvent): void {
    const { nid, msg } = event;
    if (event.name === "InitState") this.#begin(event);
    const server = this.#servers.get(nid);
    assert(server !== undefined, `${nid} has begun`);
    if (event.name.startsWith("Receive")) {
      expectState(server, event);
      assert(msg !== undefined, "what is received is a message");
      this.#receive(server, this.#arrive(msg));
    } else if (!this.#isImplied(event)) {
      this.#act(server, event);
      expectState(server, event);
    }
    this.#last.set(nid, event);
  }

  #begin({ nid, state, role, log, conf }: TraceEvent): void {
    assert(!this.#servers.has(nid), "nobody begins twice");
    this.#servers.set(nid, {
      ...state,
      role,
      log: Array.from({ length: log }, () => 1),
      conf: conf[0],
      granted: new Set(),
      match: new Map(),
    });
  }

  #act(server: Server, event: TraceEvent): void {
    const { name, nid, msg } = event;
    switch (name) {
      case "InitState":
        return;
      case "BecomeCandidate":
        assert(server.role !== "StateLeader" && server.conf.includes(nid), "may campaign");
        server.term += 1;
        server.vote = nid;
        server.role = "StateCandidate";
        server.granted.clear();
        return;
      case "BecomeFollower":
        assert(server.role !== "StateFollower", "a follower does not step down");
        server.role = "StateFollower";
        return;
      case "BecomeLeader":
        assert(server.role === "StateCandidate", "a candidate becomes leader");
        assert(server.granted.size * 2 > server.conf.length, "a leader holds a majority of votes");
        server.role = "StateLeader";
        server.match.clear();
        server.match.set(nid, server.log.length);
        return;
      case "Replicate":
        assert(server.role === "StateLeader", "a leader appends");
        server.log.push(server.term);
        return;
      case "Commit":
        advance(server);
        return;
      case "Ready":
        this.#network.push(...this.#pending.filter(({ message }) => message.from === nid));
        this.#pending = this.#pending.filter(({ message }) => message.from !== nid);
        return;
      case "ChangeConf":
      case "ApplyConfChange":
        throw new Error("members do not change here");
      case "SendAppendEntriesRequest":
      case "SendAppendEntriesResponse":
      case "SendRequestVoteRequest":
      case "SendRequestVoteResponse":
      case "ReceiveAppendEntriesRequest":
      case "ReceiveAppendEntriesResponse":
      case "ReceiveRequestVoteRequest":
      case "ReceiveRequestVoteResponse":
        assert(msg !== undefined, "what is sent is a message");
        this.#send(server, msg);
    }
  }

  /** Following because of the message before is part of that step. */
  #isImplied({ name, nid, state }: TraceEvent): boolean {
    const last = this.#last.get(nid);
    const { msg } = last ?? {};
    if (name !== "BecomeFollower" || last === undefined || msg === undefined) return false;
    if (!last.name.startsWith("Receive") || msg.term !== state.term) return false;
    const returned = last.name === "ReceiveAppendEntriesRequest" && last.role === "StateCandidate";
    return returned || last.state.term < msg.term;
  }

  /** Answers to others were put on their way when the question was handled. */
  #send(server: Server, message: TraceMessage): void {
    const { type, from, to, index, entries } = message;
    const answer = type === "MsgVoteResp" || type === "MsgAppResp" || type === "MsgHeartbeatResp";
    if (answer && from !== to) return;
    const candidate = type === "MsgVote" || type === "MsgVoteResp";
    assert(server.role === (candidate ? "StateCandidate" : "StateLeader"), `${type} by its role`);
    assert(message.term === server.term, "messages carry the term");
    expectTruth(server, message);
    this.#pending.push({ message, terms: server.log.slice(index, index + entries) });
  }

  #arrive(message: TraceMessage): Flight {
    const at = this.#network.findIndex((flight) => same(flight.message, message));
    assert(at >= 0, `${JSON.stringify(message)} was sent before`);
    return this.#network.splice(at, 1)[0]!;
  }

  #receive(server: Server, flight: Flight): void {
    const { message } = flight;
    const { type, term, from, reject, index } = message;
    if (term > server.term) {
      server.term = term;
      server.vote = "0";
      server.role = "StateFollower";
    }
    if (type === "MsgVote") {
      this.#vote(server, message);
    } else if (type === "MsgApp" || type === "MsgHeartbeat") {
      this.#append(server, flight);
    } else if (term === server.term && !reject) {
      if (type === "MsgVoteResp") server.granted.add(from);
      else server.match.set(from, Math.max(server.match.get(from) ?? 0, index));
    }
  }

  #vote(server: Server, message: TraceMessage): void {
    const { term, from, logTerm, index } = message;
    const own = lastTerm(server.log);
    const upToDate = logTerm > own || (logTerm === own && index >= server.log.length);
    const free = server.vote === "0" || server.vote === from;
    const granted = term === server.term && upToDate && free;
    if (granted) server.vote = from;
    this.#reply(server, message, "MsgVoteResp", { reject: !granted });
  }

  #append(server: Server, { message, terms }: Flight): void {
    const { type, term, index, logTerm, commit } = message;
    const { log } = server;
    const heartbeat = type === "MsgHeartbeat";
    if (term === server.term && server.role === "StateCandidate") server.role = "StateFollower";
    if (term < server.term || index > log.length || (log[index - 1] ?? 0) !== logTerm) {
      this.#reply(server, message, "MsgAppResp", { reject: true });
      return;
    }
    let match = index + terms.length;
    if (index + 1 <= server.commit) {
      if (heartbeat) server.commit = Math.max(server.commit, commit);
      else match = server.commit;
    } else {
      const conflict = terms.findIndex((entry, at) => (log[index + at] ?? entry) !== entry);
      if (conflict >= 0) log.length = index + conflict;
      log.push(...terms.slice(log.length - index));
      server.commit = Math.max(server.commit, Math.min(commit, match));
    }
    const answer = heartbeat ? "MsgHeartbeatResp" : "MsgAppResp";
    this.#reply(server, message, answer, heartbeat ? {} : { index: match });
  }

  #reply(
    server: Server,
    { from, to }: TraceMessage,
    type: TraceMessage["type"],
    content: Partial<TraceMessage>,
  ): void {
    const blank = { entries: 0, logTerm: 0, index: 0, commit: 0, vote: "0", rejectHint: 0 };
    const envelope = { type, term: server.term, from: to, to: from, reject: false };
    this.#pending.push({ message: { ...blank, ...envelope, ...content }, terms: [] });
  }
}

/** What the specification compares of messages; refusals say no more than that. */
function same(one: TraceMessage, other: TraceMessage): boolean {
  const keys: (keyof TraceMessage)[] = ["type", "term", "from", "to", "reject"];
  if (one.type === "MsgApp") keys.push("index", "logTerm", "entries", "commit");
  if (one.type === "MsgVote") keys.push("index", "logTerm");
  if (one.type === "MsgHeartbeat") keys.push("commit");
  if (one.type === "MsgAppResp" && !one.reject) keys.push("index");
  return keys.every((key) => one[key] === other[key]);
}

/** What a message says of its sender. */
function expectTruth({ log, match, commit: own }: Server, message: TraceMessage): void {
  const { type, to, index, logTerm, entries, commit } = message;
  const matched = match.get(to) ?? 0;
  const last = index + entries;
  if (type === "MsgVote") {
    assert(index === log.length && logTerm === lastTerm(log), "votes name the last entry");
  } else if (type === "MsgAppResp") {
    assert(index === log.length, "a leader acknowledges its whole log to itself");
  } else if (type === "MsgApp") {
    assert(index >= matched && last <= log.length, "appends begin after what matches");
    assert(logTerm === (log[index - 1] ?? 0), "appends name the entry before");
    assert(commit === Math.min(own, last), "appends tell what is committed");
  } else if (type === "MsgHeartbeat") {
    assert(commit === Math.min(own, matched), "heartbeats tell what is committed of what matches");
  }
}

function advance(server: Server): void {
  assert(server.role === "StateLeader", "a leader commits");
  const matches = server.conf.map((id) => server.match.get(id) ?? 0).toSorted((a, b) => b - a);
  const index = matches[server.conf.length >> 1]!;
  if (server.log[index - 1] !== server.term) return;
  server.commit = Math.max(server.commit, index);
}

function expectState(server: Server, { name, nid, state, role, log }: TraceEvent): void {
  const found = { term: state.term, vote: state.vote, commit: state.commit, role, log };
  const { term, vote, commit } = server;
  const expected = { term, vote, commit, role: server.role, log: server.log.length };
  const [is, ought] = [JSON.stringify(found), JSON.stringify(expected)];
  assert(is === ought, `${name} at ${nid}: ${is}, the specification says ${ought}`);
}

function lastTerm(log: readonly number[]): number {
  return log.at(-1) ?? 0;
}
