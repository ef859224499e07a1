import type { Core, Leader } from "./core.ts";
import type { NodeId } from "./entry.ts";
import { holdsLease } from "./lease.ts";
import type { MessageOf } from "./message-of.ts";
import type { ReadRound } from "./reads.ts";
import { sendHeartbeats } from "./replication.ts";
import { refuseRead } from "./role.ts";

/**
 * Asks for a read at this member: leads itself, asks its leader, or refuses when there is none.
 * `timed`: the time was told after the read came in.
 */
export function requestRead(core: Core, context: number, timed: boolean): void {
  const { role, id, term } = core;
  if (role.kind === "leader") {
    if (timed && !core.isWitness && holdsLease(core, role)) {
      core.reads.push({ context, index: core.log.commitIndex });
      return;
    }
    requestAtLeader(core, role, undefined, context);
  } else if (
    role.kind === "follower" &&
    role.leader !== undefined &&
    role.reads.add(context, core.now)
  ) {
    core.send({ type: "read-index", from: id, to: role.leader, term, context });
  } else {
    core.reads.push({ context, index: undefined });
  }
}

/** A follower passed a read on. */
export function onReadIndex(core: Core, message: MessageOf<"read-index">): void {
  const { role } = core;
  if (role.kind === "leader" && role.progress.has(message.from)) {
    requestAtLeader(core, role, message.from, message.context);
  } else {
    refuseRead(core, message);
  }
}

/** The leader answered a read that was passed on. */
export function onReadIndexAnswer(core: Core, message: MessageOf<"read-index-answer">): void {
  const { role } = core;
  if (role.kind !== "follower" || role.leader !== message.from) return;
  const { context, index, reject } = message;
  if (role.reads.take(context)) core.reads.push({ context, index: reject ? undefined : index });
}

/** Begins a round for the reads that wait, once the commit index is known to be the group's. */
export function startReads(core: Core, leader: Leader): void {
  const { reads } = leader;
  if (!reads.startable || !leader.committedInTerm) return;
  reads.start(core.log.commitIndex);
  confirmReads(core, leader);
  if (reads.pending) sendHeartbeats(core, leader, true);
}

/** Answers the rounds that a quorum has confirmed. */
export function confirmReads(core: Core, leader: Leader): void {
  const number = core.quorum.committedIndex(leader.readRoundOf);
  for (const round of leader.reads.takeConfirmed(number)) answer(core, round);
}

/** A follower answered a heartbeat: it followed this leader when the round it names had begun. */
export function onReadConfirmed(
  core: Core,
  leader: Leader,
  message: MessageOf<"heartbeat-answer">,
): void {
  const progress = leader.progress.get(message.from);
  const { context } = message;
  if (progress === undefined || context <= progress.readRound) return;
  if (context > leader.reads.newest) return;
  progress.readRound = context;
  confirmReads(core, leader);
}

/**
 * Reads that were passed on and got no answer for so long are refused: the question or the answer
 * was lost.
 */
export function expireReads(core: Core): void {
  const { role, now, timing } = core;
  if (role.kind !== "follower") return;
  for (const context of role.reads.takeOlder(now - timing.electionTicks)) {
    core.reads.push({ context, index: undefined });
  }
}

function requestAtLeader(
  core: Core,
  leader: Leader,
  from: NodeId | undefined,
  context: number,
): void {
  const request = { from, context };
  if (core.isWitness || !leader.reads.add(request)) refuseRead(core, request);
}

function answer(core: Core, round: ReadRound): void {
  const { id, term } = core;
  const { index } = round;
  for (const { from, context } of round.requests) {
    if (from === undefined) core.reads.push({ context, index });
    else {
      core.send({
        type: "read-index-answer",
        from: id,
        to: from,
        term,
        context,
        index,
        reject: false,
      });
    }
  }
}
