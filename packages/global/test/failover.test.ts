import { electionTiming, GlobalMember, type GroupRank } from "@meridian/global";
import type { GroupMemberOptions } from "@meridian/replica";
import {
  codeOf,
  Consistency,
  type Group,
  type Part,
  Scene,
  SessionClient,
} from "@meridian/replica/harness";
import { expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

const names = ["primary", "secondary", "witness"] as const;
const regions = ["us-east", "eu-central", "us-central"] as const;
const plan = {
  cluster: "global",
  voters: 0,
  groups: names.map((name, rank) => ({
    name,
    region: regions[rank] ?? "",
    voters: name === "witness" ? 3 : 5,
    witness: name === "witness",
  })),
};

function make(options: GroupMemberOptions): Part {
  const rank = names.findIndex((name) => name === options.group) as GroupRank;
  const global = new GlobalMember({ ...options, timing: electionTiming(rank) });
  return {
    member: global.member,
    services: () => global.services(),
    stop: () => global.stop(),
  };
}

function of(group: Group, name: string): readonly string[] {
  return group.names.filter((node) => node.startsWith(name));
}

async function started(seed: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { make });
  for (const [a, b, delayMs] of [
    ["primary", "secondary", 45],
    ["primary", "witness", 15],
    ["secondary", "witness", 50],
  ] as const) {
    scene.link(of(group, a), of(group, b), { delayMs });
  }
  const leader = await group.led();
  return { scene, group, leader };
}

function groupOf(node: string | undefined): string {
  return node?.split("-")[0] ?? "";
}

test("the primary leads, and writes do not wait for the secondary", async () => {
  for (const seed of [1, 2, 3]) {
    const { scene, leader } = await started(seed);
    expect(groupOf(leader.place.node)).toBe("primary");
    const client = new SessionClient(scene, "client", 7);
    await client.open(leader.place.node);
    await scene.run(1_000);
    const before = scene.clock.nowMs();
    const write = client.create("/global/a", "1");
    await scene.answered(write);
    // A round trip to the witnesses is 30 ms, one to the secondary 90 ms.
    expect(scene.clock.nowMs() - before).toBeLessThan(60);
  }
});

for (const seed of [1, 2, 3]) {
  test(`the secondary takes over within seconds and loses nothing (${seed})`, async () => {
    const { scene, group, leader } = await started(seed);
    const client = new SessionClient(scene, "client", 7, 60_000);
    await client.open(leader.place.node);
    const creates = Array.from({ length: 300 }, (_, at) => client.create(`/global/n${at}`));
    await scene.run(40 + Math.floor(scene.random() * 40));
    for (const node of of(group, "primary")) group.crash(node);
    const lostAtMs = scene.clock.nowMs();
    const acked = creates.filter(({ response }) => response !== undefined);
    const next = await group.led();
    expect(groupOf(next.place.node)).toBe("secondary");
    client.connect(next.place.node);
    await scene.answered(...creates);
    expect(scene.clock.nowMs() - lostAtMs).toBeLessThan(10_000);
    expect(creates.map(codeOf).filter((code) => code !== "")).toEqual([]);
    for (const { response } of acked) {
      expect(next.tree.stat(response?.node?.path ?? "")).toBeDefined();
    }
    // The old primary comes back as a follower, and leads again when it is told to.
    for (const node of of(group, "primary")) await group.boot(node);
    await scene.run(5_000);
    expect(group.leader).toBe(next);
    const admin = next.services().admin;
    const request = { node: "", region: "us-east" };
    const caller = { address: "", signal: new AbortController().signal, deadlineMs: undefined };
    const answer = Promise.resolve(admin?.transferLeadership(request, caller));
    const moved = await scene.clock.settled(answer);
    expect(groupOf(moved?.leader)).toBe("primary");
    expect(moved?.pauseMs).toBeLessThan(2_000);
  });
}

