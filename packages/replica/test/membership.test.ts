/** Members come and go while the group serves. Operators ask over the network, as in truth. */
import { expect, test } from "vitest";
import { GroupMember, silentLog } from "../src/index.ts";
import { globalPlan, Scene, SessionClient } from "./harness/index.ts";
import {
  addressOf,
  caughtUp,
  change,
  channelTo,
  membershipAt,
  newcomer,
  nothingLost,
  refusal,
  standings,
  started,
  withLearners,
  writing,
} from "./membership-stage.ts";

test("a member is added, catches up by a snapshot, and takes another's vote", async () => {
  const stage = await started(1);
  const { scene, group, client } = stage;
  const added = newcomer(stage, "x4");
  expect(standings(await change(stage, { add: [added] }))).toEqual({
    "us-west-1": "voter",
    "us-west-2": "voter",
    "us-west-3": "voter",
    x4: "learner",
  });
  await group.boot("x4");
  await caughtUp(stage, "x4");
  expect(group.life("x4").storage.log.firstIndex()).toBeGreaterThan(1);
  const leader = (await group.led()).place.node;
  const leaving = group.names.find((name) => name !== leader) ?? "";
  const after = await change(stage, { promote: [{ node: "x4" }], remove: [leaving] });
  expect(standings(after)).toMatchObject({ x4: "voter", [leader]: "voter" });
  expect(Object.keys(standings(after))).toHaveLength(3);
  // The vote counts: with the removed one and another gone, two of the three are a quorum.
  group.crash(leaving);
  group.crash(group.names.find((name) => name !== leader && name !== leaving) ?? "");
  await scene.answered(client.create("/regions/us-west/after"));
  await scene.until("x4 has it", () => {
    return group.member("x4").tree.stat("/regions/us-west/after") !== undefined;
  });
});

for (const seed of [2, 3, 4]) {
  test(`all are replaced in one step under load, and nothing is lost (${seed})`, async () => {
    const stage = await started(seed);
    const { scene, group } = stage;
    const stopWriting = writing(stage);
    await withLearners(stage, "x4", "x5", "x6");
    const promote = ["x4", "x5", "x6"].map((node) => ({ node }));
    await change(stage, { promote, remove: [...group.names] });
    await scene.run(3_000);
    stopWriting();
    for (const name of group.names) {
      expect(group.member(name).serving).toBe(false);
      await group.stop(name);
    }
    await nothingLost(stage, ["x4", "x5", "x6"]);
    const { members, changing } = await membershipAt(stage, group.leader?.place.node ?? "");
    expect(members.map(({ node }) => node)).toEqual(["x4", "x5", "x6"]);
    expect(changing).toBe(false);
  });
}

test("a leader that is removed leads until that is settled, and its clients move", async () => {
  const stage = await started(5);
  const { scene, group, client } = stage;
  const stopWriting = writing(stage);
  const old = (await group.led()).place.node;
  const { members } = await change(stage, { remove: [old] });
  expect(members.map(({ node }) => node)).not.toContain(old);
  const startedAtMs = scene.clock.nowMs();
  const isLedAnew = (): boolean => ![undefined, old].includes(group.leader?.place.node);
  await scene.until("another leads", isLedAnew);
  expect(scene.clock.nowMs() - startedAtMs).toBeLessThan(2_000);
  await scene.run(2_000);
  expect(client.address).toBeDefined();
  stopWriting();
  await nothingLost(
    stage,
    group.names.filter((name) => name !== old),
  );
});

for (const seed of [6, 7, 8, 9]) {
  test(`a change is made exactly once across a crash of the leader (${seed})`, async () => {
    const stage = await started(seed);
    const { scene, group } = stage;
    const stopWriting = writing(stage);
    await withLearners(stage, "x4", "x5");
    const victim = (await group.led()).place.node;
    const leaving = group.names.find((name) => name !== victim) ?? "";
    // Somewhere between the question and the end of the joint configuration.
    scene.clock.after(Math.floor(scene.random() * 12), () => group.crash(victim));
    const promote = ["x4", "x5"].map((node) => ({ node }));
    const after = await change(stage, { promote, remove: [leaving] });
    expect(after.changing).toBe(false);
    expect(after.members.map(({ node }) => node).sort()).toEqual(
      [...group.names.filter((name) => name !== leaving), "x4", "x5"].sort(),
    );
    await group.boot(victim);
    await scene.run(2_000);
    stopWriting();
    await nothingLost(stage, [victim, "x4", "x5"]);
  });
}

