import { Consistency, CreateMode, type MeridianError } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import type { GroupMember } from "../src/index.ts";
import { contactMaxMs } from "../src/session-liveness.ts";
import { codeOf, type Group, groupTiming, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";
const mode = CreateMode.EPHEMERAL;
const eventual = Consistency.EVENTUAL;
/** For so long a new leader allows for what others may have told clients before it led. */
const promisedMs = groupTiming.leaseTicks * groupTiming.tickMs + contactMaxMs;

/** Pings every so often, on whatever node it is connected to, until told to stop. */
function keepAlive(scene: Scene, client: SessionClient, periodMs: number) {
  let sentAtMs = scene.clock.nowMs();
  const state = { lastSignMs: sentAtMs, stop: (): void => cancel() };
  let waiting: ReturnType<SessionClient["ask"]> | undefined;
  const beat = (): void => {
    if (waiting?.response !== undefined) {
      state.lastSignMs = sentAtMs;
      waiting = undefined;
    }
    if (waiting === undefined) {
      sentAtMs = scene.clock.nowMs();
      waiting = client.ask({ ping: {} });
    }
    cancel = scene.clock.after(periodMs, beat);
  };
  let cancel = scene.clock.after(0, beat);
  return state;
}

async function started(seed: number, voters: number = 3, observers: number = 0) {
  const of = { ...plan, voters, observers };
  const scene = new Scene(seed, [of]);
  const group = await scene.group(of);
  const leader = await group.led();
  return { scene, group, leader };
}

function hasSession(group: Group, session: number): boolean {
  return group.leader?.tree.session(session) !== undefined;
}

test("a silent session ends with its ephemerals soon after its timeout", async () => {
  const { scene, group, leader } = await started(1);
  await scene.run(promisedMs);
  const client = new SessionClient(scene, "client", 7, 2_000);
  await client.open(leader.place.node);
  await scene.answered(client.create(`${root}/e`, "", mode));
  const lastSignMs = scene.clock.nowMs();
  await scene.until("the session is gone", () => !hasSession(group, 7));
  expect(scene.clock.nowMs() - lastSignMs).toBeGreaterThanOrEqual(2_000);
  expect(scene.clock.nowMs() - lastSignMs).toBeLessThan(3_000);
  expect(group.leader?.tree.stat(`${root}/e`)).toBeUndefined();
  await scene.until("the client hears of it", () => client.over);
  expect(client.farewell).toBe("SESSION_EXPIRED");
});

/** What a node says to every kind of call that asks for no more than a look at its data. */
async function looksAt(scene: Scene, node: string) {
  const stream = new SessionClient(scene, "looker", 0);
  stream.connect(node);
  const channel = scene.network.openChannel("looker", node);
  const read = { get: { path: root }, consistency: eventual };
  const outcome = (result: Promise<unknown>): Promise<string> =>
    scene.clock.settled(
      result.then(
        () => "",
        (error: unknown) => (error as MeridianError).code,
      ),
    );
  const answered = await outcome(channel.execute(read));
  const create = { create: { path: `${root}/${node}`, data: Buffer.from("") } };
  const written = await outcome(channel.execute(create));
  await scene.run(1_000);
  channel.close();
  return [stream.farewell ?? "", stream.isOpen, answered, written];
}

test("a node that is not admitted sends everybody elsewhere, and serves once it is", async () => {
  const scene = new Scene(31, [plan]);
  const group = await scene.group(plan, { starts: ["us-west-1", "us-west-2"] });
  const away = ["NOT_LEADER", false, "NOT_LEADER", "NOT_LEADER"];
  for (const name of ["us-west-1", "us-west-2"]) expect(await looksAt(scene, name)).toEqual(away);
  await group.boot("us-west-3");
  await group.led();
  await scene.run(1_000);
  for (const name of group.names) expect(await looksAt(scene, name)).toEqual(["", true, "", ""]);
});

test("a node that lost its data sends everybody elsewhere until there is a leader", async () => {
  const { scene, group } = await started(32);
  const [victim = "", other = "", third = ""] = group.names;
  for (const name of group.names) group.crash(name);
  for (;;) {
    group.disk(victim)?.flipBit(scene.random);
    await group.boot(victim);
    if (group.life(victim).storage.member.recovering) break;
    group.crash(victim);
  }
  const away = ["NOT_LEADER", false, "NOT_LEADER", "NOT_LEADER"];
  expect(await looksAt(scene, victim)).toEqual(away);
  await group.boot(other);
  await group.boot(third);
  await group.led();
  await scene.run(1_000);
  expect(await looksAt(scene, victim)).toEqual(["", true, "", ""]);
});

test("an expired session is never opened again unless the client asks for a new one", async () => {
  const { scene, group, leader } = await started(2);
  const client = new SessionClient(scene, "client", 7, 2_000);
  await client.open(leader.place.node);
  client.hangUp();
  await scene.until("the session is gone", () => !hasSession(group, 7));
  for (const { place } of group.members) {
    client.connect(place.node);
    await scene.until("the client is told", () => client.over);
    expect(client.farewell).toBe("SESSION_EXPIRED");
  }
});

for (const seed of [1, 2, 3]) {
  test(`pings through any member keep a session alive, also across leaders (${seed})`, async () => {
    const { scene, group } = await started(seed + 10, 3, 1);
    const client = new SessionClient(scene, "client", 7, 2_000);
    const observer = group.names.at(-1) ?? "";
    await client.open(observer);
    const { stop } = keepAlive(scene, client, 600);
    for (let round = 0; round < 3; round += 1) {
      await scene.run(5_000);
      const crashed = group.leader?.place.node ?? "";
      group.crash(crashed);
      await scene.run(3_000);
      await group.boot(crashed);
      await group.led();
    }
    stop();
    expect(hasSession(group, 7)).toBe(true);
    expect(client.isOpen).toBe(true);
  });

  test(`three leaders in a row never end a session before its timeout (${seed})`, async () => {
    const { scene, group, leader } = await started(seed + 20);
    const client = new SessionClient(scene, "client", 7, 4_000);
    await client.open(leader.place.node);
    await scene.answered(client.create(`${root}/e`, "", mode));
    client.hangUp();
    let crashed = "";
    let changedMs = 0;
    for (let round = 0; round < 3; round += 1) {
      const next = group.leader?.place.node ?? "";
      group.crash(next);
      if (crashed !== "") await group.boot(crashed);
      crashed = next;
      await group.led();
      changedMs = scene.clock.nowMs();
      await scene.run(1_000);
    }
    await scene.until("the session is gone", () => !hasSession(group, 7));
    expect(scene.clock.nowMs() - changedMs).toBeGreaterThanOrEqual(4_000);
  });

  test(`a client cut off with its member never outlives its session (${seed})`, async () => {
    const { scene, group, leader } = await started(seed + 30, 3, 1);
    const members = [...group.followers, leader];
    const member = members[(seed - 1) % members.length];
    if (member === undefined) throw new Error("no member");
    const client = new SessionClient(scene, "client", 7, 2_000);
    await client.open(member.place.node);
    const pings = keepAlive(scene, client, 100 + Math.floor(scene.random() * 500));
    await scene.run(3_000 + Math.floor(scene.random() * 1_000));
    scene.isolate(member.place.node, "client");
    const others = group.members.filter((other) => other !== member);
    const ended = (): boolean => others.some(({ tree }) => tree.session(7) === undefined);
    await scene.until("the session is gone", ended);
    pings.stop();
    // What the client still believes when it counts from the last sign that was answered.
    expect(scene.clock.nowMs()).toBeGreaterThan(pings.lastSignMs + 2_000);
    await scene.run(5_000);
    expect(client.farewell === undefined ? "silence" : client.farewell).toMatch(
      /NOT_LEADER|silence/,
    );
  });
}

test("a member without its group sends its sessions away and answers old reads", async () => {
  const { scene, group } = await started(3, 3, 1);
  for (const member of group.followers) {
    const client = new SessionClient(scene, `client of ${member.place.node}`, 40);
    const reader = new SessionClient(scene, `reader of ${member.place.node}`, 0);
    await client.open(member.place.node);
    await reader.open(member.place.node);
    scene.isolate(member.place.node, client.address, reader.address);
    await scene.until("the client is sent away", () => client.over);
    expect(client.farewell).toBe("NOT_LEADER");
    const read = reader.get(root, eventual);
    await scene.answered(read);
    expect(codeOf(read)).toBe("");
    expect(read.response?.stalenessMs).toBeGreaterThan(3_000);
    scene.heal();
    await scene.run(2_000);
    client.connect(member.place.node);
    await scene.until("it is welcome again", () => client.isOpen);
    client.frame([], true);
    await scene.until("it left", () => client.over);
  }
});

test("who is sent away without a welcome has had nothing done", async () => {
  const { scene, group, leader } = await started(5);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("nobody follows");
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  client.hangUp();
  scene.isolate(follower.place.node, "client");
  // Too long for the follower to vouch for sessions, and not long enough to refuse them.
  await scene.until("the follower is silent", () => !follower.vouches && follower.serving);
  client.connect(follower.place.node);
  client.create(`${root}/once`);
  await scene.until("it is sent away", () => client.over);
  expect(client.welcome).toBeUndefined();
  scene.heal();
  await scene.run(5_000);
  expect(group.leader?.tree.stat(`${root}/once`)).toBeUndefined();
});

test("who goes on at a member that has lost the leader has what that promises", async () => {
  const { scene, group, leader } = await started(6);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("nobody follows");
  await scene.run(promisedMs);
  const client = new SessionClient(scene, "client", 7, 2_000);
  await client.open(leader.place.node);
  client.hangUp();
  await scene.run(900);
  scene.isolate(follower.place.node, "client");
  await scene.run(1_000);
  const lastSignMs = scene.clock.nowMs();
  client.connect(follower.place.node);
  await scene.until("the follower takes it", () => client.isOpen);
  while (scene.clock.nowMs() < lastSignMs + 2_000) {
    expect(hasSession(group, 7)).toBe(true);
    await scene.run(10);
  }
  await scene.until("the session is gone", () => !hasSession(group, 7));
});

test("a member that has just started promises nothing before it hears a leader", async () => {
  const scene = new Scene(6, [{ ...plan, observers: 0 }]);
  const limits = { snapshotEntries: 4, keptEntries: 2 };
  const group = await scene.group({ ...plan, observers: 0 }, { limits });
  const leader = await group.led();
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("nobody follows");
  const { node } = follower.place;
  const client = new SessionClient(scene, "client", 7, 6_000);
  await client.open(leader.place.node);
  for (let made = 0; made < 10; made += 1) await scene.answered(client.create(`${root}/${made}`));
  await scene.run(500);
  client.hangUp();
  group.crash(node, 0);
  scene.isolate(node, "client");
  // Shortly before the client calls its session expired, and the leader does.
  await scene.run(5_300);
  await group.boot(node);
  expect(group.life(node).part.member.tree.session(7)).toBeDefined();
  client.connect(node);
  await scene.until("it is sent away", () => client.over);
  expect(client.welcome).toBeUndefined();
});

test("a leader that does not hear of its successor promises no more than that allows", async () => {
  const { scene, group, leader } = await started(6);
  await scene.run(promisedMs);
  const client = new SessionClient(scene, "client", 7, 2_000);
  await client.open(leader.place.node);
  const life = keepAlive(scene, client, 50);
  await scene.run(500);
  const [successor = ""] = group.followers.map(({ place }) => place.node);
  for (const { place } of group.followers) {
    scene.network.setLink(place.node, leader.place.node, { cut: true });
  }
  leader.replica.transferLeadership(successor);
  const heir = (): GroupMember => group.life(successor).part.member;
  await scene.until("it is succeeded", () => heir().replica.isSettled);
  expect(leader.replica.isLeader).toBe(true);
  await scene.until("the session is gone", () => heir().tree.session(7) === undefined);
  expect(scene.clock.nowMs() - life.lastSignMs).toBeGreaterThanOrEqual(2_000);
  life.stop();
});

test("a leader that was stopped for long does not call everybody silent", async () => {
  const { scene, group } = await started(4, 1);
  const client = new SessionClient(scene, "client", 7, 2_000);
  await client.open(group.names[0] ?? "");
  const { stop } = keepAlive(scene, client, 500);
  for (const offsetMs of [2_000, 70, 130, 190, 240]) {
    await scene.run(offsetMs);
    scene.clock.jump(10_000);
    await scene.run(3_000);
    expect(hasSession(group, 7)).toBe(true);
  }
  stop();
});

test("a session closed by its owner goes with its ephemerals, after its last writes", async () => {
  const { scene, group, leader } = await started(5);
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader.place.node);
  const last = client.create(`${root}/e`, "", mode);
  client.frame([], true);
  await scene.until("the stream ended", () => client.over);
  expect([codeOf(last), client.farewell]).toEqual(["", "SESSION_EXPIRED"]);
  expect(group.leader?.tree.stat(`${root}/e`)).toBeUndefined();
  expect(hasSession(group, 7)).toBe(false);
});

