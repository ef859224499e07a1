/** Members that come early, come back, or are left alone while the group changes. */
import { type Configuration, majority } from "@meridian/consensus";
import { expect, test } from "vitest";
import { AdmissionError, GroupMember } from "../src/index.ts";
import { Scene } from "./harness/index.ts";
import {
  addressOf,
  caughtUp,
  change,
  channelTo,
  membershipAt,
  newcomer,
  nothingLost,
  standings,
  started,
  withLearners,
  writing,
} from "./membership-stage.ts";

test("a member that is started before it is added waits, and disturbs nobody", async () => {
  const stage = await started(1);
  const { scene, group } = stage;
  const { term } = (await group.led()).replica.soft;
  const early = newcomer(stage, "x4");
  await group.boot("x4");
  await scene.run(20_000);
  expect(group.leader?.replica.soft.term).toBe(term);
  expect(group.member("x4").serving).toBe(false);
  await change(stage, { add: [early] });
  await caughtUp(stage, "x4");
  expect(group.leader?.replica.soft.term).toBe(term);
  expect(standings(await change(stage, { promote: [{ node: "x4" }] }))).toMatchObject({
    x4: "voter",
  });
});

test("members that nobody's settings name find each other when all start again", async () => {
  const stage = await started(2);
  const { scene, group, client, writes } = stage;
  await withLearners(stage, "x4", "x5", "x6");
  const promote = ["x4", "x5", "x6"].map((node) => ({ node }));
  await change(stage, { promote, remove: [...group.names] });
  for (const name of group.names) await group.stop(name);
  const isNew = (): boolean => group.leader !== undefined;
  await scene.until("one of the new ones leads", isNew);
  // Beyond the next snapshot nothing is left of the entries that brought them.
  client.connect(addressOf(group.leader?.place.node ?? ""));
  for (let at = 0; at < 300; at += 1) writes.push(client.create(`/regions/us-west/later${at}`));
  await nothingLost(stage, ["x4", "x5", "x6"]);
  for (const name of ["x4", "x5", "x6"]) group.crash(name);
  for (const name of ["x4", "x5", "x6"]) await group.boot(name);
  const leader = await group.led();
  client.connect(addressOf(leader.place.node));
  writes.push(client.create("/regions/us-west/again"));
  await nothingLost(stage, ["x4", "x5", "x6"]);
  const { members } = await membershipAt(stage, leader.place.node);
  expect(members.map(({ node, address }) => [node, address])).toEqual([
    ["x4", "x4:7400"],
    ["x5", "x5:7400"],
    ["x6", "x6:7400"],
  ]);
});

test("a new member finds a leader that its settings do not name", async () => {
  const stage = await started(6);
  const { scene, group } = stage;
  await withLearners(stage, "x4");
  await change(stage, { promote: [{ node: "x4" }] });
  const leader = channelTo(scene, (await group.led()).place.node);
  await scene.clock.settled(leader.transferLeadership({ node: "x4" }));
  expect((await group.led()).place.node).toBe("x4");
  // Its settings name the members of the beginning and itself.
  await withLearners(stage, "x5");
  expect(group.leader?.place.node).toBe("x4");
});

test("a group goes by its log, whatever its members' settings say later", async () => {
  const plan = { cluster: "us-west", voters: 3 };
  const scene = new Scene(7, [plan]);
  const edited: { configuration?: Configuration } = {};
  const group = await scene.group(plan, {
    make: (options) => {
      const member = new GroupMember({ ...options, ...edited });
      return { member, services: () => member.services(), stop: () => member.stop() };
    },
  });
  const { configuration } = (await group.led()).replica.status();
  await scene.run(1_000);
  await group.level();
  for (const name of group.names) await group.stop(name);
  edited.configuration = majority(["us-west-3", "somebody-else"]);
  for (const name of group.names) await group.boot(name);
  await group.led();
  for (const { replica } of group.members) {
    expect(replica.status().configuration).toEqual(configuration);
  }
});

test("a removed member without its data is refused for its name", async () => {
  const stage = await started(3);
  const { scene, group } = stage;
  const gone = group.followers[0]?.place.node ?? "";
  await change(stage, { remove: [gone] });
  group.crash(gone);
  group.disk(gone)?.wipe();
  await group.boot(gone);
  await scene.until("it is refused", () => group.fatal.has(gone));
  expect(group.fatal.get(gone)).toBeInstanceOf(AdmissionError);
});

test("a group grows from one member to three and shrinks to one again, under load", async () => {
  const stage = await started(4, 1);
  const { scene, group } = stage;
  const stopWriting = writing(stage);
  await withLearners(stage, "x2", "x3");
  await change(stage, { promote: [{ node: "x2" }] });
  await change(stage, { promote: [{ node: "x3" }] });
  const [first = ""] = group.names;
  await change(stage, { demote: [first] });
  expect(standings(await change(stage, { remove: ["x2"] }))).toEqual({
    x3: "voter",
    [first]: "learner",
  });
  await scene.run(3_000);
  stopWriting();
  expect(group.leader?.place.node).toBe("x3");
  await nothingLost(stage, ["x3", first]);
});

test("a learner that crashes while it catches up goes on when it is back", async () => {
  const stage = await started(5);
  const { scene, group } = stage;
  const stopWriting = writing(stage);
  await change(stage, { add: [newcomer(stage, "x4")] });
  for (const afterMs of [3, 9, 30, 100]) {
    await group.boot("x4");
    await scene.run(afterMs);
    group.crash("x4", scene.random());
  }
  await group.boot("x4");
  stopWriting();
  await nothingLost(stage, ["x4"]);
  expect(group.fatal.size).toBe(0);
});
