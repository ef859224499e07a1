import { type Configuration, membersOf, Quorum, votersOf } from "@meridian/consensus";
import type { Channel } from "@meridian/transport";
import type { VotersPlan } from "@meridian/replica/harness";
import { type Encodable, type IChangeMembersRequest, MeridianError } from "@meridian/wire";
import type { World } from "./world.ts";

/** Learners at most that a group has beside its voters: more only cost time. */
const newcomersMax = 3;
const address = "operator";

/** Asks whoever leads for a change of members: one, or several in one step. */
export async function changeMembers(world: World): Promise<void> {
  const { leader } = world.group;
  if (leader === undefined) return;
  const configuration = leader.replica.status().configuration;
  const request = await drawn(world, configuration);
  if (request === undefined) return;
  const told = JSON.stringify(request);
  world.count("membership asked for");
  world.ledger.note(`${leader.place.node} is asked for ${told}`);
  const channel = channelTo(world, leader.place.node);
  const forget = world.damages.expect(configurationAfter(configuration, request));
  const asked = channel.changeMembers(request, { deadlineMs: 5_000 });
  settle(world, told, asked.finally(forget));
}

/** Asks whoever leads to let every group lead again. */
export function release(world: World): void {
  const { leader } = world.group;
  if (leader === undefined || world.isWitness(leader.place.node)) return;
  settle(world, "release", channelTo(world, leader.place.node).holdLeadership({ group: "" }));
}

/** An operator's way to a node. */
export function channelTo(world: World, node: string): Channel {
  if (!world.clients.includes(address)) world.clients.push(address);
  world.scene.join(address);
  return world.scene.network.openChannel(address, world.addressOf(node));
}

/** Notes what becomes of what an operator asked for. */
export function settle(world: World, what: string, asked: Promise<unknown>): void {
  world.changing += 1;
  asked.then(
    () => {
      world.changing -= 1;
      world.count("request done");
      world.ledger.note(`done: ${what}`);
    },
    (error: unknown) => {
      world.changing -= 1;
      if (!(error instanceof MeridianError)) return world.ledger.violate(String(error));
      world.ledger.note(`not done: ${what}: ${error.message}`);
    },
  );
}

/** Draws a change; undefined: none that leaves a sound quorum. */
async function drawn(
  world: World,
  configuration: Configuration,
): Promise<Encodable<IChangeMembersRequest> | undefined> {
  const { damages } = world;
  const voters = votersOf(configuration);
  damages.review();
  const sound = (name: string): boolean => damages.isSound(name) && world.standing(name) !== "gone";
  const spoiled = voters.filter((name) => !sound(name));
  const learners = configuration.learners.filter(sound);
  const promote = learners.map((node) => ({ node, group: groupFor(world, node) }));
  const leaving = spoiled.length > 0 ? spoiled : leavers(world, voters);
  const without = (names: readonly string[]): boolean => isSafe(configuration, names, sound);
  if (promote.length > 0 && world.chance(0.6)) {
    // A joint change: some come, some go.
    const remove = without(leaving) && world.chance(0.5) ? leaving : [];
    return { promote, remove };
  }
  const room = membersOf(configuration).length < voters.length + newcomersMax;
  if (room && (!without(leaving) || world.chance(0.6))) {
    const plan = world.pick(world.votersPlans);
    if (plan !== undefined) return { add: [await newcomer(world, plan)] };
  }
  if (!without(leaving)) return undefined;
  return world.chance(0.5) && spoiled.length === 0 ? { demote: leaving } : { remove: leaving };
}

/** What a configuration becomes by a request, as far as its voters go. */
function configurationAfter(
  configuration: Configuration,
  { promote = [], demote = [], remove = [] }: Encodable<IChangeMembersRequest>,
): Configuration {
  const leaving = new Set([...demote, ...remove]);
  const groups = configuration.groups.map((group) => {
    const coming = promote
      .filter((each) => each.group === group.name)
      .map(({ node }) => node ?? "");
    const staying = group.voters.filter((name) => !leaving.has(name));
    return { ...group, voters: [...staying, ...coming] };
  });
  return { ...configuration, groups, outgoingGroups: [] };
}

/** Without these there is a quorum of sound members still, and every group has voters. */
function isSafe(
  configuration: Configuration,
  leaving: readonly string[],
  sound: (name: string) => boolean,
): boolean {
  const groups = configuration.groups.map((group) => {
    return { ...group, voters: group.voters.filter((name) => !leaving.includes(name)) };
  });
  if (groups.some(({ voters }) => voters.length === 0)) return false;
  const after = new Quorum({ ...configuration, groups, outgoingGroups: [] });
  return votersOf({ ...configuration, groups }).length > 1 && after.reached(sound);
}

/** Some of the voters, mostly one. */
function leavers(world: World, voters: readonly string[]): readonly string[] {
  const some = voters.filter(() => world.chance(1 / voters.length));
  const one = world.pick(voters);
  return some.length > 0 || one === undefined ? some : [one];
}

/** Names begin with that of their group; those of the first group with that of their cluster. */
function groupFor({ votersPlans }: World, node: string): string {
  const found = votersPlans.find(({ name }) => node.startsWith(`${name}-`));
  return found?.name ?? votersPlans[0]?.name ?? "";
}

async function newcomer(world: World, plan: VotersPlan) {
  const node = await world.welcome(plan);
  const { name: group, region, witness = false } = plan;
  const role = world.stage.plan.cluster === "global" ? "global-voter" : "regional-voter";
  return { node, address: world.addressOf(node), region, role: witness ? "witness" : role, group };
}
