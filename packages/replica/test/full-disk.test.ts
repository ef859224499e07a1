/** Members whose disks are full: they refuse, wait and go on, and none of them ends. */
import type { MemoryDisk } from "@meridian/storage";
import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Group, type Pending, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const root = "/regions/us-west";
const limits = { snapshotEntries: 50, keptEntries: 10 };
const create = { create: { path: `${root}/n`, mode: CreateMode.PERSISTENT_SEQUENTIAL } };

async function started(seed: number) {
  const plan = { cluster: "us-west", voters: 3 };
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { limits });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 600_000);
  await client.open(leader.place.node);
  return { scene, group, client, leader: leader.place.node };
}

function write(client: SessionClient, count: number): readonly Pending[] {
  return client.writeAll(Array.from({ length: count }, () => create));
}

function disks(group: Group, names: readonly string[]): MemoryDisk[] {
  return names.map((name) => group.disk(name)).filter((disk) => disk !== undefined);
}

/** Nobody has ended, and all come to the same. */
async function expectWhole(group: Group, children: number): Promise<void> {
  await group.led();
  await group.level();
  expect(group.fatal).toEqual(new Map());
  const counts = group.members.map(({ tree }) => tree.children(root)?.names.length);
  expect(counts).toEqual([children, children, children]);
  expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
}

test("a follower with a full disk holds nobody up, and catches up without a restart", async () => {
  const { scene, group, client } = await started(1);
  const [follower = ""] = group.followers.map(({ place }) => place.node);
  for (const disk of disks(group, [follower])) disk.full = true;
  const writes = write(client, 200);
  await scene.answered(...writes);
  expect(new Set(writes.map(codeOf))).toEqual(new Set([""]));
  await scene.run(30_000);
  expect(group.life(follower).storage.log.lastIndex()).toBeLessThan(50);
  for (const disk of disks(group, [follower])) disk.full = false;
  await expectWhole(group, 200);
});

test("a leader with a full disk takes nothing on, and goes on when there is room", async () => {
  const { scene, group, client, leader } = await started(2);
  await scene.answered(...write(client, 20));
  for (const disk of disks(group, [leader])) disk.full = true;
  const writes = write(client, 100);
  await scene.run(3_000);
  const read = client.ask({ get: { path: root } });
  await scene.answered(read);
  expect(codeOf(read)).toBe("");
  // What was under way when it filled up is with the others; no more is.
  const { lastIndex } = group.member(leader).replica.status();
  await scene.run(20_000);
  expect(group.member(leader).replica.status().lastIndex).toBe(lastIndex);
  for (const disk of disks(group, [leader])) disk.full = false;
  await scene.answered(...writes);
  const done = writes.filter((pending) => codeOf(pending) === "").length;
  await expectWhole(group, 20 + done);
});

test("a group whose disks are all full acknowledges nothing until there is room", async () => {
  const { scene, group, client } = await started(3);
  await scene.answered(...write(client, 20));
  for (const disk of disks(group, group.names)) disk.full = true;
  const writes = write(client, 10);
  await scene.run(5_000);
  expect(writes.every(({ response }) => response === undefined)).toBe(true);
  for (const disk of disks(group, group.names)) disk.full = false;
  await scene.answered(...writes);
  const done = writes.filter((pending) => codeOf(pending) === "").length;
  await expectWhole(group, 20 + done);
});
