/** A member that has lost its data does not come back under its old name. */
import { MeetOutcome } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { Admission } from "../src/admission.ts";
import { AdmissionError, silentLog } from "../src/index.ts";
import { codeOf, NodeClock, Scene, SessionClient } from "./harness/index.ts";
import { change, type Stage, started as founded, withLearners } from "./membership-stage.ts";

vi.setConfig({ testTimeout: 60_000 });

const root = "/regions/us-west";

async function started(seed: number, voters: number, observers: number = 0) {
  const plan = { cluster: "us-west", voters, observers };
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  return { scene, group, leader, client };
}

for (const [voters, observers] of [
  [3, 0],
  [5, 0],
  [2, 0],
  [1, 1],
  [3, 2],
] as const) {
  test(`a wiped member of ${voters} voters and ${observers} observers is refused`, async () => {
    const { scene, group, client } = await started(voters, voters, observers);
    const write = client.create(`${root}/kept`, "v");
    await scene.answered(write);
    const leads = group.leader?.place.node;
    const victims = group.names.filter((name) => name !== leads);
    const victim = victims.at(-1) ?? "";
    group.crash(victim);
    group.disk(victim)?.wipe();
    await group.boot(victim);
    await scene.until("it is refused", () => group.fatal.has(victim));
    expect(group.fatal.get(victim)).toBeInstanceOf(AdmissionError);
    expect(group.fatal.get(victim)?.message).toContain(victim);
    if (voters === 2) return;
    const next = client.create(`${root}/next`, "v");
    await scene.answered(next);
    expect(codeOf(next)).toBe("");
  });
}

test("whoever is wiped together with others is refused by those that are left", async () => {
  const { scene, group } = await started(11, 5);
  // In time each member becomes known to all.
  await scene.run(20_000);
  const victims = group.followers.slice(0, 3).map(({ place }) => place.node);
  for (const victim of victims) {
    group.crash(victim);
    group.disk(victim)?.wipe();
  }
  for (const victim of victims) await group.boot(victim);
  await scene.until("all are refused", () => victims.every((victim) => group.fatal.has(victim)));
  for (const victim of victims) expect(group.fatal.get(victim)).toBeInstanceOf(AdmissionError);
});

/** The only member that its settings name comes back without its data: the error it ends with. */
async function wipedFounder({ scene, group }: Stage): Promise<Error | undefined> {
  const [founder = ""] = group.names;
  await scene.run(5_000);
  group.crash(founder);
  group.disk(founder)?.wipe();
  await scene.run(5_000);
  await group.boot(founder);
  await scene.until("it is refused", () => group.fatal.has(founder), 10_000);
  group.crash(founder);
  return group.fatal.get(founder);
}

test("a wiped founder learns from voters that it does not know that it was wiped", async () => {
  const stage = await founded(21, 1);
  const { group } = stage;
  const nodes = ["x4", "x5"];
  await withLearners(stage, ...nodes);
  await change(stage, { promote: nodes.map((node) => ({ node })) });
  expect(await wipedFounder(stage)).toBeInstanceOf(AdmissionError);
  const leader = await group.led();
  expect(nodes).toContain(leader.place.node);
  expect(leader.tree.stat("/regions/us-west/n0")).toBeDefined();
});

test("a wiped founder without other voters learns it from those who follow it", async () => {
  const stage = await founded(22, 1);
  await withLearners(stage, "x4");
  expect(await wipedFounder(stage)).toBeInstanceOf(AdmissionError);
});

test("members that joined one after the other come to know each other", async () => {
  const stage = await founded(24, 1);
  const { scene, group } = stage;
  await withLearners(stage, "x4", "x5");
  await change(stage, { promote: [{ node: "x4" }, { node: "x5" }] });
  await scene.run(20_000);
  const wiped = ["us-west-1", "x4"];
  for (const name of wiped) {
    group.crash(name);
    group.disk(name)?.wipe();
  }
  for (const name of wiped) await group.boot(name);
  await scene.until("both are refused", () => wiped.every((name) => group.fatal.has(name)), 10_000);
  for (const name of wiped) expect(group.fatal.get(name)).toBeInstanceOf(AdmissionError);
});