test("a primary cut off with its clients answers no strict read or write any more", async () => {
  const { scene, group, leader } = await started(4);
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  await scene.answered(client.create("/global/a", "old"));
  scene.isolate(...of(group, "primary"), "client");
  const rest = (): boolean => groupOf(group.leader?.place.node) === "secondary";
  await scene.until("the secondary leads", rest, 10_000);
  const other = new SessionClient(scene, "other", 8);
  await other.open(group.leader?.place.node ?? "");
  await scene.answered(other.set("/global/a", "new"));
  const reader = new SessionClient(scene, "reader", 0);
  scene.link(["reader"], [...of(group, "secondary"), ...of(group, "witness")], { cut: true });
  await reader.open(of(group, "primary")[0] ?? "");
  const read = reader.ask({
    get: { path: "/global/a" },
    consistency: Consistency.STRICT,
    deadlineMs: 3e3,
  });
  await scene.answered(read);
  expect(codeOf(read)).toBe("GLOBAL_UNAVAILABLE");
  await scene.run(3_000);
  expect(client.over).toBe(true);
  expect(client.farewell).toBe("GLOBAL_UNAVAILABLE");
});

test("a cut between primary and secondary alone changes nothing", async () => {
  const { scene, group, leader } = await started(5);
  const { term } = leader.replica.soft;
  scene.link(of(group, "primary"), of(group, "secondary"), { cut: true });
  await scene.run(20_000);
  expect(group.leader).toBe(leader);
  expect(leader.replica.soft.term).toBe(term);
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const write = client.create("/global/a");
  await scene.answered(write);
  expect(codeOf(write)).toBe("");
});

test("witnesses keep no tree, serve nobody, and do not lead for long", async () => {
  const { scene, group } = await started(6);
  for (const node of of(group, "witness")) {
    const { tree } = group.member(node);
    expect(tree.cluster).toBe("");
    expect(group.member(node).services().coordination).toBeUndefined();
  }
  for (const node of of(group, "primary")) group.crash(node);
  const led = await group.led();
  expect(groupOf(led.place.node)).toBe("secondary");
  await scene.run(10_000);
  expect(groupOf(group.leader?.place.node)).toBe("secondary");
});

test("what only witnesses have of the last writes is not lost with the primary", async () => {
  for (const seed of [1, 2, 3]) {
    const { scene, group, leader } = await started(seed + 10);
    const client = new SessionClient(scene, "client", 7, 60_000);
    await client.open(leader.place.node);
    await scene.run(500);
    scene.link(of(group, "primary"), of(group, "secondary"), { cut: true });
    const creates = Array.from({ length: 50 }, (_, at) => client.create(`/global/n${at}`));
    await scene.answered(...creates);
    expect(creates.map(codeOf).filter((code) => code !== "")).toEqual([]);
    for (const node of of(group, "primary")) group.crash(node);
    const lostAtMs = scene.clock.nowMs();
    const rest = (): boolean =>
      groupOf(group.leader?.place.node) === "secondary" && group.leader?.replica.isSettled === true;
    await scene.until("the secondary leads", rest, 30_000);
    expect(scene.clock.nowMs() - lostAtMs).toBeLessThan(15_000);
    expect(group.leader?.tree.children("/global")?.names).toHaveLength(50);
  }
});

test("a witness that has cut its log starts again and knows who is in the group", async () => {
  const scene = new Scene(21, [plan]);
  const limits = { snapshotEntries: 40, keptEntries: 10 };
  const group = await scene.group(plan, { make, limits });
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open((await group.led()).place.node);
  const root = client.create("/global/a");
  await scene.answered(root);
  for (let round = 0; round < 30; round += 1) {
    await scene.answered(...Array.from({ length: 10 }, () => client.set("/global/a", "1")));
  }
  await scene.run(1_000);
  await scene.answered(client.set("/global/a", "1"));
  await scene.run(1_000);
  const name = of(group, "witness")[0] ?? "";
  const { configuration } = group.member(name).replica.status();
  expect(group.life(name).storage.log.firstIndex()).toBeGreaterThan(100);
  group.crash(name);
  await group.boot(name);
  await scene.run(1_000);
  expect(group.member(name).replica.status().configuration).toEqual(configuration);
  await scene.answered(client.set("/global/a", "2"));
  await scene.run(1_000);
  const { commitIndex } = group.member(name).replica.status();
  expect(commitIndex).toBe(group.leader?.replica.status().commitIndex);
});
