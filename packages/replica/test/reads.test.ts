import { Consistency } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import {
  codeOf,
  type Group,
  groupTiming,
  type Pending,
  Scene,
  SessionClient,
  textOf,
} from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const { STRICT, REGIONAL, EVENTUAL } = Consistency;

async function started(seed: number, observers: number = 0, timing = groupTiming) {
  const of = { ...plan, observers };
  const scene = new Scene(seed, [of]);
  const group = await scene.group(of, { timing });
  const leader = await group.led();
  return { scene, group, leader };
}

/** Readers without a session, one at each member, that read all the time and note what they saw. */
class Readers {
  readonly #scene: Scene;
  readonly #group: Group;
  readonly #path: string;
  readonly #clients = new Map<string, SessionClient>();
  readonly #open = new Map<string, { readonly read: Pending; readonly askedAtMs: number }>();
  /** When each value had been acknowledged to its writer. */
  readonly ackedAtMs: number[] = [];
  answers = 0;
  stale = 0;

  constructor(scene: Scene, group: Group, path: string) {
    this.#scene = scene;
    this.#group = group;
    this.#path = path;
    for (const name of group.names) {
      this.#clients.set(name, new SessionClient(scene, `reader at ${name}`, 0));
    }
  }

  /** Addresses of the readers at some members: cut off together with them. */
  static of(names: readonly string[]): readonly string[] {
    return names.map((name) => `reader at ${name}`);
  }

  begin(consistency: number): void {
    for (const [name, client] of this.#clients) this.#beat(name, client, consistency);
  }

  /** Opens the streams that the network broke. */
  connect(): void {
    for (const [name, client] of this.#clients) {
      if (client.isOpen) continue;
      client.connect(name);
      this.#open.delete(name);
    }
  }

  #beat(name: string, client: SessionClient, consistency: number): void {
    const open = this.#open.get(name);
    if (open?.read.response !== undefined) {
      this.#open.delete(name);
      this.#check(open.read, open.askedAtMs, consistency);
    }
    if (!this.#open.has(name)) {
      const askedAtMs = this.#scene.clock.nowMs();
      this.#open.set(name, { read: client.get(this.#path, consistency), askedAtMs });
    }
    this.#scene.clock.after(25, () => this.#beat(name, client, consistency));
  }

  #check(read: Pending, askedAtMs: number, consistency: number): void {
    if (codeOf(read) !== "") return;
    this.answers += 1;
    const value = Number(textOf(read));
    const stalenessMs = read.response?.stalenessMs ?? 0;
    if (value + 1 < this.ackedAtMs.length && stalenessMs > 0) this.stale += 1;
    // The next value had been acknowledged by then; the answer must not claim to be that fresh.
    const supersededMs = this.ackedAtMs[value + 1] ?? Infinity;
    const asOfMs = askedAtMs - (consistency === STRICT ? 0 : stalenessMs);
    if (supersededMs < asOfMs) {
      throw new Error(`${value} read, which ended at ${supersededMs}, as of ${asOfMs}`);
    }
  }

  get group(): Group {
    return this.#group;
  }
}

/** Writes 0, 1, 2 … to a node, through whoever leads on the side of the majority. */
async function writeOn(scene: Scene, readers: Readers, writer: SessionClient, untilMs: number) {
  while (scene.clock.nowMs() < untilMs) {
    const node = readers.group.leader?.place.node;
    if (node === undefined || writer.over || writer.welcome?.node !== node) {
      if (node !== undefined && writer.welcome?.node !== node) writer.connect(node);
      await scene.run(100);
      if (!writer.isOpen) continue;
    }
    const value = readers.ackedAtMs.length;
    const write = writer.set(`${root}/v`, String(value));
    await scene.until("it is answered", () => write.response !== undefined || writer.over, 5_000);
    if (write.response === undefined) continue;
    readers.ackedAtMs[value] = scene.clock.nowMs();
    await scene.run(20);
  }
}