test("members find added ones again after a restart of all", async () => {
  const stage = await started(10);
  const { scene, group, client } = stage;
  await withLearners(stage, "x4");
  await change(stage, { promote: [{ node: "x4" }] });
  const all = [...group.names, "x4"];
  for (const name of all) group.crash(name);
  for (const name of all) await group.boot(name);
  const leader = await group.led();
  client.connect(addressOf(leader.place.node));
  await scene.answered(client.create("/regions/us-west/again"));
  await caughtUp(stage, "x4");
  const { nodes } = await scene.clock.settled(channelTo(scene, "us-west-1").topology());
  expect(nodes.find(({ node }) => node === "x4")).toMatchObject({
    address: "x4:7400",
    role: "regional-voter",
  });
});

test("a member that was away when it was removed disturbs nobody when it comes back", async () => {
  const stage = await started(11);
  const { scene, group, client } = stage;
  const leader = await group.led();
  const away = group.followers[0]?.place.node ?? "";
  scene.isolate(away);
  await change(stage, { remove: [away] });
  scene.heal();
  const { term } = leader.replica.soft;
  await scene.run(30_000);
  expect(group.leader).toBe(leader);
  expect(leader.replica.soft.term).toBe(term);
  expect(group.member(away).replica.isRemoved).toBe(true);
  expect(group.member(away).serving).toBe(false);
  // Nor after a restart, when it has forgotten that it was told.
  group.crash(away);
  await group.boot(away);
  await scene.until("it is told again", () => group.member(away).replica.isRemoved);
  await scene.run(30_000);
  expect(leader.replica.soft.term).toBe(term);
  expect(group.member(away).status().state).not.toBe("candidate");
  await scene.answered(client.create("/regions/us-west/still"));
});

test("a removed member that heard of it rests, and says so once", async () => {
  const stage = await started(12);
  const { scene, group } = stage;
  const gone = group.followers[0]?.place.node ?? "";
  const late = new SessionClient(scene, "late", 9, 60_000);
  await late.open(gone);
  await change(stage, { remove: [gone] });
  await scene.until("its clients are sent away", () => late.over);
  expect(late.farewell).toBe("NOT_LEADER");
  await scene.run(10_000);
  const member = group.member(gone);
  expect(member.status().state).toBe("removed");
  expect([member.ready, member.serving]).toEqual([false, false]);
  const { nodes } = await scene.clock.settled(channelTo(scene, gone).topology());
  expect(nodes.map(({ node }) => node)).not.toContain(gone);
});

test("of two changes that cross, one has to wait, and none stays half done", async () => {
  const stage = await started(13);
  const { scene, group } = stage;
  await withLearners(stage, "x4", "x5");
  const leader = channelTo(scene, (await group.led()).place.node);
  const [away] = group.followers.map(({ place }) => place.node);
  const first = leader.changeMembers({
    promote: [{ node: "x4" }, { node: "x5" }],
    remove: [away ?? ""],
  });
  const second = leader.changeMembers({ add: [newcomer(stage, "x6")] });
  const refused = await scene.clock.settled(second.catch((error: unknown) => error));
  expect(refused).toMatchObject({ code: "CHANGE_EARLY", hint: "in-flight", retryable: true });
  const { membership } = await scene.clock.settled(first);
  expect(membership?.changing).toBe(false);
  const later = await change(stage, { add: [{ node: "x6", address: "x6:7400" }] });
  expect(standings(later)).toMatchObject({ x4: "voter", x5: "voter", x6: "learner" });
});

test("a change that cannot be committed ends at the deadline of its caller", async () => {
  const stage = await started(14);
  const { scene, group } = stage;
  const leader = await group.led();
  const others = group.followers.map(({ place }) => place.node);
  scene.isolate(...others);
  const asked = channelTo(scene, leader.place.node).changeMembers(
    { add: [newcomer(stage, "x4")] },
    { deadlineMs: 300 },
  );
  const startedAtMs = scene.clock.nowMs();
  const error = await scene.clock.settled(asked.catch((failure: unknown) => failure));
  expect(error).toMatchObject({ code: "DEADLINE" });
  expect(scene.clock.nowMs() - startedAtMs).toBeLessThan(400);
  scene.heal();
  // It went into the log: asked for again it is found, or made.
  const after = await change(stage, { add: [{ node: "x4", address: "x4:7400" }] });
  expect(standings(after)).toMatchObject({ x4: "learner" });
});

