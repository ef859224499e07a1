/** Leadership held by a group that is gone: an operator makes another group lead by hand. */
import { GroupMember, silentLog } from "@meridian/replica";
import type { IMembership, IStandForElectionResponse, MeridianError } from "@meridian/wire";
import { expect, test } from "vitest";
import { codeOf, globalPlan, type Group, randomOf, Scene, SessionClient } from "./harness/index.ts";
import { channelTo } from "./membership-stage.ts";

const plan = globalPlan;

interface Held {
  readonly scene: Scene;
  readonly group: Group;
  readonly client: SessionClient;
  readonly audited: object[];
}

/** A group whose primary holds leadership, and leads. */
async function held(seed: number): Promise<Held> {
  const audited: object[] = [];
  const warn = (fields: object): void => {
    if ("audit" in fields && fields.audit === "stand") audited.push(fields);
  };
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, {
    make: (options) => {
      const member = new GroupMember({ ...options, log: { ...silentLog, warn } });
      return { member, services: () => member.services(), stop: () => member.stop() };
    },
  });
  await group.led();
  await scene.run(2_000);
  if (group.leader?.place.node.startsWith("primary") !== true) {
    group.leader?.replica.transferLeadership("primary-1");
    await scene.until("the primary leads", () => leads(group, "primary"));
  }
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 600_000);
  await client.open(leader.place.node);
  await scene.answered(client.create("/global/before"));
  const asked = channelTo(scene, leader.place.node).holdLeadership({ group: "primary" });
  expect(await scene.clock.settled(asked)).toMatchObject({ membership: { heldBy: "primary" } });
  await group.level();
  return { scene, group, client, audited };
}

function of({ names }: Group, name: string): readonly string[] {
  return names.filter((node) => node.startsWith(name));
}

function leads({ leader }: Group, name: string): boolean {
  return leader?.place.node.startsWith(name) === true;
}

function crash(group: Group, name: string): void {
  for (const node of of(group, name)) group.crash(node);
}

/** An operator's word to a voter: who leads afterwards, or why it does not stand. */
function stand({ scene }: Held, node: string): Promise<IStandForElectionResponse | MeridianError> {
  const asked = channelTo(scene, node).standForElection({ deadlineMs: 30_000 });
  return scene.clock.settled(asked.catch((error: unknown) => error as MeridianError));
}

async function release({ scene, group }: Held): Promise<void> {
  await scene.until("the leader is settled", () => group.leader?.replica.isSettled === true);
  const node = group.leader?.place.node ?? "";
  const asked = channelTo(scene, node).holdLeadership({ group: "" });
  const free = { changed: true, membership: { heldBy: "" } };
  expect(await scene.clock.settled(asked)).toMatchObject(free);
}

async function toldBy({ scene }: Held, node: string): Promise<IMembership | undefined> {
  const { membership } = await scene.clock.settled(channelTo(scene, node).members());
  return membership;
}

for (const seed of [1, 2, 3]) {
  test(`another group leads by hand when the holding one is gone (${seed})`, async () => {
    const stage = await held(seed);
    const { scene, group, client, audited } = stage;
    crash(group, "primary");
    await scene.run(20_000);
    expect(group.leader).toBeUndefined();
    // What is remembered of the dead one is not told to operators.
    const told = await toldBy(stage, "secondary-2");
    expect(told).toMatchObject({ leader: "", heldBy: "primary" });
    const { term } = await stand(stage, "secondary-2").then((answer) => {
      expect(answer).toMatchObject({ leader: "secondary-2" });
      return answer as IStandForElectionResponse;
    });
    expect(term).toBe(group.leader?.replica.soft.term);
    expect(audited).toMatchObject([
      { by: "operator", outcome: "done", leader: "secondary-2", term },
    ]);
    await release(stage);
    client.connect("secondary-2");
    const write = client.create("/global/after");
    await scene.answered(write);
    expect(codeOf(write)).toBe("");
    // Without the hold the next leader needs no hand.
    const leader = group.leader?.place.node ?? "";
    group.crash(leader);
    await scene.until("one leads again", () => leads(group, "secondary"));
    await group.boot(leader);
    for (const node of of(group, "primary")) await group.boot(node);
    await group.led();
    await group.level();
    for (const node of of(group, "primary")) {
      expect(group.member(node).replica.configuration.heldBy).toBeUndefined();
      expect(group.member(node).tree.stat("/global/after")).toBeDefined();
    }
  });
}

