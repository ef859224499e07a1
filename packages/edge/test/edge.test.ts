import { EdgeObserver } from "@meridian/edge";
import { RegionalMember } from "@meridian/region";
import { type GroupMemberOptions, memberLimits, silentLog } from "@meridian/replica";
import {
  codeOf,
  type Group,
  type GroupOptions,
  NodeClock,
  type Part,
  Scene,
  SessionClient,
  textOf,
} from "@meridian/replica/harness";
import type { Position, Tree } from "@meridian/tree";
import { Consistency, OpenOutcome, WatchKind } from "@meridian/wire";
import { expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

const plans = ["eu-west", "us-west"].map((cluster) => ({ cluster, voters: 3 }));
const { EVENTUAL } = Consistency;
const recursive = WatchKind.PERSISTENT_RECURSIVE;
const home = "/regions/us-west";

function regional(scene: Scene): Partial<GroupOptions> {
  return {
    make: (options: GroupMemberOptions): Part => {
      const follow = scene.follow(options.place.node);
      const regionalMember = new RegionalMember({ ...options, follow });
      return {
        member: regionalMember.member,
        services: () => regionalMember.services(),
        stop: () => regionalMember.stop(),
      };
    },
    limits: { snapshotEntries: 200, keptEntries: 50 },
  };
}

/** Two regions that mirror each other, and an edge near us-west. */
async function started(seed: number) {
  const scene = new Scene(seed, plans);
  const [europePlan, westPlan] = plans;
  if (!europePlan || !westPlan) throw new Error("two plans");
  const europe = await scene.group(europePlan, regional(scene));
  const west = await scene.group(westPlan, regional(scene));
  const leaders = [await europe.led(), await west.led()];
  const clients = leaders.map(({ place }, at) => {
    const client = new SessionClient(scene, `client of ${place.region}`, at + 1, 60_000);
    client.connect(place.node);
    return client;
  });
  const [there, here] = clients;
  if (!there || !here) throw new Error("two clients");
  await scene.until("both are open", () => there.isOpen && here.isOpen);
  const edge = startEdge(scene, "edge");
  await scene.until("the edge has its mirror", () => edge.ready);
  return { scene, europe, west, here, there, edge };
}

function startEdge(scene: Scene, node: string): EdgeObserver {
  scene.join(node);
  const edge = new EdgeObserver({
    node,
    region: "us-west",
    version: "0.0.0",
    log: silentLog,
    limits: memberLimits,
    upstreams: ["us-west", "eu-west"],
    topology: scene.topology,
    follow: scene.follow(node),
    clock: new NodeClock(scene.clock, 777777),
    random: scene.random,
    memoryBytes: () => 0,
  });
  scene.network.serve(node, edge.services());
  return edge;
}

/** What two trees hold must be the same: values and versions below some paths. */
function contentOf(tree: Tree | undefined): readonly string[] {
  const content: string[] = [];
  const visit = (path: string): void => {
    const node = tree?.get(path);
    if (node === undefined) return;
    const { version, mzxid, czxid } = node.stat;
    content.push(`${path} ${version} ${czxid} ${mzxid} ${Buffer.from(node.data).toString()}`);
    for (const name of tree?.children(path)?.names ?? []) {
      visit(path === "/" ? `/${name}` : `${path}/${name}`);
    }
  };
  for (const root of ["/regions/us-west", "/regions/eu-west", "/shared"]) visit(root);
  return content;
}

function reached(edge: EdgeObserver, group: Group): boolean {
  return edge.tree.appliedIndex >= (group.leader?.tree.appliedIndex ?? Infinity);
}

test("an edge mirrors its region's view: own zones, others' and eventual ones", async () => {
  const { scene, europe, west, here, there, edge } = await started(1);
  for (let round = 0; round < 20; round += 1) {
    const writes = [
      here.create(`${home}/n${round}`, "1"),
      there.create(`/regions/eu-west/n${round}`, "2"),
      (round % 2 === 0 ? here : there).set("/shared", String(round)),
      here.write({ delete: { path: `${home}/n${round - 3}`, version: -1 } }),
    ];
    await scene.answered(...writes);
  }
  await scene.run(2_000);
  await scene.until("the edge is level", () => reached(edge, west));
  expect(contentOf(edge.tree)).toEqual(contentOf(west.leader?.tree));
  expect(contentOf(edge.tree)).toHaveLength(26);
  expect(europe.fatal.size + west.fatal.size).toBe(0);
});

test("the age that an edge states is true, and grows while its feed is frozen", async () => {
  const { scene, west, here, edge } = await started(2);
  await scene.answered(here.create(`${home}/v`, "0"));
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open("edge");
  await scene.run(1_000);
  await scene.until("the edge is level", () => reached(edge, west));
  const read = async (): Promise<number> => {
    const request = reader.get(`${home}/v`, EVENTUAL);
    await scene.answered(request);
    expect(codeOf(request)).toBe("");
    return request.response?.stalenessMs ?? 0;
  };
  expect(await read()).toBeLessThan(1_500);
  scene.link(["edge"], west.names, { cut: true });
  const cutAtMs = scene.clock.nowMs();
  let before = 0;
  for (let round = 0; round < 8; round += 1) {
    await scene.run(1_000);
    const toldMs = await read();
    expect(toldMs).toBeGreaterThanOrEqual(scene.clock.nowMs() - cutAtMs - 10);
    expect(toldMs).toBeGreaterThan(before);
    before = toldMs;
  }
  const bounded = reader.ask({
    get: { path: `${home}/v` },
    consistency: EVENTUAL,
    maxStalenessMs: 2e3,
  });
  await scene.answered(bounded);
  expect(codeOf(bounded)).toBe("STALE");
  scene.heal();
  await scene.run(8_000);
  expect(await read()).toBeLessThan(1_500);
});

test("no value read at an edge is older than the edge says", async () => {
  const { scene, west, here } = await started(3);
  await scene.answered(here.create(`${home}/v`, "0"));
  const ackedAtMs = [scene.clock.nowMs()];
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open("edge");
  await scene.run(1_000);
  for (let value = 1; value < 200; value += 1) {
    if (value % 25 === 0) {
      const delayMs = Math.floor(scene.random() * 400);
      for (const name of west.names) scene.network.setLink(name, "edge", { delayMs });
    }
    const askedAtMs = scene.clock.nowMs();
    const [set, read] = [here.set(`${home}/v`, String(value)), reader.get(`${home}/v`, EVENTUAL)];
    await scene.answered(set, read);
    ackedAtMs.push(scene.clock.nowMs());
    const toldMs = read.response?.stalenessMs ?? 0;
    const seen = Number(textOf(read));
    expect(ackedAtMs[seen + 1] ?? Infinity).toBeGreaterThanOrEqual(askedAtMs - toldMs);
    await scene.run(Math.floor(scene.random() * 20));
  }
});

test("a watch wanders between an edge and its region without gap or repetition", async () => {
  const { scene, west, here } = await started(4);
  await scene.answered(here.create(`${home}/w`, ""));
  await scene.run(1_000);
  const positions = new Map<string, Position>();
  const seen: string[] = [];
  const watcher = new SessionClient(scene, "watcher", 0);
  let taken = 0;
  const take = (): void => {
    for (; taken < watcher.events.length; taken += 1) {
      const events = watcher.events[taken];
      for (const { data } of events?.events ?? []) seen.push(Buffer.from(data).toString());
      for (const position of events?.positions ?? []) {
        const known = positions.get(position.cluster);
        if ((known?.index ?? 0) < position.index) positions.set(position.cluster, position);
      }
    }
  };
  const move = (node: string): void => {
    take();
    watcher.connect(node);
    const from = [...positions.values()];
    watcher.ask({ watch: { path: `${home}/w`, kind: recursive, withData: true, from } });
  };
  move(west.leader?.place.node ?? "");
  await scene.run(20);
  const wanted: string[] = [];
  for (let round = 0; round < 200; round += 1) {
    wanted.push(String(round));
    here.set(`${home}/w`, String(round));
    await scene.run(Math.floor(scene.random() * 30));
    const others = ["edge", ...west.names];
    if (round % 3 === 0) move(others[Math.floor(scene.random() * others.length)] ?? "edge");
  }
  await scene.run(3_000);
  take();
  expect(seen).toEqual(wanted);
  const refused = watcher.events.filter(({ error }) => error !== undefined);
  expect(refused).toEqual([]);
});

test("an edge does not resume a watch from before its own beginning", async () => {
  const { scene, europe, there } = await started(5);
  const path = "/regions/eu-west/w";
  await scene.answered(there.create(path, "0"));
  await scene.run(1_000);
  const old = europe.leader?.tree.appliedIndex ?? 0;
  for (let value = 1; value < 5; value += 1) await scene.answered(there.set(path, String(value)));
  await scene.run(2_000);
  const late = startEdge(scene, "late");
  await scene.until("the late edge has its mirror", () => late.ready);
  const watcher = new SessionClient(scene, "watcher", 0);
  await watcher.open("late");
  const from = [{ cluster: "eu-west", incarnation: 1, index: old }];
  const watch = watcher.ask({ watch: { path, kind: recursive, from } });
  await scene.answered(watch);
  expect(codeOf(watch)).toBe("COMPACTED");
});

test("an edge goes on at another member when its own fails, without a new snapshot", async () => {
  const { scene, west, here, edge } = await started(6);
  await scene.answered(here.create(`${home}/v`, "0"));
  await scene.until("the edge is level", () => reached(edge, west));
  const { tree } = edge;
  for (const name of west.names) {
    west.crash(name);
    await west.led();
    await scene.run(2_000);
    const client = new SessionClient(scene, `writer ${name}`, 50 + west.names.indexOf(name));
    await client.open(west.leader?.place.node ?? "");
    await scene.answered(client.set(`${home}/v`, name));
    await scene.until("the edge has it", () => textAt(edge, `${home}/v`) === name, 10_000);
    await west.boot(name);
    await west.led();
  }
  expect(edge.tree).toBe(tree);
});

function textAt(edge: EdgeObserver, path: string): string {
  return Buffer.from(edge.tree.get(path)?.data ?? []).toString();
}

test("an edge whose whole region is gone follows the next, and never mixes the two", async () => {
  const { scene, europe, west, here, there, edge } = await started(7);
  await scene.answered(here.create(`${home}/v`, "0"), there.create("/regions/eu-west/v", "0"));
  await scene.run(2_000);
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open("edge");
  scene.link(["edge"], west.names, { cut: true });
  scene.link(["edge"], europe.names, { delayMs: 300 });
  const positions = new Map<string, number>();
  for (let round = 0; round < 300; round += 1) {
    await scene.run(100);
    if (!reader.isOpen) await reader.open("edge");
    const read = reader.get(`${home}/v`, EVENTUAL);
    await scene.until("it is answered", () => read.response !== undefined || reader.over);
    if (read.response === undefined) continue;
    const { cluster = "" } = reader.welcome ?? {};
    const { index } = read.response;
    const of = cluster === "us-west" ? west : europe;
    // An index of one region under the name of the other would lead a client's token astray.
    expect(index).toBeLessThanOrEqual(of.leader?.tree.appliedIndex ?? 0);
    expect(index).toBeGreaterThanOrEqual(positions.get(cluster) ?? 0);
    positions.set(cluster, index);
    expect(codeOf(read)).toBe("");
    const leastMs = cluster === "us-west" && round > 10 ? round * 90 : 0;
    expect(read.response.stalenessMs).toBeGreaterThanOrEqual(leastMs);
  }
  expect([...positions.keys()]).toEqual(["us-west", "eu-west"]);
  expect(edge.place.cluster).toBe("eu-west");
  await scene.answered(here.set(`${home}/v`, "1"));
  await scene.until("it comes by way of the other region", () => textAt(edge, `${home}/v`) === "1");
  expect(edge.ageMs("us-west")).toBeLessThan(5_000);
});

test("an edge goes back to its nearest region when that is back, and not at once", async () => {
  const { scene, west, here, edge } = await started(11);
  await scene.answered(here.create(`${home}/v`, "0"));
  scene.link(["edge"], west.names, { cut: true });
  await scene.until("another region is followed", () => edge.place.cluster === "eu-west");
  scene.link(["edge"], west.names, { cut: false });
  await scene.run(20_000);
  expect(edge.place.cluster).toBe("eu-west");
  await scene.run(20_000);
  expect(edge.place.cluster).toBe("us-west");
  await scene.answered(here.set(`${home}/v`, "1"));
  await scene.run(1_000);
  expect(textAt(edge, `${home}/v`)).toBe("1");
});

test("who follows an edge gets everything that the edge gets", async () => {
  const { scene, west, here, edge } = await started(8);
  scene.join("follower");
  const seen: number[] = [];
  let outcome = 0;
  const channel = scene.network.openChannel("follower", "edge");
  const stream = channel.follow({
    onFrame: (frame) => {
      outcome = frame.opened?.outcome ?? outcome;
      seen.push(...frame.transactions.map(({ index }) => index));
    },
    onClose: () => {},
  });
  const from = { cluster: "us-west", incarnation: 1, index: edge.tree.appliedIndex };
  stream.send({ open: { consumer: "follower", from }, creditBytes: 10_000_000, sentAtMs: 1 });
  await scene.run(100);
  expect(outcome).toBe(OpenOutcome.CONTINUE);
  const created: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const create = here.create(`${home}/n${round}`);
    await scene.answered(create);
    created.push(create.response?.node?.stat?.czxid ?? 0);
    await scene.run(Math.floor(scene.random() * 150));
  }
  await scene.until("the edge is level", () => reached(edge, west));
  await scene.run(1_000);
  expect(seen.filter((index) => created.includes(index))).toEqual(created);
});

test("an edge takes no writes and opens no sessions, and says who does", async () => {
  const { scene } = await started(9);
  const client = new SessionClient(scene, "client", 9);
  client.connect("edge");
  await scene.until("it is sent away", () => client.over);
  expect(client.farewell).toBe("UNSUPPORTED");
  scene.join("tool");
  const channel = scene.network.openChannel("tool", "edge");
  const create = { path: `${home}/a` };
  const answer = channel.execute({ create }, { deadlineMs: 1_000 }).catch((error) => error);
  await expect(scene.clock.settled(answer)).resolves.toMatchObject({ code: "MOVED" });
});

test("nothing is left to happen once an edge and its regions have stopped", async () => {
  const { scene, europe, west, edge } = await started(10);
  edge.stop();
  for (const group of [europe, west]) for (const name of group.names) await group.stop(name);
  await scene.run(60_000);
  expect(scene.clock.pending).toBe(0);
});
