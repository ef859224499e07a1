import { isHeldBack } from "./configuration.ts";
import type { Core } from "./core.ts";
import type { NodeId } from "./entry.ts";
import { isPromised } from "./lease.ts";
import { lead } from "./leading.ts";
import type { Message } from "./message.ts";
import type { MessageOf } from "./message-of.ts";
import { giveWay, isTurnOfOther } from "./precedence.ts";
import {
  becomeCandidate,
  becomeFollower,
  becomePreCandidate,
  restartElectionTimer,
} from "./role.ts";
import { traceOwnVote } from "./trace.ts";
import type { Votes } from "./votes.ts";

/** Asks the voters whether a campaign would be won. */
export function preCampaign(core: Core): void {
  if (!core.promotable) return;
  const votes = becomePreCandidate(core);
  if (votes.result(core.quorum) === "won") campaign(core, false);
  else askForVotes(core);
}

/** Begins a term and asks for votes. The own vote counts once it is durable: see `countOwnVote`. */
export function campaign(core: Core, transfer: boolean): void {
  if (!core.promotable) return;
  becomeCandidate(core, transfer);
  traceOwnVote(core, "Send");
  askForVotes(core);
}

/** Asks again, unless the question still waits for the disk. */
export function repeatQuestion(core: Core): void {
  const { role } = core;
  const asked = role.kind !== "candidate" || core.durability.settled(core.term, core.vote);
  if (asked) askForVotes(core);
}

/**
 * Asks voters that have not answered: the question or the answer was lost, or they still stuck to
 * the old leader.
 */
function askForVotes(core: Core): void {
  const { role, id, log } = core;
  if (role.kind !== "candidate" && role.kind !== "pre-candidate") return;
  const candidate = role.kind === "candidate";
  const type = candidate ? "vote" : "pre-vote";
  const term = candidate ? core.term : core.term + 1;
  const transfer = candidate && role.transfer;
  const { lastIndex: index, lastTerm: logTerm } = log;
  for (const to of core.voters) {
    if (to === id || role.votes.has(to)) continue;
    core.send({ type, from: id, to, term, index, logTerm, transfer });
  }
}

/** Something became durable: the vote of a candidate for itself may be. */
export function countOwnVote(core: Core): void {
  const { role } = core;
  if (role.kind !== "candidate" || !core.durability.settled(core.term, core.vote)) return;
  if (!role.votes.has(core.id)) traceOwnVote(core, "Receive");
  count(core, role.votes, core.id, true);
}

/**
 * Whether a voter ignores campaigns because it has just heard its leader. Raft thesis, section
 * 4.2.3.
 */
function inLease(core: Core): boolean {
  if (core.role.kind === "leader") return true;
  return core.leader !== undefined && core.now - core.heardTick < core.timing.leaseTicks;
}

/**
 * A campaign that comes too early: for a later term while the leader lives, or for any while a
 * leader may rely on this member; unless the leader itself wanted it.
 */
export function ignores(core: Core, message: Message): boolean {
  if (message.type !== "vote" && message.type !== "pre-vote") return false;
  if (message.type === "vote" && message.transfer) return false;
  return isPromised(core) || (message.term > core.term && inLease(core));
}

/**
 * Somebody wants to lead. Learners answer too: they may have been promoted without knowing it yet.
 * A member that lost its log says no to everybody: it cannot compare what it has forgotten.
 */
export function onVoteRequest(core: Core, message: MessageOf<"vote" | "pre-vote">): void {
  const { id } = core;
  const { from: to } = message;
  const type = message.type === "vote" ? "vote-answer" : "pre-vote-answer";
  const ahead = message.type === "pre-vote" && message.term > core.term;
  const free = core.vote === undefined && core.leader === undefined;
  const may = core.recovery === undefined && (core.vote === to || free || ahead);
  const behind = !core.log.isUpToDate(message.index, message.logTerm);
  if (behind && core.heldBack && !isHeldBack(core.configuration, to)) core.reliefTick = core.now;
  if (!may || behind) {
    core.send({ type, from: id, to, term: core.term, reject: true });
    return;
  }
  if (message.type === "vote") {
    core.vote = to;
    restartElectionTimer(core);
  }
  core.send({ type, from: id, to, term: message.term, reject: false });
  if (message.type === "pre-vote" && ahead) giveWay(core, message);
}

/** A voter said yes or no. */
export function onVoteAnswer(
  core: Core,
  message: MessageOf<"vote-answer" | "pre-vote-answer">,
): void {
  const { role } = core;
  const { from, reject, term } = message;
  if (message.type === "vote-answer") {
    if (role.kind === "candidate") count(core, role.votes, from, !reject);
    return;
  }
  if (role.kind !== "pre-candidate") return;
  if (!reject && term !== core.term + 1) return;
  count(core, role.votes, from, !reject);
}

function count(core: Core, votes: Votes, voter: NodeId, granted: boolean): void {
  votes.record(voter, granted);
  const result = votes.result(core.quorum);
  if (result === "lost") {
    becomeFollower(core, core.term, undefined);
  } else if (result === "won") {
    if (core.role.kind === "candidate") lead(core);
    else campaignInTurn(core);
  }
}

/**
 * Campaigns if a quorum would vote for this member, unless it is the turn of another one before it.
 */
export function campaignInTurn(core: Core): void {
  const { role } = core;
  if (role.kind !== "pre-candidate" || role.votes.result(core.quorum) !== "won") return;
  role.wonTick ??= core.now;
  if (!isTurnOfOther(core, role.wonTick)) campaign(core, false);
}
