/** A member that has lost its data does not come back under its old name. */
import { expect, test, vi } from "vitest";
import { AdmissionError } from "../src/index.ts";
import { codeOf, Scene, SessionClient } from "./harness/index.ts";

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
