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
  world.scene.join(address);
  const channel = world.scene.network.openChannel(address, leader.place.node);
  channel.changeMembers(request, { deadlineMs: 5_000 }).then(
    ({ changed }) => {
      world.ledger.note(`done: ${told}`);
      if (changed === true) world.count("membership change");
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
  const learners = configuration.learners;
  damages.review();
  const sound = (name: string): boolean => damages.isSound(name) && world.standing(name) !== "gone";
  const add = [];
  const promote = learners.filter((name) => sound(name) && world.chance(0.6));
  // Whoever is spoiled goes first; as long as there is one, nobody else does.
  const spoiled = voters.filter((name) => !sound(name));
  const leaving = spoiled.length > 0 ? spoiled : voters.filter(() => world.chance(0.25));
  const after = voters.length + promote.length - leaving.length;
  if (after < 1 || (spoiled.length > 0 && voters.length - spoiled.length < 2)) return undefined;
  const demote = spoiled.length > 0 ? [] : leaving.filter(() => world.chance(0.5));
  const remove = leaving.filter((name) => !demote.includes(name));
  if (membersOf(configuration).length < membersMax && world.chance(0.6)) {
    add.push(await newcomer(world));
  }
  if (world.chance(0.5)) return { add, promote: promote.map((node) => ({ node })), demote, remove };
  // More often than not one thing at a time, as operators do.
  if (add.length > 0) return { add };
  if (promote.length > 0) return { promote: promote.map((node) => ({ node })) };
  return { demote, remove };
}

async function newcomer(world: World) {
  const node = await world.welcome();
  return { node, address: node, region: "us-west", role: "regional-voter", group: "voters" };
}