test("a session has one stream at a node: the older one is told", async () => {
  const { scene, leader } = await started(6);
  const [first, second] = [7, 7].map((id, at) => new SessionClient(scene, `client ${at}`, id));
  if (first === undefined || second === undefined) throw new Error("two clients");
  await first.open(leader.place.node);
  await second.open(leader.place.node);
  await scene.until("the first is told", () => first.over);
  expect(first.farewell).toBe("NOT_LEADER");
});

test("nobody gets into a session without its secret, nor drives its owner out", async () => {
  const { scene, group, leader } = await started(7);
  const owner = new SessionClient(scene, "owner", 7);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  await owner.open(leader.place.node);
  for (const node of [leader.place.node, follower.place.node]) {
    const thief = new SessionClient(scene, `thief at ${node}`, 7);
    // The follower knows nothing of the session yet.
    scene.link([leader.place.node], [follower.place.node], { delayMs: 300 });
    thief.connect(node, Buffer.alloc(16, 99));
    const stolen = thief.create(`${root}/stolen`);
    await scene.until("the thief is sent away", () => thief.over);
    expect(thief.farewell).toBe("PERMISSION_DENIED");
    expect(stolen.response).toBeUndefined();
  }
  await scene.run(2_000);
  expect(leader.tree.stat(`${root}/stolen`)).toBeUndefined();
  expect(owner.isOpen).toBe(true);
});

