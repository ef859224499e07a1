import { expect, test } from "vitest";
import { codeOf, type Group, Scene, SessionClient } from "./harness/index.ts";

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const path = `${root}/n`;

async function started(seed: number): Promise<{ scene: Scene; group: Group; names: string[] }> {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = (await group.led()).place.node;
  const names = [leader, ...group.names.filter((name) => name !== leader)];
  return { scene, group, names };
}

test("a session that moves to another node is told at the first, which still answers", async () => {
  const { scene, names } = await started(61);
  const [, first = "", second = ""] = names;
  // Two processes with one session: a client that was copied, or that has forgotten a stream.
  const old = new SessionClient(scene, "old", 7);
  await old.open(first);
  const made = old.create(path, "1");
  await scene.answered(made);
  const young = new SessionClient(scene, "young", 7).startsAt(1);
  await young.open(second);
  await scene.until("the stream before is told", () => old.over);
  expect(old.farewell).toBe("SESSION_MOVED");
  expect(young.over).toBe(false);
});

test("what an earlier stream had on its way is void once a later one has the session", async () => {
  const { scene, names } = await started(62);
  const [leader = "", first = "", second = ""] = names;
  const old = new SessionClient(scene, "old", 7);
  await old.open(first);
  await scene.answered(old.create(path, "1"));
  // Its node takes the writes, and cannot forward them. One has a number that nobody else uses yet.
  scene.link([first], [leader, second], { cut: true });
  old.set(path, "of the past");
  old.set(path, "of the past too");
  await scene.run(10);
  const young = new SessionClient(scene, "young", 7).startsAt(1).numbersFrom(1);
  await young.open(second);
  const set = young.set(path, "of the present");
  await scene.answered(set);
  expect(codeOf(set)).toBe("");
  scene.heal();
  await scene.until("the stream before is told", () => old.over);
  await scene.run(2_000);
  const get = young.get(path, 1);
  await scene.answered(get);
  expect(Buffer.from(get.response?.node?.data ?? []).toString()).toBe("of the present");
  expect(get.response?.node?.stat?.version).toBe(1);
  const again = young.set(path, "later");
  await scene.answered(again);
  expect([codeOf(again), again.response?.node?.stat?.version]).toEqual(["", 2]);
});

test("a hello that arrives late takes nothing from the stream that came after it", async () => {
  const { scene, names } = await started(63);
  const [, first = "", second = ""] = names;
  const young = new SessionClient(scene, "young", 7).startsAt(4);
  await young.open(first);
  await scene.answered(young.create(path));
  young.connect(second);
  await scene.until("it moves", () => young.isOpen);
  await scene.run(100);
  for (const node of names) {
    const late = new SessionClient(scene, `late at ${node}`, 7).startsAt(2);
    late.connect(node);
    await scene.until("it is refused", () => late.over);
    expect(late.farewell).toBe("SESSION_MOVED");
  }
  await scene.run(500);
  expect(young.isOpen).toBe(true);
});

test("of streams that are not counted the later one holds the session", async () => {
  const { scene, names } = await started(64);
  const [, first = "", second = ""] = names;
  const old = new SessionClient(scene, "old", 7).neverCounts();
  await old.open(first);
  const young = new SessionClient(scene, "young", 7).neverCounts();
  await young.open(second);
  await scene.until("the stream before is told", () => old.over);
  expect(old.farewell).toBe("NOT_LEADER");
  await scene.run(500);
  expect(young.isOpen).toBe(true);
});

test("who holds a session is known after a snapshot, and to members that were away", async () => {
  const { scene, group, names } = await started(65);
  const [leader = "", away = "", other = ""] = names;
  const client = new SessionClient(scene, "client", 7).startsAt(3);
  await client.open(leader);
  await scene.answered(client.create(path));
  client.connect(other);
  await scene.until("it moves", () => client.isOpen);
  await scene.run(200);
  group.crash(away);
  await group.boot(away);
  await scene.run(2_000);
  const late = new SessionClient(scene, "late", 7).startsAt(3);
  late.connect(away);
  await scene.until("it is refused", () => late.over);
  expect(late.farewell).toBe("SESSION_MOVED");
  const digests = group.members.map(({ tree }) => tree.digest());
  expect(new Set(digests).size).toBe(1);
});

test("a client that moves about while it writes never hears that it lost its session", async () => {
  for (const seed of [66, 67, 68]) {
    const { scene, names } = await started(seed);
    const client = new SessionClient(scene, "client", 7);
    await client.open(names[0] ?? "");
    const writes = [client.create(path)];
    for (let turn = 0; turn < 60; turn += 1) {
      for (let count = 0; count < 5; count += 1) writes.push(client.set(path, `${turn} ${count}`));
      await scene.run(Math.floor(scene.random() * 12));
      expect(["", "NOT_LEADER", undefined]).toContain(client.farewell);
      client.connect(names[Math.floor(scene.random() * names.length)] ?? "");
    }
    await scene.until("all is answered", () => {
      if (client.over) client.connect(names[0] ?? "");
      return writes.every(({ response }) => response !== undefined);
    });
    expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
    expect(writes.at(-1)?.response?.node?.stat?.version).toBe(writes.length - 1);
  }
});
