import { isHeldBack } from "./configuration.ts";
import type { Core, Leader } from "./core.ts";
import type { NodeId } from "./entry.ts";
import { canFeed } from "./replication.ts";
import { becomeFollower } from "./role.ts";

/** Whether leadership is on its way, or why it is not. */
export type TransferAnswer =
  | "started"
  | "not-leader"
  | "already-leader"
  | "not-a-voter"
  | "witness"
  | "recovering"
  | "held"
  | "in-progress";

/**
 * Starts to hand leadership over: when the target has the whole log, it is told to campaign at
 * once.
 */
export function startTransfer(core: Core, to: NodeId): TransferAnswer {
  const { role } = core;
  if (role.kind !== "leader") return "not-leader";
  if (to === core.id) return "already-leader";
  if (!core.voters.has(to)) return "not-a-voter";
  if (core.configuration.witnesses.includes(to)) return "witness";
  if (isHeldBack(core.configuration, to)) return "held";
  if (role.progress.get(to)?.recovering === true) return "recovering";
  if (role.transfer?.to === to) return "started";
  if (role.transfer !== undefined) return "in-progress";
  begin(core, role, to);
  return "started";
}

/**
 * One tick of a leader: a transfer that takes an election timeout is given up; a witness finds
 * somebody.
 */
export function tickTransfer(core: Core, leader: Leader): void {
  const { transfer, handOver } = leader;
  if (transfer !== undefined) {
    transfer.elapsed += 1;
    if (transfer.elapsed < core.timing.electionTicks) return;
    leader.transfer = undefined;
    handOver.tried.add(transfer.to);
  }
  if (!wantsOut(core, leader)) return;
  const target = mostUpToDate(core, leader);
  if (target !== undefined) {
    handOver.idle = 0;
    begin(core, leader, target);
    return;
  }
  handOver.idle += 1;
  if (handOver.idle < core.timing.electionTicks) return;
  handOver.idle = 0;
  handOver.tried.clear();
  // Nobody can take over from here; somebody may with the votes of others, if this member no longer
  // stands in the way.
  if (core.isWitness) becomeFollower(core, core.term, undefined);
}

/** A follower answered an append. `advanced`: its log grew. */
export function onTransferProgress(
  core: Core,
  leader: Leader,
  from: NodeId,
  advanced: boolean,
): void {
  const { transfer } = leader;
  const free = transfer === undefined || !transfer.sent;
  if (wantsOut(core, leader) && free && canTakeOver(leader, from)) {
    const complete = leader.matchOf(from) === core.log.lastIndex;
    if (complete && mayLead(core, leader, from)) begin(core, leader, from);
    // Feeding a voter that was away may take long; what counts is that it gets on.
    else if (transfer?.to === from && advanced) transfer.elapsed = 0;
  }
  urge(core, leader);
}

/**
 * Leaves office because the configuration has no place for this member; whoever has the whole log
 * may begin at once.
 */
export function resign(core: Core, leader: Leader): void {
  const { id, term } = core;
  const to = mostUpToDate(core, leader);
  if (to !== undefined && leader.matchOf(to) === core.log.lastIndex) {
    core.send({ type: "timeout-now", from: id, to, term });
  }
  becomeFollower(core, term, undefined);
}

/**
 * Leads only until somebody can who may: as a witness, or in place of those who hold leadership.
 */
function wantsOut(core: Core, leader: Leader): boolean {
  return core.isWitness || (leader.interim && core.heldBack);
}

/** Tells the target to campaign, again if that was said before: the word may be lost. */
export function repeatUrge(core: Core, leader: Leader): void {
  if (leader.transfer === undefined) return;
  leader.transfer.sent = false;
  urge(core, leader);
}

function begin(core: Core, leader: Leader, to: NodeId): void {
  leader.transfer = { to, elapsed: 0, sent: false };
  leader.dirty = true;
  urge(core, leader);
}

function urge(core: Core, leader: Leader): void {
  const { transfer } = leader;
  if (transfer === undefined || transfer.sent) return;
  const { id, term } = core;
  if (leader.matchOf(transfer.to) !== core.log.lastIndex) return;
  transfer.sent = true;
  leader.urged = true;
  core.send({ type: "timeout-now", from: id, to: transfer.to, term });
}

/** The voter to hand over to, by how much of the log it has. */
function mostUpToDate(core: Core, leader: Leader): NodeId | undefined {
  let best: NodeId | undefined;
  for (const id of core.voters) {
    const progress = leader.progress.get(id);
    if (progress === undefined || !progress.answered || !mayLead(core, leader, id)) continue;
    if (!canTakeOver(leader, id) || !canFeed(core, id, progress)) continue;
    if (core.now - progress.activeTick >= core.timing.leaseTicks) continue;
    if (best === undefined || progress.match > leader.matchOf(best)) best = id;
  }
  return best;
}

function canTakeOver(leader: Leader, id: NodeId): boolean {
  return !leader.handOver.tried.has(id);
}

/** A voter that keeps state, has not lost its log, and whom no other group holds back. */
function mayLead(core: Core, leader: Leader, id: NodeId): boolean {
  if (leader.progress.get(id)?.recovering === true || isHeldBack(core.configuration, id)) {
    return false;
  }
  return core.voters.has(id) && !core.configuration.witnesses.includes(id);
}