test("refusals say what was expected, what was found and what to do", async () => {
  const stage = await started(15);
  const { scene, group } = stage;
  await change(stage, { add: [newcomer(stage, "x4")] });
  expect(await refusal(stage, { remove: ["nobody"] })).toMatchObject({
    code: "BAD_ARGUMENTS",
    hint: "unknown-member",
    description: expect.stringMatching(/expected one of us-west-1, us-west-2, us-west-3, x4$/),
  });
  expect(await refusal(stage, { remove: [...group.names] })).toMatchObject({
    code: "CHANGE_REFUSED",
    hint: "last-voter",
  });
  expect(await refusal(stage, { promote: [{ node: "x4" }] })).toMatchObject({
    code: "CHANGE_EARLY",
    hint: "learner-behind",
  });
  await change(stage, { remove: ["x4"] });
  expect(await refusal(stage, { add: [{ node: "x4", address: "x4:7499" }] })).toMatchObject({
    code: "CHANGE_REFUSED",
    hint: "name-used",
  });
  for (const request of [
    {},
    { remove: ["us-west-1", "us-west-1"] },
    { remove: ["no such name"] },
    { add: [{ node: "x7", address: "nowhere" }] },
    { add: [{ node: "x7", address: "x7:7400", region: "apac" }] },
    { add: [{ node: "x7", address: "x7:7400", role: "witness" }] },
    { remove: Array.from({ length: 33 }, (_, at) => `n${at}`) },
  ]) {
    expect(await refusal(stage, request)).toMatchObject({ code: "BAD_ARGUMENTS" });
  }
  const follower = group.followers[0]?.place.node ?? "";
  const asked = channelTo(scene, follower).changeMembers({ remove: ["us-west-1"] });
  const error = await scene.clock.settled(asked.catch((failure: unknown) => failure));
  expect(error).toMatchObject({ code: "NOT_LEADER", hint: group.leader?.place.node });
});

test("every change leaves a trace in the log: by whom, what, and its outcome", async () => {
  const lines: object[] = [];
  const warn = (fields: object): void => void lines.push(fields);
  const log = { ...silentLog, warn };
  const plan = { cluster: "us-west", voters: 3 };
  const scene = new Scene(17, [plan]);
  const group = await scene.group(plan, {
    make: (options) => {
      const member = new GroupMember({ ...options, log });
      return { member, services: () => member.services(), stop: () => member.stop() };
    },
  });
  const leader = channelTo(scene, (await group.led()).place.node);
  await scene.run(1_000);
  const gone = group.followers[0]?.place.node ?? "";
  await scene.clock.settled(leader.changeMembers({ remove: [gone] }));
  const all = leader.changeMembers({ remove: [...group.names] }).catch((error: unknown) => error);
  await scene.clock.settled(all);
  const audited = lines.filter((fields) => "audit" in fields);
  const common = { audit: "members", by: "operator", add: [], promote: [], demote: [] };
  expect(audited).toMatchObject([
    { ...common, remove: [gone], outcome: "begun", index: expect.any(Number) },
    { ...common, remove: [gone], outcome: "done", tookMs: expect.any(Number) },
    { ...common, remove: group.names, outcome: "CHANGE_REFUSED", why: expect.any(String) },
  ]);
});

test("leadership stays in the group that holds it until it is released", async () => {
  const scene = new Scene(16, [globalPlan]);
  const group = await scene.group(globalPlan);
  const leads = (await group.led()).place.node;
  await scene.run(1_000);
  const [name, other] = leads.startsWith("primary")
    ? ["primary", "secondary"]
    : ["secondary", "primary"];
  const hold = (wanted: string): Promise<unknown> => {
    const node = group.leader?.place.node ?? "";
    return scene.clock.settled(
      channelTo(scene, node)
        .holdLeadership({ group: wanted })
        .catch((error: unknown) => error),
    );
  };
  expect(await hold(other)).toMatchObject({ code: "CHANGE_REFUSED", hint: "held" });
  expect(await hold("witness")).toMatchObject({ code: "CHANGE_REFUSED", hint: "witness" });
  expect(await hold("nobody")).toMatchObject({ code: "BAD_ARGUMENTS", hint: "unknown-group" });
  expect(await hold(name)).toMatchObject({ changed: true, membership: { heldBy: name } });
  expect(await hold(name)).toMatchObject({ changed: false });
  const away = { region: name === "primary" ? "eu-central" : "us-east" };
  const leader = channelTo(scene, group.leader?.place.node ?? "");
  const moved = leader.transferLeadership(away).catch((error: unknown) => error);
  const held = { code: "CHANGE_REFUSED", hint: "held" };
  expect(await scene.clock.settled(moved)).toMatchObject(held);
  for (const node of group.names.filter((node) => node.startsWith(name))) group.crash(node);
  await scene.run(20_000);
  expect(group.leader).toBeUndefined();
  for (const node of group.names.filter((node) => node.startsWith(name))) await group.boot(node);
  expect((await group.led()).place.node).toMatch(new RegExp(`^${name}`));
  await scene.until(
    "the leader knows what is committed",
    () => group.leader?.replica.isSettled === true,
  );
  expect(await hold("")).toMatchObject({ changed: true, membership: { heldBy: "" } });
  for (const node of group.names.filter((node) => node.startsWith(name))) group.crash(node);
  await scene.until("the other group leads", () => group.leader !== undefined);
  expect(group.leader?.place.node).toMatch(new RegExp(`^${other}`));
});