test("a founder that is sound starts again in the group that grew", async () => {
  const stage = await founded(23, 1);
  const { scene, group } = stage;
  await withLearners(stage, "x4", "x5");
  await change(stage, { promote: [{ node: "x4" }, { node: "x5" }] });
  for (const name of ["us-west-1", "x4", "x5"]) {
    group.crash(name);
    await scene.run(2_000);
    await group.boot(name);
    await group.led();
  }
  await scene.run(20_000);
  expect([...group.fatal.keys()]).toEqual([]);
  const known = (name: string) => [...group.life(name).storage.acquaintances];
  expect(known("us-west-1")).toHaveLength(2);
  const { birth } = group.life("us-west-1").storage.member;
  for (const name of ["x4", "x5"]) expect(known(name)).toContainEqual(["us-west-1", birth]);
});

test("a new member takes part in nothing until a majority of the others knows it", async () => {
  const plan = { cluster: "us-west", voters: 3 };
  const scene = new Scene(12, [plan]);
  const group = await scene.group({ ...plan, voters: 3 }, { starts: ["us-west-1", "us-west-2"] });
  await scene.run(20_000);
  for (const member of group.members) {
    const { role, term } = member.replica.status();
    expect([role, term, member.ready]).toEqual(["follower", 0, false]);
    expect(member.status().admission).toBe("waiting for 1 of 2");
  }
  await group.boot("us-west-3");
  await group.led();
  for (const member of group.members) expect(member.status().admission).toBe("");
});

test("members that were admitted start again without the others", async () => {
  const { scene, group } = await started(13, 3);
  for (const name of group.names) group.crash(name);
  for (const name of ["us-west-1", "us-west-3"]) await group.boot(name);
  await group.led();
  expect(group.fatal.size).toBe(0);
  await scene.run(1_000);
});

test("a cluster whose members start at once is admitted at once", async () => {
  const plan = { cluster: "us-west", voters: 5 };
  const scene = new Scene(14, [plan]);
  const group = await scene.group(plan);
  const startedMs = scene.clock.nowMs();
  await scene.until("all are admitted", () =>
    group.members.every((member) => member.status().admission === ""),
  );
  expect(scene.clock.nowMs() - startedMs).toBeLessThan(50);
});

test("strangers are counted where the status shows them", async () => {
  const { scene, group, leader } = await started(15, 3);
  scene.join("stranger");
  const peers = scene.network.createPeerTransport({
    address: "stranger",
    identity: { cluster: "us-west", incarnation: 7, node: "stranger" },
    resolve: (node) => node,
    onPeerDown: () => undefined,
  });
  const meeting = peers.meet(leader.place.node, "b");
  await expect(scene.clock.settled(meeting)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect(group.member(leader.place.node).status().strangers).toBe(1);
  peers.close();
});

test("the word of one that lost its data admits nobody, and its birth is no news", async () => {
  const { clock, random } = new Scene(16, []);
  const own = new NodeClock(clock, 1_000);
  const births = new Map([["b", "b/1"]]);
  const warned: object[] = [];
  let answers = 0;
  const admission = new Admission({
    node: "a",
    cluster: "us-west",
    storage: {
      member: { birth: "a/1", admitted: false, recovering: false, forced: undefined },
      admit: () => Promise.reject(new Error("it is admitted")),
      acquaint: async (node, birth) => {
        const known = births.get(node) ?? birth;
        births.set(node, known);
        return known === birth ? "same" : "other";
      },
    },
    voters: ["a", "b"],
    meet: async () => {
      answers += 1;
      return {
        outcome: MeetOutcome.WELCOME,
        birth: "b/2",
        incarnation: 0,
        configuration: new Uint8Array(0),
      };
    },
    clock: own,
    random,
    log: { ...silentLog, warn: (fields) => void warned.push(fields) },
    onAdmitted: () => undefined,
    onFailure: (error) => {
      throw error;
    },
  });
  admission.start();
  await clock.run(20_000);
  expect(answers).toBeGreaterThan(5);
  expect(admission.waitsFor).toBe("waiting for 0 of 1");
  // It is not admitted itself: nobody is to remember it yet.
  expect(await admission.answer("c", "c/1")).toEqual({ outcome: MeetOutcome.WELCOME, birth: "" });
  expect([...births]).toEqual([
    ["b", "b/1"],
    ["c", "c/1"],
  ]);
  // Every line says already under `node` who writes it.
  await admission.answer("c", "c/2");
  expect(warned).toEqual([{ member: "c" }]);
  admission.stop();
});