for (const [name, consistency, timing] of [
  ["a strict read is never stale", STRICT, groupTiming],
  ["a strict read within a lease is never stale", STRICT, { ...groupTiming, reads: "lease" }],
  ["no read looks too fresh", REGIONAL, groupTiming],
] as const) {
  for (const seed of [1, 2, 3]) {
    test(`${name} while members are cut off (${seed})`, async () => {
      const { scene, group, leader } = await started(seed, 1, timing);
      const writer = new SessionClient(scene, "writer", 7, 60_000);
      await writer.open(leader.place.node);
      const readers = new Readers(scene, group, `${root}/v`);
      await scene.answered(writer.create(`${root}/v`, "0"));
      readers.ackedAtMs.push(scene.clock.nowMs());
      readers.connect();
      readers.begin(consistency);
      for (let round = 0; round < 3; round += 1) {
        const other = group.followers[Math.floor(scene.random() * 3)]?.place.node ?? "";
        const cut = round % 2 === 0 ? [group.leader?.place.node ?? ""] : [other];
        scene.isolate(...cut, ...Readers.of(cut));
        await writeOn(scene, readers, writer, scene.clock.nowMs() + 3_500);
        scene.heal();
        await writeOn(scene, readers, writer, scene.clock.nowMs() + 1_000);
        readers.connect();
      }
      expect(readers.ackedAtMs.length).toBeGreaterThan(100);
      expect(readers.answers).toBeGreaterThan(200);
      // Only reads that may be old are.
      expect(readers.stale > 0).toBe(consistency === REGIONAL);
    });
  }
}

test("a leader that another has replaced does not call its data fresh", async () => {
  for (let seed = 20; seed < 26; seed += 1) {
    const { scene, group, leader } = await started(seed);
    const old = leader.place.node;
    const others = group.names.filter((name) => name !== old);
    const writer = new SessionClient(scene, "writer", 7, 60_000);
    await writer.open(others[0] ?? "");
    const readers = new Readers(scene, group, `${root}/v`);
    await scene.answered(writer.create(`${root}/v`, "0"));
    readers.ackedAtMs.push(scene.clock.nowMs());
    // The old leader hears late of its followers, and so takes longest to give up.
    for (const name of others) scene.network.setLink(name, old, { delayMs: 450 });
    await scene.run(1_000);
    readers.connect();
    readers.begin(REGIONAL);
    for (const name of others) scene.network.setLink(old, name, { cut: true });
    await scene.until("there is another leader", () => group.leader !== leader);
    await writeOn(scene, readers, writer, scene.clock.nowMs() + 2_000);
    expect(readers.answers).toBeGreaterThan(10);
  }
});

test("a strict read within a lease asks nobody, and has to when the lease is over", async () => {
  for (const reads of ["lease", undefined] as const) {
    const timing = { ...groupTiming, ...(reads && { reads }) };
    const { scene, group, leader } = await started(8, 0, timing);
    const client = new SessionClient(scene, "client", 7, 60_000);
    await client.open(leader.place.node);
    await scene.answered(client.create(`${root}/a`, "0"));
    await scene.run(500);
    for (const { place } of group.followers) {
      scene.network.setLink(place.node, leader.place.node, { cut: true });
    }
    const first = client.get(`${root}/a`, STRICT);
    await scene.run(100);
    expect(first.response !== undefined).toBe(reads === "lease");
    await scene.run(timing.leaseTicks * timing.tickMs * 0.8);
    const second = client.get(`${root}/a`, STRICT);
    await scene.run(50);
    expect(second.response).toBeUndefined();
  }
});

test("a read sees the writes that its session issued before it", async () => {
  const { scene, group } = await started(5);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  const client = new SessionClient(scene, "client", 7);
  await client.open(follower.place.node);
  const create = client.create(`${root}/a`, "0");
  const reads = [client.get(`${root}/a`, EVENTUAL)];
  const sets = [1, 2, 3].map((value) => {
    const set = client.set(`${root}/a`, String(value));
    reads.push(client.get(`${root}/a`, EVENTUAL));
    return set;
  });
  await scene.answered(create, ...sets, ...reads);
  for (const [value, read] of reads.entries()) {
    expect(Number(textOf(read))).toBeGreaterThanOrEqual(value);
  }
});

test("a ping is answered at once, also while writes wait for a leader", async () => {
  const { scene, group, leader } = await started(6);
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  for (const { place } of group.followers) group.crash(place.node);
  const write = client.create(`${root}/a`);
  const ping = client.ask({ ping: {} });
  await scene.run(100);
  expect(ping.response).toBeDefined();
  expect(write.response).toBeUndefined();
});

