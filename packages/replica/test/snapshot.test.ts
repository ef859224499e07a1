import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Pending, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const limits = { snapshotEntries: 100, keptEntries: 10 };

function creates(count: number) {
  return Array.from({ length: count }, () => ({
    create: { path: `${root}/n`, mode: CreateMode.PERSISTENT_SEQUENTIAL },
  }));
}

async function started(seed: number, observers: number = 0) {
  const of = { ...plan, observers };
  const scene = new Scene(seed, [of]);
  const group = await scene.group(of, { limits });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  return { scene, group, leader, client };
}

for (const seed of [1, 2]) {
  test(`a member that is far behind catches up by a snapshot (${seed})`, async () => {
    const { scene, group, client } = await started(seed, 1);
    const behind = seed === 1 ? "us-west-o1" : (group.followers[0]?.place.node ?? "");
    group.crash(behind);
    for (let round = 0; round < 10; round += 1) {
      await scene.answered(...client.writeAll(creates(100)));
    }
    expect(group.leader?.replica.status().firstIndex).toBeGreaterThan(500);
    await group.boot(behind);
    await group.level();
    const digests = group.members.map(({ tree }) => tree.digest());
    expect(new Set(digests).size).toBe(1);
    expect(group.member(behind).replica.status().firstIndex).toBeGreaterThan(500);
  });
}

test("answers survive snapshots: a repeated write is answered as at first", async () => {
  const { scene, group, leader, client } = await started(3);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  const first = client.writeAll(creates(1));
  await scene.answered(...first);
  const path = first[0]?.response?.node?.path;
  group.crash(follower.place.node);
  for (let round = 0; round < 5; round += 1) {
    // Nothing is acknowledged, as if the first answer had been lost on its way.
    for (const write of first) write.response = undefined;
    const others = client.writeAll(creates(100));
    await scene.answered(...others);
  }
  await group.boot(follower.place.node);
  await group.level();
  group.crash(leader.place.node);
  await group.led();
  client.connect(follower.place.node);
  await scene.answered(...first);
  expect(first[0]?.response?.node?.path).toBe(path);
});

test("a member starts again from its own snapshot and the log behind it", async () => {
  const { scene, group, client } = await started(4);
  for (let round = 0; round < 5; round += 1) {
    await scene.answered(...client.writeAll(creates(77)));
  }
  await group.level();
  const before = group.members.map(({ tree }) => tree.digest());
  for (const name of group.names) group.crash(name);
  for (const name of group.names) await group.boot(name);
  await group.led();
  await group.level();
  expect(group.members[0]?.tree.children(root)?.names).toHaveLength(385);
  expect(new Set(before).size).toBe(1);
  expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
});

test("a write that was applied inside a snapshot is still answered", async () => {
  const { scene, group, leader, client } = await started(5);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  const slow = new SessionClient(scene, "slow", 8, 60_000);
  await slow.open(follower.place.node);
  await scene.run(500);
  // The follower hears everything late, but not so late that it misses its leader.
  scene.network.setLink(leader.place.node, follower.place.node, { delayMs: 800 });
  let late: Pending | undefined;
  const writes: Pending[] = [];
  for (let count = 0; count < 700; count += 1) {
    writes.push(...client.writeAll(creates(2)));
    if (count === 500) late = slow.create(`${root}/late`, "1");
    await scene.run(1);
  }
  scene.network.setLink(leader.place.node, follower.place.node, { delayMs: 1 });
  await scene.until("the follower is restored", () => slow.over);
  expect(slow.farewell).toBe("NOT_LEADER");
  if (late === undefined) throw new Error("it was sent");
  expect(late.response).toBeUndefined();
  slow.connect(follower.place.node);
  const answeredMs = scene.clock.nowMs();
  await scene.answered(late, ...writes);
  expect(codeOf(late)).toBe("");
  expect(scene.clock.nowMs() - answeredMs).toBeLessThan(1_000);
});

test("stopping while a snapshot is being taken is no failure", async () => {
  const { scene, group, leader, client } = await started(6);
  const writes = client.writeAll(creates(150));
  await scene.until("most are answered", () => writes[99]?.response !== undefined);
  await group.stop(leader.place.node);
  await scene.run(5_000);
  expect(group.fatal.size).toBe(0);
});

test("a leader whose snapshot is not wanted hears so at once and goes on", async () => {
  const { scene, group, leader } = await started(7);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  const mark = {
    index: 2,
    term: 1,
    configuration: follower.replica.status().configuration,
  };
  const records = (async function* () {})();
  const answer = follower.replica.onSnapshot(leader.place.node, {
    mark,
    records,
    leaderTerm: leader.replica.soft.term,
  });
  const beforeMs = scene.clock.nowMs();
  await expect(scene.clock.settled(answer)).resolves.toEqual({
    installed: false,
    reason: "not needed",
  });
  expect(scene.clock.nowMs() - beforeMs).toBeLessThan(1_000);
});
