import { configurationProblem, isJoint, transitionProblem, votersOf } from "./configuration.ts";
import type { Core, Leader } from "./core.ts";
import type { Configuration, NodeId } from "./entry.ts";
import { append, appendConfiguration } from "./leading.ts";
import { entryOverheadBytes } from "./options.ts";
import { Quorum } from "./quorum.ts";

/** Whether commands went into the leader's log, or why not. Accepted is not committed. */
export type Proposal =
  | {
      readonly accepted: true;
      /** Of the first command. */
      readonly index: number;
      readonly term: number;
    }
  | { readonly accepted: false; readonly reason: ProposalRefusal };

/**
 * Why a proposal was not taken; it will not commit. A witness says "not-leader" even while it
 * leads. "too-large" is for good, "overloaded" for now; "unready" is a configuration before the
 * leader's first commit, "in-flight" one while another is not committed, "unsafe" one whose quorums
 * need not meet the present ones. "learner-behind": somebody is to get a vote who is no learner
 * that was heard of and has nearly everything; "unreachable": no quorum of the voters to be was
 * heard of.
 */
export type ProposalRefusal =
  | "not-leader"
  | "overloaded"
  | "transferring"
  | "too-large"
  | "unready"
  | "in-flight"
  | "unsafe"
  | "learner-behind"
  | "unreachable";

/** Takes all commands into the log, one entry each, or none. */
export function propose(core: Core, commands: readonly Uint8Array[]): Proposal {
  const { role, log, limits } = core;
  if (role.kind !== "leader" || core.isWitness || !core.voters.has(core.id)) {
    return refused("not-leader");
  }
  if (role.transfer !== undefined) return refused("transferring");
  let bytes = 0;
  for (const command of commands) {
    if (command.byteLength > limits.entryBytesMax) return refused("too-large");
    bytes += command.byteLength + entryOverheadBytes;
  }
  const room = limits.uncommittedBytesMax;
  if (bytes > room) return refused("too-large");
  // A disk that hangs while the others commit must not let the unwritten tail grow without end.
  const waiting = Math.max(role.uncommitted.bytes, log.unstableBytes);
  if (waiting + bytes > room) return refused("overloaded");
  const index = log.lastIndex + 1;
  append(core, role, "command", commands);
  return { accepted: true, index, term: core.term };
}

/**
 * Takes a configuration into the log; it counts at once. One at a time, and only by a leader that
 * has committed in its term: otherwise two leaders could each change one voter and end with quorums
 * that do not meet.
 */
export function proposeConfiguration(core: Core, configuration: Configuration): Proposal {
  const { role, log, configurations } = core;
  if (role.kind !== "leader" || core.isWitness) return refused("not-leader");
  if (role.transfer !== undefined) return refused("transferring");
  if (configurations.newestIndex > log.commitIndex) return refused("in-flight");
  if (!role.committedInTerm) return refused("unready");
  if (isJoint(core.configuration) && isJoint(configuration)) return refused("in-flight");
  const problem =
    configurationProblem(configuration) ?? transitionProblem(core.configuration, configuration);
  if (problem !== undefined) return refused("unsafe");
  const missing = gapIn(core, role, configuration);
  if (missing !== undefined) return refused(missing);
  appendConfiguration(core, role, configuration);
  return { accepted: true, index: log.lastIndex, term: core.term };
}

/**
 * A voter that has nothing, or that nobody reaches, stalls a quorum that cannot do without it, and
 * without a quorum it cannot be removed again. Voters come from learners for that reason.
 */
function gapIn(
  core: Core,
  leader: Leader,
  configuration: Configuration,
): "learner-behind" | "unreachable" | undefined {
  if (core.limits.promotionEntriesMax === Infinity) return undefined;
  const added = votersOf(configuration).filter((id) => !core.voters.has(id));
  if (!added.every((id) => isClose(core, leader, id))) return "learner-behind";
  const reached = new Quorum(configuration).reached((id) => isHeard(core, leader, id));
  return reached ? undefined : "unreachable";
}

function isHeard(core: Core, leader: Leader, id: NodeId): boolean {
  if (id === core.id) return true;
  const progress = leader.progress.get(id);
  return progress !== undefined && core.now - progress.activeTick < core.timing.leaseTicks;
}

function isClose(core: Core, leader: Leader, id: NodeId): boolean {
  if (id === core.id) return true;
  const progress = leader.progress.get(id);
  if (progress === undefined || progress.recovering || !progress.answered) return false;
  if (!isHeard(core, leader, id)) return false;
  const { log, limits } = core;
  const behind = log.lastIndex - progress.match;
  if (behind > limits.promotionEntriesMax || progress.match + 1 < log.firstIndex) return false;
  return log.fits(progress.match + 1, log.lastIndex + 1, limits.promotionBytesMax);
}

function refused(reason: ProposalRefusal): Proposal {
  return { accepted: false, reason };
}
