import type { Configuration, NodeId, Random, VoterGroup } from "../../src/index.ts";
import { membersOf, votersOf } from "../../src/index.ts";

/** What a change is drawn from. */
export interface Ground {
  /** The present one. */
  readonly configuration: Configuration;
  /** The one that the group began with: names of groups, weights and witnesses are from there. */
  readonly first: Configuration;
  /** Who may become a member. */
  readonly pool: readonly NodeId[];
  /** Nobody gets a vote who is no member yet. */
  readonly guarded: boolean;
}

/** Some get a vote, some lose it, one or many at once; groups come and go; leadership is held. */
export function drawChange(random: Random, ground: Ground): Configuration {
  const kind = random();
  if (kind < 0.5) return drawJoint(random, ground);
  if (kind < 0.9 || ground.first.groups.length === 1) return drawSingle(random, ground);
  return drawHold(random, ground.configuration);
}

function drawJoint(random: Random, ground: Ground): Configuration {
  const { configuration, first, pool, guarded } = ground;
  const eligible = guarded ? membersOf(configuration) : pool;
  const groups: VoterGroup[] = [];
  for (const group of first.groups) {
    const voters = eligible.filter((id) => homeOf(id, first) === group.name && random() < 0.6);
    if (voters.length > 0) groups.push({ ...group, voters });
  }
  const voters = groups.flatMap((group) => group.voters);
  const others = pool.filter((id) => !voters.includes(id));
  const learners = others.filter(() => random() < 0.5);
  const joint = { ...configuration, groups, learners, outgoingGroups: configuration.groups };
  return complete({ ...joint, autoLeave: true }, first);
}

function drawSingle(random: Random, ground: Ground): Configuration {
  const { configuration, first, pool, guarded } = ground;
  const id = pool[Math.floor(random() * pool.length)]!;
  if (guarded && !membersOf(configuration).includes(id)) {
    return { ...configuration, learners: [...configuration.learners, id] };
  }
  const home = homeOf(id, first);
  const groups = configuration.groups.map((group) => {
    if (group.name !== home) return group;
    const has = group.voters.includes(id);
    const voters = has ? group.voters.filter((other) => other !== id) : [...group.voters, id];
    return { ...group, voters };
  });
  const learners = configuration.learners.filter((other) => other !== id);
  return complete({ ...configuration, groups, learners }, first);
}

function drawHold(random: Random, configuration: Configuration): Configuration {
  const { heldBy, ...free } = configuration;
  const group = configuration.groups[Math.floor(random() * configuration.groups.length)];
  return heldBy !== undefined || group === undefined ? free : { ...free, heldBy: group.name };
}

/** Witnesses are who was one from the beginning; a hold goes with its group. */
function complete(configuration: Configuration, first: Configuration): Configuration {
  const voters = votersOf(configuration);
  const { heldBy, ...free } = configuration;
  const witnesses = first.witnesses.filter((id) => voters.includes(id));
  const holds = configuration.groups.some(({ name }) => name === heldBy);
  return { ...free, witnesses, ...(heldBy !== undefined && holds ? { heldBy } : {}) };
}

/** With one group everybody belongs there, with several whose initial is theirs. */
function homeOf(id: NodeId, { groups }: Configuration): string | undefined {
  if (groups.length === 1) return groups[0]!.name;
  return groups.find(({ name }) => name[0] === id[0])?.name;
}
