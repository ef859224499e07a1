import { Consistency, CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Pending, Scene, SessionClient, textOf } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const strict = Consistency.STRICT;
const root = "/regions/us-west";

/** Writes whose number in the log shows how often and in which order they were done. */
function numbered(count: number) {
  return Array.from({ length: count }, () => ({
    create: { path: `${root}/q/n`, mode: CreateMode.PERSISTENT_SEQUENTIAL },
  }));
}

function pathsOf(writes: readonly Pending[]): readonly (string | undefined)[] {
  return writes.map(({ response }) => response?.node?.path);
}

function suffixes(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${root}/q/n${String(at).padStart(10, "0")}`);
}

test("a new group elects, founds itself, takes writes and answers strict reads", async () => {
  const scene = new Scene(1, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const create = client.create(`${root}/a`, "1");
  const set = client.set(`${root}/a`, "2");
  const read = client.get(`${root}/a`, strict);
  await scene.answered(create, set, read);
  expect([codeOf(create), codeOf(set), codeOf(read)]).toEqual(["", "", ""]);
  expect(textOf(read)).toBe("2");
});

test("a follower forwards writes and answers strict reads after them", async () => {
  const scene = new Scene(2, [{ ...plan, observers: 1 }]);
  const group = await scene.group({ ...plan, observers: 1 });
  await group.led();
  for (const [
    place,
    {
      place: { node },
    },
  ] of group.followers.entries()) {
    const client = new SessionClient(scene, `client ${node}`, 10 + place);
    await client.open(node);
    const create = client.create(`${root}/${node}`, "1");
    const set = client.set(`${root}/${node}`, "2");
    const read = client.get(`${root}/${node}`, strict);
    await scene.answered(create, set, read);
    expect([codeOf(create), codeOf(set), textOf(read)]).toEqual(["", "", "2"]);
  }
});

for (const seed of [1, 2, 3, 4]) {
  const at = seed % 2 === 0 ? "its leader" : "a follower";
  test(`a thousand writes through ${at} survive the leader's death (${seed})`, async () => {
    const scene = new Scene(seed, [plan]);
    const group = await scene.group(plan);
    const leader = await group.led();
    const [first, second] = group.followers;
    if (first === undefined || second === undefined) throw new Error("three members");
    const client = new SessionClient(scene, "client", 7);
    await client.open(seed % 2 === 0 ? leader.place.node : first.place.node);
    const queue = client.create(`${root}/q`);
    await scene.answered(queue);
    const writes: Pending[] = [];
    for (let frame = 0; frame < 20; frame += 1) {
      writes.push(...client.writeAll(numbered(50)));
      await scene.run(1);
    }
    group.crash(leader.place.node);
    const answered = writes.filter(({ response }) => response !== undefined).length;
    expect(answered).toBeGreaterThan(0);
    expect(answered).toBeLessThan(1_000);
    await scene.run(300);
    client.connect(second.place.node);
    await scene.answered(...writes);
    expect(pathsOf(writes)).toEqual(suffixes(1_000));
    expect(writes.every(({ answers }) => answers === 1)).toBe(true);
  });

  test(`writes through a follower keep their order while links flap (${seed})`, async () => {
    const scene = new Scene(seed + 100, [plan]);
    const group = await scene.group(plan);
    await group.led();
    const [follower] = group.followers;
    if (follower === undefined) throw new Error("no follower");
    const client = new SessionClient(scene, "client", 7, 60_000);
    await client.open(follower.place.node);
    await scene.answered(client.create(`${root}/q`));
    const writes: Pending[] = [];
    for (let round = 0; round < 10; round += 1) {
      writes.push(...client.writeAll(numbered(30)));
      await scene.run(Math.floor(scene.random() * 5));
      const [a = "", b = ""] = [...group.names].sort(() => scene.random() - 0.5);
      scene.network.setLink(a, b, { cut: true });
      await scene.run(Math.floor(scene.random() * 3_000));
      scene.heal();
      if (client.over) client.connect(follower.place.node);
    }
    await scene.until("all are answered", () => {
      if (client.over) client.connect(follower.place.node);
      return writes.every(({ response }) => response !== undefined);
    });
    expect(pathsOf(writes)).toEqual(suffixes(300));
  });
}