test("a thief is kept out of a session that its node has not heard of yet", async () => {
  const { scene, group, leader } = await started(8);
  const [follower] = group.followers;
  if (follower === undefined) throw new Error("no follower");
  const owner = new SessionClient(scene, "owner", 7);
  scene.network.setLink(leader.place.node, follower.place.node, { delayMs: 200 });
  await owner.open(leader.place.node);
  const thief = new SessionClient(scene, "thief", 7);
  expect(follower.tree.session(7)).toBeUndefined();
  thief.connect(follower.place.node, Buffer.alloc(16, 99));
  thief.create(`${root}/stolen`);
  await scene.until("the thief is sent away", () => thief.over);
  expect(thief.farewell).toBe("PERMISSION_DENIED");
  await scene.run(2_000);
  expect(leader.tree.stat(`${root}/stolen`)).toBeUndefined();
});

test("streams that ended while they were being opened leave nothing behind", async () => {
  const { scene, leader } = await started(9);
  const gone = new SessionClient(scene, "gone", 7);
  gone.connect(leader.place.node);
  await scene.run(1);
  gone.hangUp();
  await scene.run(1_000);
  expect(leader.sessions.connections).toBe(0);
  const next = new SessionClient(scene, "next", 7);
  await next.open(leader.place.node);
  await scene.run(1_000);
  expect(next.isOpen).toBe(true);
});