test("the holding group follows when it comes back after the release", async () => {
  const stage = await held(4);
  const { scene, group } = stage;
  crash(group, "primary");
  await scene.run(5_000);
  expect(await stand(stage, "secondary-1")).toMatchObject({ leader: "secondary-1" });
  await release(stage);
  for (const node of of(group, "primary")) await group.boot(node);
  await scene.run(20_000);
  expect(group.leader?.place.node).toBe("secondary-1");
  for (const node of of(group, "primary")) {
    expect(group.member(node).replica.soft).toMatchObject({
      role: "follower",
      leader: "secondary-1",
    });
  }
});

test("a witness with a longer log leads until others have it, then one of them can", async () => {
  const stage = await held(5);
  const { scene, group, client } = stage;
  crash(group, "secondary");
  const write = client.create("/global/only-at-witness");
  await scene.answered(write);
  crash(group, "primary");
  for (const node of of(group, "secondary")) await group.boot(node);
  await scene.run(5_000);
  const short = { code: "CHANGE_EARLY", hint: "not-elected" };
  expect(await stand(stage, "secondary-1")).toMatchObject(short);
  expect(await stand(stage, "witness-1")).toMatchObject({ leader: "witness-1" });
  expect(await stand(stage, "secondary-1")).toMatchObject({ hint: "led" });
  await scene.until("it steps down", () => group.leader === undefined);
  await scene.run(5_000);
  expect(await stand(stage, "secondary-1")).toMatchObject({ leader: "secondary-1" });
  await release(stage);
  expect(group.member("secondary-1").tree.stat("/global/only-at-witness")).toBeDefined();
});

test("who hears a leader does not stand, and the leader stays", async () => {
  const stage = await held(6);
  const { scene, group, audited } = stage;
  const { node } = (await group.led()).place;
  const { term } = group.leader?.replica.soft ?? {};
  const led = { code: "CHANGE_REFUSED", hint: "led", description: expect.stringContaining(node) };
  expect(await stand(stage, "secondary-1")).toMatchObject(led);
  expect(await stand(stage, "witness-1")).toMatchObject(led);
  expect(await stand(stage, node)).toMatchObject(led);
  expect(audited).toHaveLength(3);
  await scene.run(5_000);
  expect(group.leader?.replica.soft.term).toBe(term);
});

test("who cannot get a quorum is not elected, and tries no more", async () => {
  const stage = await held(7);
  const { scene, group } = stage;
  crash(group, "primary");
  scene.isolate("secondary-1");
  await scene.run(5_000);
  const { term } = group.member("secondary-1").replica.soft;
  // The operator is on its side.
  scene.join("operator");
  const asked = group
    .life("secondary-1")
    .part.services()
    .admin?.standForElection?.({}, {
      address: "operator",
    } as never);
  const answer = Promise.resolve(asked).catch((error: unknown) => error);
  expect(await scene.clock.settled(answer)).toMatchObject({
    code: "CHANGE_EARLY",
    hint: "not-elected",
    retryable: true,
  });
  scene.heal();
  await scene.run(10_000);
  expect(group.leader).toBeUndefined();
  expect(group.member("secondary-1").replica.soft.term).toBe(term);
  expect(await stand(stage, "secondary-1")).toMatchObject({ leader: "secondary-1" });
});

test("two who ask one voter at a time wait for the same election", async () => {
  const stage = await held(8);
  const { scene, group } = stage;
  crash(group, "primary");
  await scene.run(5_000);
  const both = await Promise.all([stand(stage, "secondary-1"), stand(stage, "secondary-1")]);
  expect(both[0]).toEqual(both[1]);
  expect(both[0]).toMatchObject({ leader: "secondary-1" });
});

test("members without a vote, or who may not use theirs, do not stand and say why", async () => {
  const stage = await held(9);
  const { scene, group } = stage;
  const leader = channelTo(scene, (await group.led()).place.node);
  await scene.clock.settled(leader.changeMembers({ demote: ["secondary-3"] }));
  crash(group, "primary");
  // Damage that the member notices: it lacks entries that it may have acknowledged.
  const random = randomOf(9);
  while (!group.life("secondary-1").storage.member.recovering) {
    group.crash("secondary-1");
    group.disk("secondary-1")?.flipBit(random);
    await group.boot("secondary-1");
  }
  await scene.run(5_000);
  const voteless = { code: "CHANGE_REFUSED", hint: "not-voter" };
  expect(await stand(stage, "secondary-3")).toMatchObject(voteless);
  const early = { code: "CHANGE_EARLY", retryable: true };
  expect(await stand(stage, "secondary-1")).toMatchObject({ ...early, hint: "recovering" });
  const alone = new Scene(10, [plan]);
  const founders = await alone.group(plan, { starts: ["secondary-1"] });
  await alone.run(5_000);
  const fresh = { ...stage, scene: alone, group: founders };
  expect(await stand(fresh, "secondary-1")).toMatchObject({ ...early, hint: "not-admitted" });
});
