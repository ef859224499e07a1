import { type Configuration, membersOf, votersOf } from "@meridian/consensus";
import { type Encodable, type IChangeMembersRequest, MeridianError } from "@meridian/wire";
import type { World } from "./world.ts";

/** Members that a group may have at most: more only cost time. */
const membersMax = 8;
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
  if (!world.clients.includes(address)) world.clients.push(address);
  world.scene.join(address);
  const channel = world.scene.network.openChannel(address, leader.place.node);
  channel.changeMembers(request, { deadlineMs: 5_000 }).then(
    ({ changed }) => {
      world.ledger.note(`done: ${told}`);
      if (changed === true) world.count("membership answered");
    },
    (error: unknown) => {
      if (!(error instanceof MeridianError)) return world.ledger.violate(String(error));
      world.ledger.note(`not done: ${told}: ${error.code}`);
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
  const promote = configuration.learners.filter(sound).map((node) => ({ node }));
  const leaving = spoiled.length > 0 ? spoiled : leavers(world, voters);
  const staying = voters.length - leaving.length;
  if (promote.length > 0 && world.chance(0.6)) {
    // A joint change: some come, some go.
    const remove = staying + promote.length >= 2 && world.chance(0.5) ? leaving : [];
    return { promote, remove };
  }
  const room = membersOf(configuration).length < membersMax;
  if (room && (staying < 2 || world.chance(0.6))) return { add: [await newcomer(world)] };
  if (staying < 2) return undefined;
  return world.chance(0.5) && spoiled.length === 0 ? { demote: leaving } : { remove: leaving };
}

/** Some of the voters, mostly one. */
function leavers(world: World, voters: readonly string[]): readonly string[] {
  const some = voters.filter(() => world.chance(0.3));
  const one = world.pick(voters);
  return some.length > 0 || one === undefined ? some : [one];
}

async function newcomer(world: World) {
  const node = await world.welcome();
  return { node, address: node, region: "us-west", role: "regional-voter", group: "voters" };
}
