/** A member whose data is damaged gets it back from the others, or says why it cannot. */
import { PackedRecords, StorageError } from "@meridian/storage";
import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Group, randomOf, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 120_000 });

const root = "/regions/us-west";
const limits = { snapshotEntries: 100, keptEntries: 10 };
const create = { create: { path: `${root}/n`, mode: CreateMode.PERSISTENT_SEQUENTIAL } };

async function started(seed: number, plan: ConstructorParameters<typeof Scene>[1][number]) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { limits });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 600_000);
  await client.open(leader.place.node);
  return { scene, group, client };
}

async function write(scene: Scene, client: SessionClient, count: number): Promise<void> {
  const writes = client.writeAll(Array.from({ length: count }, () => create));
  await scene.answered(...writes);
  for (const pending of writes) expect(codeOf(pending)).toBe("");
}

/** Connects to whoever leads. */
async function attach(group: Group, client: SessionClient): Promise<void> {
  const leader = await group.led();
  await client.open(leader.place.node);
}

/** Starts a member. What is wrong with its data, if it says so. */
async function boot(group: Group, name: string): Promise<StorageError | undefined> {
  try {
    await group.boot(name);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

test("a flipped bit anywhere in a member's data harms nobody", async () => {
  const counts = { harmless: 0, repaired: 0, refused: 0 };
  const wrong: string[] = [];
  for (let seed = 1; seed <= 60; seed += 1) {
    const { scene, group, client } = await started(seed, { cluster: "us-west", voters: 3 });
    const random = randomOf(seed);
    await write(scene, client, 20 + Math.floor(random() * 300));
    const victim = group.names[Math.floor(random() * 3)] ?? "";
    group.crash(victim);
    const where = group.disk(victim)?.flipBit(random);
    const refusal = await boot(group, victim);
    const outcome =
      refusal !== undefined
        ? "refused"
        : group.life(victim).storage.member.recovering
          ? "repaired"
          : "harmless";
    counts[outcome] += 1;
    await attach(group, client);
    await write(scene, client, 5);
    if (refusal !== undefined) {
      if (refusal.repairable) wrong.push(`seed ${seed}: ${where}: ${refusal.message}`);
      continue;
    }
    await group.level();
    await scene.until(`seed ${seed}: it votes again`, () => {
      return !group.life(victim).storage.member.recovering;
    });
    const digests = new Set(group.members.map(({ tree }) => tree.digest()));
    if (digests.size > 1) wrong.push(`seed ${seed}: ${where}: the trees differ`);
  }
  console.info("flipped bits:", counts);
  expect(wrong).toEqual([]);
  expect(counts.repaired).toBeGreaterThan(10);
});

test("a rebuilt member helps to elect nobody before it has everything again", async () => {
  const { scene, group, client } = await started(3, { cluster: "us-west", voters: 3 });
  await write(scene, client, 50);
  const leader = await group.led();
  const [victim = "", behind = ""] = group.followers.map(({ place }) => place.node);
  // Only the leader and the victim have these.
  group.crash(behind);
  await write(scene, client, 50);
  group.crash(victim);
  group.crash(leader.place.node);
  await damage(group, victim, 3);
  await group.boot(victim);
  await group.boot(behind);
  expect(group.life(victim).storage.member.recovering).toBe(true);
  expect(group.member(victim).status().recovering).toBe(true);
  await scene.run(60_000);
  expect(group.leader).toBeUndefined();
  await group.boot(leader.place.node);
  await group.led();
  await group.level();
  expect(group.member(victim).tree.children(root)?.names).toHaveLength(100);
  await scene.until("it votes again", () => !group.member(victim).status().recovering);
});

test("a rebuilt witness votes again, and starts again afterwards", async () => {
  const { scene, group, client } = await started(4, {
    cluster: "global",
    voters: 0,
    groups: [
      { name: "a", region: "us-east", voters: 1 },
      { name: "b", region: "us-west", voters: 1 },
      { name: "c", region: "eu-west", voters: 1, witness: true },
    ],
  });
  const path = "/global/n";
  const writes = client.writeAll(
    Array.from({ length: 300 }, () => ({
      create: { path, mode: CreateMode.PERSISTENT_SEQUENTIAL },
    })),
  );
  await scene.answered(...writes);
  group.crash("c-1");
  await damage(group, "c-1", 9);
  await group.boot("c-1");
  await scene.until("it votes again", () => !group.life("c-1").storage.member.recovering);
  await group.level();
  group.crash("c-1");
  await group.boot("c-1");
  await group.led();
  await group.level();
  expect(group.life("c-1").storage.log.snapshot()).toBeDefined();
});

test("a rebuilt observer mirrors everything again", async () => {
  const plan = { cluster: "us-west", voters: 3, observers: 1 };
  const { scene, group, client } = await started(5, plan);
  await write(scene, client, 250);
  group.crash("us-west-o1");
  await damage(group, "us-west-o1", 5);
  await group.boot("us-west-o1");
  await group.level();
  expect(group.member("us-west-o1").tree.children(root)?.names).toHaveLength(250);
  await scene.until("it has", () => !group.life("us-west-o1").storage.member.recovering);
});

test("a sole voter is not rebuilt: nobody else has its data", async () => {
  const { scene, group, client } = await started(6, { cluster: "us-west", voters: 1 });
  await write(scene, client, 50);
  group.crash("us-west-1");
  const refusal = await damage(group, "us-west-1", 6);
  expect(refusal).toMatchObject({ code: expect.stringMatching(/CORRUPT|MISSING/) });
});

test("a damaged snapshot ends its sender, whose next start repairs it", async () => {
  const { scene, group, client } = await started(7, { cluster: "us-west", voters: 3 });
  const leader = await group.led();
  const [behind = ""] = group.followers.map(({ place }) => place.node);
  group.crash(behind);
  await write(scene, client, 300);
  const sender = leader.place.node;
  const { storage } = group.life(sender);
  vi.spyOn(storage, "readSnapshot").mockImplementation(async function* () {
    yield new PackedRecords(Buffer.alloc(0));
    throw new StorageError("CORRUPT", "the snapshot does not match its digest");
  });
  await group.boot(behind);
  await scene.until("the sender ends", () => group.fatal.has(sender));
  expect(group.fatal.get(sender)).toMatchObject({ code: "CORRUPT" });
  group.crash(sender);
  await group.boot(sender);
  await group.led();
  await group.level();
});

/** Flips bits of a member that does not run until its start shows it. */
async function damage(group: Group, name: string, seed: number): Promise<StorageError | undefined> {
  const random = randomOf(seed);
  const disk = group.disk(name);
  for (let tries = 0; tries < 200; tries += 1) {
    disk?.flipBit(random);
    const refusal = await boot(group, name);
    if (refusal !== undefined) return refusal;
    const { recovering } = group.life(name).storage.member;
    group.crash(name, 1);
    if (recovering) return undefined;
  }
  throw new Error(`seed ${seed}: nothing was damaged`);
}
