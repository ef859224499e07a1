import { leaveJoint, votersOf } from "./configuration.ts";
import type { Core } from "./core.ts";
import type { Configuration, Entry, NodeId } from "./entry.ts";
import type { Message } from "./message.ts";

/**
 * Hears of every transition of one member: of its state, its log, and messages sent or received.
 * Called synchronously from within; must neither throw nor call back. The events are those of
 * etcd-io/raft's trace validation, so that a run can be checked against the public TLA+
 * specification `Traceetcdraft.tla`; README.md says how, and where the core goes beyond it.
 */
export type Trace = (event: TraceEvent) => void;

/**
 * Names of transitions. Received messages are traced before they change anything, everything else
 * after.
 */
export type TraceEventName =
  | "InitState"
  | "BecomeCandidate"
  | "BecomeFollower"
  | "BecomeLeader"
  | "Commit"
  | "Replicate"
  | "ChangeConf"
  | "ApplyConfChange"
  | "Ready"
  | "SendAppendEntriesRequest"
  | "ReceiveAppendEntriesRequest"
  | "SendAppendEntriesResponse"
  | "ReceiveAppendEntriesResponse"
  | "SendRequestVoteRequest"
  | "ReceiveRequestVoteRequest"
  | "SendRequestVoteResponse"
  | "ReceiveRequestVoteResponse";

/** One transition of one member; one line of a trace file, under the key `event`. */
export interface TraceEvent {
  readonly name: TraceEventName;
  readonly nid: NodeId;
  /** `vote` is "0" without a vote. */
  readonly state: { readonly term: number; readonly vote: NodeId; readonly commit: number };
  /** The specification knows no pre-votes: who asks for them is still a follower. */
  readonly role: "StateFollower" | "StateCandidate" | "StateLeader";
  /** Index of the last entry. */
  readonly log: number;
  /** Voters of the newest configuration, and of the one before it during a joint change. */
  readonly conf: readonly [readonly NodeId[], readonly NodeId[]];
  readonly msg?: TraceMessage;
  /** Of "ChangeConf" and "ApplyConfChange". */
  readonly prop?: { readonly cc: TraceChange };
}

/** A message as the specification sees it; what a type has no use for is 0 or "0". */
export interface TraceMessage {
  readonly type: TraceMessageType;
  readonly term: number;
  readonly from: NodeId;
  readonly to: NodeId;
  /** How many; for a snapshot the index where it ends. */
  readonly entries: number;
  readonly logTerm: number;
  readonly index: number;
  /** As far as the receiver may use it: not beyond the last entry that it vouches for. */
  readonly commit: number;
  readonly vote: NodeId;
  readonly reject: boolean;
  readonly rejectHint: number;
}

/** Names of the messages that are traced. */
export type TraceMessageType =
  | "MsgApp"
  | "MsgAppResp"
  | "MsgHeartbeat"
  | "MsgHeartbeatResp"
  | "MsgSnap"
  | "MsgVote"
  | "MsgVoteResp";

/** What a configuration changes ("ChangeConf"), or which voters it has ("ApplyConfChange"). */
export interface TraceChange {
  readonly changes?: readonly {
    readonly nid: NodeId;
    readonly action: "AddNewServer" | "RemoveServer" | "AddLearner";
  }[];
  readonly newconf?: readonly NodeId[];
}

/** A transition without a message. */
export function traceState(
  core: Core,
  name: "InitState" | "BecomeCandidate" | "BecomeFollower" | "BecomeLeader" | "Commit" | "Ready",
): void {
  core.trace?.(eventOf(core, name));
}

/** A leader put an entry into its log; a configuration does not count yet. */
export function traceAppended(core: Core, { kind, data }: Entry): void {
  if (core.trace === undefined) return;
  if (kind !== "configuration") {
    core.trace(eventOf(core, "Replicate"));
    return;
  }
  const cc = { changes: changesOf(core.configuration, core.codec.decode(data)) };
  core.trace({ ...eventOf(core, "ChangeConf"), prop: { cc } });
}

/** Another configuration counts. */
export function traceAdopted(core: Core): void {
  if (core.trace === undefined) return;
  const cc = { newconf: votersOf(leaveJoint(core.configuration)) };
  core.trace({ ...eventOf(core, "ApplyConfChange"), prop: { cc } });
}

/** A message waits for the next `Ready`. */
export function traceSent(core: Core, message: Message): void {
  if (core.trace === undefined) return;
  traceMessage(core, "Send", message);
}

