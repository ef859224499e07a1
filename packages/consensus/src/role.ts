import type { Core, Leader } from "./core.ts";
import { membersOf } from "./configuration.ts";
import type { NodeId } from "./entry.ts";
import { invariant } from "./invariant.ts";
import { Progress } from "./progress.ts";
import type { ReadRequest } from "./reads.ts";
import { ForwardedReads, ReadRounds } from "./reads.ts";
import { restartRecovery } from "./recovery.ts";
import { traceState } from "./trace.ts";
import { Uncommitted } from "./uncommitted.ts";
import { Votes } from "./votes.ts";

/** Starts the election timer anew, with another length. */
export function restartElectionTimer(core: Core): void {
  const { electionTicks, electionJitterTicks } = core.timing;
  core.electionElapsed = 0;
  core.electionTimeout = electionTicks + Math.floor(core.random() * electionJitterTicks);
}

/** Follows a leader, or nobody for now. A new term forgets the vote; the term never falls. */
export function becomeFollower(core: Core, term: number, leader: NodeId | undefined): void {
  invariant(term >= core.term, "the term never falls");
  const { kind } = core.role;
  const changes = term > core.term || kind === "candidate" || kind === "leader";
  if (term > core.term) {
    core.term = term;
    core.vote = undefined;
    forgetPrecedence(core);
    restartRecovery(core);
  }
  if (leader !== undefined) core.askedInVain = false;
  leaveRole(core);
  core.summoned = false;
  core.role = { kind: "follower", leader, reads: new ForwardedReads(core.limits.readsMax) };
  core.heardTick = core.now;
  restartElectionTimer(core);
  if (changes) traceState(core, "BecomeFollower");
}

/** Who went before whom counts within a term. */
function forgetPrecedence(core: Core): void {
  core.gaveWayTick = -Infinity;
  core.precededTick = -Infinity;
  core.askedInVain = false;
}

/** A message of the leader came: sticks to it. */
export function follow(core: Core, leader: NodeId): void {
  const { role } = core;
  if (role.kind === "follower" && role.leader === leader) {
    core.electionElapsed = 0;
    core.heardTick = core.now;
  } else {
    becomeFollower(core, core.term, leader);
  }
}

/** Changes neither term nor vote. */
export function becomePreCandidate(core: Core): Votes {
  const { kind } = core.role;
  invariant(kind !== "leader", "a leader does not campaign");
  leaveRole(core);
  const votes = new Votes();
  votes.record(core.id, true);
  core.role = { kind: "pre-candidate", votes, wonTick: undefined };
  if (kind === "pre-candidate") core.askedInVain = true;
  restartElectionTimer(core);
  if (kind === "candidate") traceState(core, "BecomeFollower");
  return votes;
}

/** Begins a term and votes for itself; that vote counts when it is durable. */
export function becomeCandidate(core: Core, transfer: boolean): void {
  invariant(core.role.kind !== "leader", "a leader does not campaign");
  invariant(core.recovery === undefined, "a member that lost its log does not campaign");
  leaveRole(core);
  core.term += 1;
  core.vote = core.id;
  forgetPrecedence(core);
  core.role = { kind: "candidate", votes: new Votes(), transfer };
  restartElectionTimer(core);
  traceState(core, "BecomeCandidate");
}

/** Won: begins to lead, knowing of nobody how far it is. */
export function becomeLeader(core: Core): Leader {
  const { role } = core;
  invariant(role.kind === "candidate", "only a candidate becomes leader");
  invariant(role.votes.result(core.quorum) === "won", "a leader holds a quorum of votes");
  invariant(core.durability.durableTerm === core.term, "a leader cannot forget its term");
  const progress = new Map<NodeId, Progress>();
  const reads = new ReadRounds(core.limits.readsMax);
  const leader: Leader = {
    kind: "leader",
    progress,
    reads,
    uncommitted: new Uncommitted(),
    handOver: { tried: new Set(), idle: 0 },
    matchOf: (member) =>
      member === core.id ? core.log.durableIndex : (progress.get(member)?.match ?? 0),
    readRoundOf: (member) =>
      member === core.id ? reads.newest : (progress.get(member)?.readRound ?? 0),
    transfer: undefined,
    heartbeatElapsed: 0,
    committedInTerm: false,
    interim: core.heldBack && !core.summoned,
    urged: false,
    dirty: true,
  };
  core.role = leader;
  traceState(core, "BecomeLeader");
  trackMembers(core, leader);
  return leader;
}

/**
 * Keeps a progress for each member of the newest configuration, and until that is committed for
 * those it has no place for: so they learn that they are out, and do not go on campaigning.
 */
export function trackMembers(core: Core, leader: Leader): void {
  const members = new Set(core.configurations.since(core.log.commitIndex).flatMap(membersOf));
  for (const id of leader.progress.keys()) if (!members.has(id)) leader.progress.delete(id);
  for (const id of members) {
    if (id === core.id || leader.progress.has(id)) continue;
    leader.progress.set(id, new Progress(core.log.lastIndex + 1, core.now, core.limits));
  }
  const { transfer } = leader;
  if (transfer !== undefined && !core.voters.has(transfer.to)) leader.transfer = undefined;
}

/** Tells one reader that it gets no answer here. */
export function refuseRead(core: Core, { from, context }: ReadRequest): void {
  if (from === undefined) {
    core.reads.push({ context, index: undefined });
    return;
  }
  const { id, term } = core;
  core.send({
    type: "read-index-answer",
    from: id,
    to: from,
    term,
    context,
    index: 0,
    reject: true,
  });
}

/**
 * Reads of a role that ends are refused: what would confirm them can no longer be trusted to
 * arrive.
 */
function leaveRole(core: Core): void {
  const { role } = core;
  if (role.kind === "leader") {
    for (const request of role.reads.takeAll()) refuseRead(core, request);
  } else if (role.kind === "follower") {
    for (const context of role.reads.takeOlder(core.now)) {
      core.reads.push({ context, index: undefined });
    }
  }
}
