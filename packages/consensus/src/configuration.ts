import type { Configuration, NodeId, VoterGroup } from "./entry.ts";

/** Turns configurations into what configuration entries carry, and back. */
export interface ConfigurationCodec {
  encode(configuration: Configuration): Uint8Array;
  decode(data: Uint8Array): Configuration;
}

/** The plain case: one group that decides by majority. */
export function majority(
  voters: readonly NodeId[],
  learners: readonly NodeId[] = [],
): Configuration {
  return {
    groups: [{ name: "voters", voters, weight: 1 }],
    learners,
    witnesses: [],
    outgoingGroups: [],
    autoLeave: false,
  };
}

/** Everybody who has a vote, of both sides during a joint change; each once. */
export function votersOf(configuration: Configuration): NodeId[] {
  const voters = new Set<NodeId>();
  for (const group of configuration.groups) for (const id of group.voters) voters.add(id);
  for (const group of configuration.outgoingGroups) for (const id of group.voters) voters.add(id);
  return [...voters];
}

/** Everybody whom the leader sends entries to: voters and learners; each once. */
export function membersOf(configuration: Configuration): NodeId[] {
  return [...new Set([...votersOf(configuration), ...configuration.learners])];
}

/** True between entering and leaving a joint change. Raft paper, section 6. */
export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoingGroups.length > 0;
}

/**
 * What a joint configuration becomes when it is left. Who has no vote then is no witness either.
 */
export function leaveJoint(configuration: Configuration): Configuration {
  const left = { ...configuration, outgoingGroups: [], autoLeave: false };
  const voters = votersOf(left);
  return { ...left, witnesses: left.witnesses.filter((id) => voters.includes(id)) };
}

/** Whether another group holds leadership, so that this member neither campaigns nor takes over. */
export function isHeldBack(configuration: Configuration, id: NodeId): boolean {
  const { groups, outgoingGroups, heldBy } = configuration;
  if (heldBy === undefined) return false;
  const holds = ({ name, voters }: VoterGroup): boolean => name === heldBy && voters.includes(id);
  return !groups.some(holds) && !outgoingGroups.some(holds);
}

/** Why a configuration makes no sense, or undefined when it does. */
export function configurationProblem(configuration: Configuration): string | undefined {
  const { groups, outgoingGroups, learners, witnesses } = configuration;
  const problem = groupsProblem(groups) ?? groupsProblem(outgoingGroups);
  if (problem !== undefined) return problem;
  const incoming = new Set(groups.flatMap((group) => group.voters));
  const voters = new Set(votersOf(configuration));
  if (incoming.size === 0 && outgoingGroups.length > 0) return "a change to no voters at all";
  if (new Set(learners).size !== learners.length) return "a learner is named twice";
  if (learners.some((id) => incoming.has(id))) return "a learner is also a voter";
  if (witnesses.some((id) => !voters.has(id))) return "a witness has no vote";
  if (voters.size > 0 && [...incoming].every((id) => witnesses.includes(id))) {
    return "every voter is a witness";
  }
  const { heldBy } = configuration;
  if (heldBy === undefined) return undefined;
  // Whoever takes the holding group away has to say who is to lead instead.
  const holder = groups.find(({ name }) => name === heldBy);
  if (holder === undefined) return "the group that holds leadership is not there";
  if (holder.voters.every((id) => witnesses.includes(id))) {
    return "the group that holds leadership has nobody who may lead";
  }
  return undefined;
}

/**
 * Why one configuration must not follow another directly, or undefined when it may. What is allowed
 * are steps whose quorums, old and new, always share a voter: entering a joint configuration,
 * leaving it, one voter more or less in one group, and changes of learners and witnesses.
 */
export function transitionProblem(from: Configuration, to: Configuration): string | undefined {
  const problem = configurationProblem(to);
  if (problem !== undefined) return problem;
  if (to.incarnation !== undefined && to.incarnation !== from.incarnation) {
    return "incarnations begin by hand only";
  }
  if (isJoint(from)) {
    return !isJoint(to) && sameGroups(from.groups, to.groups)
      ? undefined
      : "a joint configuration can only be left";
  }
  if (isJoint(to)) {
    return sameGroups(from.groups, to.outgoingGroups)
      ? undefined
      : "the outgoing groups are not the present ones";
  }
  return changedVoters(from.groups, to.groups) <= 1
    ? undefined
    : "more than one voter changes: use a joint configuration";
}

function groupsProblem(groups: readonly VoterGroup[]): string | undefined {
  const names = new Set(groups.map((group) => group.name));
  if (names.size !== groups.length) return "two groups share a name";
  const voters = groups.flatMap((group) => group.voters);
  if (new Set(voters).size !== voters.length) return "a voter is named twice";
  for (const { voters: members, weight } of groups) {
    if (members.length === 0) return "a group has no voters";
    if (!Number.isSafeInteger(weight) || weight <= 0) return "a weight is not a positive integer";
  }
  return undefined;
}

function sameGroups(one: readonly VoterGroup[], other: readonly VoterGroup[]): boolean {
  return one.length === other.length && changedVoters(one, other) === 0;
}

/** How many voters come or go in all; infinite when groups or weights differ. */
function changedVoters(one: readonly VoterGroup[], other: readonly VoterGroup[]): number {
  if (one.length !== other.length) return Infinity;
  let changed = 0;
  for (const group of one) {
    const twin = other.find((candidate) => candidate.name === group.name);
    if (twin === undefined || twin.weight !== group.weight) return Infinity;
    changed += group.voters.filter((id) => !twin.voters.includes(id)).length;
    changed += twin.voters.filter((id) => !group.voters.includes(id)).length;
  }
  return changed;
}