/** A message came and is not ignored. */
export function traceReceived(core: Core, message: Message): void {
  if (core.trace === undefined) return;
  traceMessage(core, "Receive", message);
}

/** The specification lets a candidate vote for itself by a message to itself. */
export function traceOwnVote(core: Core, verb: "Send" | "Receive"): void {
  if (core.trace === undefined) return;
  const { id, term } = core;
  traceMessage(core, verb, { type: "vote-answer", from: id, to: id, term, reject: false });
}

/** The specification lets a leader acknowledge its own entries by a message to itself. */
export function traceOwnAppend(core: Core, verb: "Send" | "Receive", index: number): void {
  if (core.trace === undefined) return;
  const { id, term } = core;
  const answer = { type: "append-answer", from: id, to: id, term, index } as const;
  traceMessage(core, verb, { ...answer, reject: false, hint: 0, logTerm: 0 });
}

function traceMessage(core: Core, verb: "Send" | "Receive", message: Message): void {
  // Undefined: the specification has no such message.
  const kind = kinds[message.type];
  if (kind === undefined) return;
  const { from, to, term } = message;
  const blank = { entries: 0, logTerm: 0, index: 0, commit: 0, reject: false, rejectHint: 0 };
  const msg = { type: kind.type, term, from, to, vote: nobody, ...blank, ...contentOf(message) };
  core.trace?.({ ...eventOf(core, `${verb}${kind.call}`), msg });
}

const nobody = "0";

function eventOf(core: Core, name: TraceEventName): TraceEvent {
  const { id: nid, term, vote = nobody, log, configuration } = core;
  const outgoing = { ...configuration, groups: configuration.outgoingGroups };
  return {
    name,
    nid,
    state: { term, vote, commit: log.commitIndex },
    role: roles[core.role.kind],
    log: log.lastIndex,
    conf: [votersOf(leaveJoint(configuration)), votersOf(leaveJoint(outgoing))],
  };
}

const roles = {
  follower: "StateFollower",
  "pre-candidate": "StateFollower",
  candidate: "StateCandidate",
  leader: "StateLeader",
} as const;

interface Kind {
  readonly call:
    | "AppendEntriesRequest"
    | "AppendEntriesResponse"
    | "RequestVoteRequest"
    | "RequestVoteResponse";
  readonly type: TraceMessageType;
}

const kinds: { readonly [T in Message["type"]]?: Kind } = {
  append: { call: "AppendEntriesRequest", type: "MsgApp" },
  heartbeat: { call: "AppendEntriesRequest", type: "MsgHeartbeat" },
  snapshot: { call: "AppendEntriesRequest", type: "MsgSnap" },
  "append-answer": { call: "AppendEntriesResponse", type: "MsgAppResp" },
  "heartbeat-answer": { call: "AppendEntriesResponse", type: "MsgHeartbeatResp" },
  vote: { call: "RequestVoteRequest", type: "MsgVote" },
  "vote-answer": { call: "RequestVoteResponse", type: "MsgVoteResp" },
};

function contentOf(message: Message): Partial<TraceMessage> {
  if (message.type === "append") {
    const { index, logTerm, entries, commit } = message;
    const last = index + entries.length;
    return { index, logTerm, entries: entries.length, commit: Math.min(commit, last) };
  }
  if (message.type === "append-answer") {
    const { index, reject, hint, logTerm } = message;
    return { index, reject, rejectHint: hint, logTerm };
  }
  if (message.type === "vote") {
    const { index, logTerm } = message;
    return { index, logTerm };
  }
  if (message.type === "heartbeat") return { commit: message.commit };
  if (message.type === "snapshot") return { entries: message.mark.index };
  return message.type === "vote-answer" ? { reject: message.reject } : {};
}

function changesOf(from: Configuration, to: Configuration): NonNullable<TraceChange["changes"]> {
  const before = votersOf(leaveJoint(from));
  const after = votersOf(leaveJoint(to));
  const gone = [...before, ...from.learners].filter(
    (nid) => !after.includes(nid) && !to.learners.includes(nid),
  );
  const added = after.filter((nid) => !before.includes(nid));
  const learners = to.learners.filter((nid) => !from.learners.includes(nid));
  return [
    ...added.map((nid) => ({ nid, action: "AddNewServer" as const })),
    ...learners.map((nid) => ({ nid, action: "AddLearner" as const })),
    ...gone.map((nid) => ({ nid, action: "RemoveServer" as const })),
  ];
}