test("all members lose power and nothing that was acknowledged is gone", async () => {
  const scene = new Scene(5, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  await scene.answered(client.create(`${root}/q`));
  const writes = client.writeAll(numbered(100));
  await scene.answered(...writes);
  for (const name of group.names) group.crash(name);
  for (const name of group.names) await group.boot(name);
  await group.led();
  client.connect(group.names[0] ?? "");
  const more = client.writeAll(numbered(1));
  await scene.answered(...more);
  expect(pathsOf([...writes, ...more])).toEqual(suffixes(101));
  await group.level();
  expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
});

test("a write that is too large for the log is refused and holds nobody up", async () => {
  const scene = new Scene(6, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const huge = client.create(`${root}/huge`, "x".repeat(2_500_000));
  const small = client.create(`${root}/small`);
  await scene.answered(huge, small);
  expect([codeOf(huge), codeOf(small)]).toEqual(["TOO_LARGE", ""]);
});

test("a write refused for want of room is not overtaken by a smaller one", async () => {
  const scene = new Scene(7, [plan]);
  const group = await scene.group(plan, { limits: { writeBytesMax: 300_000 } });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const [first, large, small] = client.writeAll([
    { create: { path: `${root}/a`, data: Buffer.alloc(200_000) } },
    { create: { path: `${root}/b`, data: Buffer.alloc(200_000) } },
    { create: { path: `${root}/c` } },
  ]);
  if (first === undefined || large === undefined || small === undefined) throw new Error("three");
  await scene.answered(first, large, small);
  expect([first, large, small].map(codeOf)).toEqual(["", "OVERLOADED", "OVERLOADED"]);
  for (const refused of [large, small]) refused.response = undefined;
  client.connect(leader.place.node);
  await scene.answered(large, small);
  expect([large, small].map(codeOf)).toEqual(["", ""]);
});

test("a member whose disk fails stops, says so once, and acknowledges nothing more", async () => {
  const scene = new Scene(9, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  group.breakDisk(leader.place.node);
  const write = client.create(`${root}/a`);
  await scene.run(50);
  expect([...group.fatal.keys()]).toEqual([leader.place.node]);
  expect(codeOf(write)).toBe("UNKNOWN");
  group.crash(leader.place.node);
  const next = await group.led();
  write.response = undefined;
  client.connect(next.place.node);
  await scene.answered(write);
  expect(codeOf(write)).toBe("");
});

test("an idle member does not spin while a write waits for its quorum", async () => {
  const scene = new Scene(8, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  for (const { place } of group.followers) group.crash(place.node);
  let turns = 0;
  leader.replica.listen({ onTurnEnd: () => (turns += 1) });
  client.create(`${root}/a`);
  await scene.run(500);
  expect(turns).toBeLessThan(100);
});

test("a unary write that met a leader change ends, and is never done twice", async () => {
  for (const seed of [1, 2, 3]) {
    const scene = new Scene(seed, [plan]);
    const group = await scene.group(plan);
    const leader = await group.led();
    const [follower] = group.followers;
    if (follower === undefined) throw new Error("no follower");
    scene.join("tool");
    const channel = scene.network.openChannel("tool", follower.place.node);
    const path = `${root}/n`;
    const outcomes: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      const create = { path, mode: CreateMode.PERSISTENT_SEQUENTIAL };
      channel
        .execute({ create }, { deadlineMs: 8_000 })
        .then(() => outcomes.push("done"))
        .catch((error: { code: string }) => outcomes.push(error.code));
    }
    await scene.run(1 + Math.floor(scene.random() * 3));
    group.crash(leader.place.node);
    await scene.until("all ended", () => outcomes.length === 20);
    await group.led();
    const done = outcomes.filter((outcome) => outcome === "done").length;
    const found = follower.tree.children(root)?.names.length ?? 0;
    expect(found).toBeGreaterThanOrEqual(done);
    expect(found).toBeLessThanOrEqual(20);
    expect(outcomes.filter((outcome) => !["done", "UNKNOWN"].includes(outcome))).toEqual([]);
  }
});