test("reads that wait behind a write keep their own deadlines", async () => {
  const { scene, group, leader } = await started(7);
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  for (const { place } of group.followers) group.crash(place.node);
  const write = client.write({ create: { path: `${root}/a` }, deadlineMs: 900 });
  const read = client.ask({ get: { path: root }, consistency: STRICT, deadlineMs: 500 });
  await scene.run(1_500);
  expect(codeOf(write)).toBe("UNKNOWN");
  expect(codeOf(read)).toBe("REGION_UNAVAILABLE");
});

test("many large answers come in frames that the network takes, all of them", async () => {
  const { scene, leader } = await started(8);
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  await scene.answered(client.create(`${root}/large`, "x".repeat(1_000_000)));
  const reads = Array.from({ length: 40 }, () => client.get(`${root}/large`, EVENTUAL));
  await scene.answered(...reads);
  expect(reads.every((read) => codeOf(read) === "")).toBe(true);
  expect(client.over).toBe(false);
});

test("a read waits for what its token has seen, or says that it is behind", async () => {
  const { scene, group, leader } = await started(10, 1);
  const writer = new SessionClient(scene, "writer", 7);
  await writer.open(leader.place.node);
  const observer = group.names.at(-1) ?? "";
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open(observer);
  scene.network.setLink(leader.place.node, observer, { delayMs: 300 });
  const create = writer.create(`${root}/a`, "1");
  await scene.answered(create);
  const after = [{ cluster: "us-west", incarnation: 1, index: create.response?.index ?? 0 }];
  const request = { get: { path: `${root}/a` }, consistency: EVENTUAL, after };
  const [early, late] = [100, 5_000].map((deadlineMs) => reader.ask({ ...request, deadlineMs }));
  if (early === undefined || late === undefined) throw new Error("two reads");
  await scene.answered(early, late);
  expect(codeOf(early)).toBe("STALE");
  expect(textOf(late)).toBe("1");
});

test("a member that has yet to get its data back does not say who owns what", async () => {
  const { scene, group, leader } = await started(12);
  const writer = new SessionClient(scene, "writer", 7, 60_000);
  await writer.open(leader.place.node);
  await scene.answered(writer.create(`${root}/a`, "1"));
  const [name = ""] = group.followers.map(({ place }) => place.node);
  group.crash(name);
  scene.network.setLink(leader.place.node, name, { delayMs: 300 });
  while (!(group.runs(name) && group.life(name).storage.member.recovering)) {
    if (group.runs(name)) group.crash(name);
    group.disk(name)?.flipBit(scene.random);
    await group.boot(name);
  }
  const member = group.member(name);
  await scene.until("it knows a leader", () => member.leader !== undefined);
  expect(member.tree.cluster).toBe("");
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open(name);
  const request = { get: { path: `${root}/a` }, consistency: STRICT };
  const [early, late] = [50, 5_000].map((deadlineMs) => reader.ask({ ...request, deadlineMs }));
  if (early === undefined || late === undefined) throw new Error("two reads");
  const channel = scene.network.openChannel("tool", name);
  const write = channel.execute({ create: { path: `${root}/b` } });
  await expect(scene.clock.settled(write)).rejects.toMatchObject({ code: "NOT_LEADER" });
  channel.close();
  await scene.answered(early, late);
  expect([codeOf(early), textOf(late)]).toEqual(["REGION_UNAVAILABLE", "1"]);
});

test("a token of an abandoned history, and one of a later one, are told apart", async () => {
  const { scene, leader } = await started(11);
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open(leader.place.node);
  const [old, later] = [0, 2].map((incarnation) =>
    reader.ask({
      get: { path: root },
      consistency: EVENTUAL,
      deadlineMs: 500,
      after: [{ cluster: "us-west", incarnation, index: 1 }],
    }),
  );
  if (old === undefined || later === undefined) throw new Error("two reads");
  await scene.answered(old, later);
  expect([codeOf(old), codeOf(later)]).toEqual(["CAUSALITY_LOST", "STALE"]);
});
