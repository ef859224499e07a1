import type { GroupMemberOptions } from "@meridian/replica";
import {
  type Group,
  type GroupOptions,
  type Part,
  Scene,
  SessionClient,
  textOf,
} from "@meridian/replica/harness";
import { RegionalMember } from "@meridian/region";
import type { Tree } from "@meridian/tree";
import { Consistency, CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

const plans = ["global", "eu-west", "us-west"].map((cluster) => ({ cluster, voters: 3 }));
const { EVENTUAL, REGIONAL, STRICT } = Consistency;

/** Makes members of a region that can follow others, and remembers them by name. */
function regional(scene: Scene, members: Map<string, RegionalMember>): Partial<GroupOptions> {
  return {
    make: (options: GroupMemberOptions): Part => {
      const { node } = options.place;
      const regionalMember = new RegionalMember({ ...options, follow: scene.follow(node) });
      members.set(node, regionalMember);
      return {
        member: regionalMember.member,
        services: () => regionalMember.services(),
        stop: () => regionalMember.stop(),
      };
    },
    limits: { snapshotEntries: 200, keptEntries: 50 },
  };
}

async function started(seed: number) {
  const scene = new Scene(seed, plans);
  const members = new Map<string, RegionalMember>();
  const [globalPlan, europePlan, westPlan] = plans;
  if (!globalPlan || !europePlan || !westPlan) throw new Error("three plans");
  const global = await scene.group(globalPlan, {
    limits: { snapshotEntries: 200, keptEntries: 50 },
  });
  const europe = await scene.group(europePlan, regional(scene, members));
  const west = await scene.group(westPlan, regional(scene, members));
  for (const group of [global, europe, west]) await group.led();
  return { scene, members, global, europe, west };
}

async function clientOf(scene: Scene, group: Group, session: number): Promise<SessionClient> {
  const leader = await group.led();
  const client = new SessionClient(scene, `client ${session}`, session, 60_000);
  await client.open(leader.place.node);
  return client;
}

/** What a tree holds below a path: names, versions and data. */
function contentOf(tree: Tree | undefined, path: string): Record<string, string> {
  const content: Record<string, string> = {};
  const visit = (at: string): void => {
    const node = tree?.get(at);
    if (node === undefined) return;
    content[at] = `${node.stat.version} ${node.stat.mzxid} ${Buffer.from(node.data).toString()}`;
    for (const name of tree?.children(at)?.names ?? []) visit(`${at}/${name}`);
  };
  visit(path);
  return content;
}

/** Writes that show when one was passed over or done twice: counters and sequences. */
function churn(root: string, count: number) {
  return Array.from({ length: count }, (_, at) =>
    at % 3 === 0
      ? { create: { path: `${root}/n`, mode: CreateMode.PERSISTENT_SEQUENTIAL } }
      : { set: { path: root, data: Buffer.from(String(at)), version: -1 } },
  );
}

test("what a region writes crosses once to each other region, packed", async () => {
  const scene = new Scene(5, plans);
  const members = new Map<string, RegionalMember>();
  const groups: Group[] = [];
  for (const plan of plans) {
    const isGlobal = plan.cluster === "global";
    const group = await scene.group(plan, isGlobal ? {} : regional(scene, members));
    groups.push(group);
    await group.led();
  }
  const [, europe, west] = groups;
  if (europe === undefined || west === undefined) throw new Error("three groups");
  const client = await clientOf(scene, europe, 9);
  await scene.answered(client.create("/regions/eu-west/x"));
  await scene.run(3_000);
  const crossed = (): number => {
    const links = [...scene.network.traffic()];
    const far = links.filter((link) => link.from.startsWith("eu-") && link.to.startsWith("us-"));
    return far.reduce((sum, { bytes }) => sum + bytes, 0);
  };
  const before = crossed();
  const data = Buffer.alloc(500, "an order of two books and a pen; ");
  const operations = Array.from({ length: 200 }, (_, at) => {
    return { create: { path: `/regions/eu-west/x/order-${at}`, data } };
  });
  await scene.answered(...client.writeAll(operations));
  const arrived = (): boolean => {
    return west.members.every(
      ({ tree }) => tree.children("/regions/eu-west/x")?.names.length === 200,
    );
  };
  await scene.until("all members elsewhere have it", arrived);
  expect(crossed() - before).toBeGreaterThan(0);
  expect(crossed() - before).toBeLessThan(0.4 * operations.length * data.byteLength);
});

test("a region without a global tier is not cut off from anything", async () => {
  const alone = { cluster: "eu-west", voters: 3 };
  const scene = new Scene(4, [alone]);
  const members = new Map<string, RegionalMember>();
  const group = await scene.group(alone, regional(scene, members));
  await group.led();
  await scene.run(30_000);
  for (const { member, partitionEvents } of members.values()) {
    expect(member.status().partitionState).toBe("CONNECTED");
    expect(partitionEvents).toEqual([]);
  }
});

for (const seed of [1, 2, 3]) {
  test(`a region mirrors others exactly, through leader changes (${seed})`, async () => {
    const { scene, global, europe, west } = await started(seed);
    const strict = await clientOf(scene, global, 1);
    const other = await clientOf(scene, europe, 2);
    const roots = { global: "/global/x", europe: "/regions/eu-west/x" };
    await scene.answered(strict.create(roots.global), other.create(roots.europe));
    const events = new Map<string, number>();
    for (const { replica } of west.members) {
      replica.listen({
        onApplied: (index, { transactions }) => {
          for (const { origin, index: at } of transactions) {
            if (origin === "us-west") continue;
            const key = `${replica.status().id} ${origin}/${at}`;
            if (index > 0) events.set(key, (events.get(key) ?? 0) + 1);
          }
        },
      });
    }
    for (let round = 0; round < 6; round += 1) {
      const group = [west, west, europe, west, global, west][round] ?? west;
      const writes = [
        ...strict.writeAll(churn(roots.global, 30)),
        ...other.writeAll(churn(roots.europe, 30)),
      ];
      await scene.run(Math.floor(scene.random() * 40));
      const name = (await group.led()).place.node;
      group.crash(name);
      await scene.run(Math.floor(scene.random() * 3_000));
      await group.boot(name);
      for (const [client, of] of [
        [strict, global],
        [other, europe],
      ] as const) {
        if (client.isOpen) continue;
        client.connect((await of.led()).place.node);
      }
      await scene.answered(...writes);
    }
    const wanted = [
      contentOf(global.leader?.tree, roots.global),
      contentOf(europe.leader?.tree, roots.europe),
    ];
    const level = (): boolean =>
      west.members.every(
        ({ tree }) =>
          Object.keys(contentOf(tree, roots.global)).length === 61 &&
          Object.keys(contentOf(tree, roots.europe)).length === 61,
      );
    await scene.until("the mirrors have everything", level, 20_000);
    await scene.run(1_000);
    for (const { tree } of west.members) {
      expect(contentOf(tree, roots.global)).toEqual(wanted[0]);
      expect(contentOf(tree, roots.europe)).toEqual(wanted[1]);
    }
    // In the life of one member no transaction is applied twice.
    expect([...events.values()].filter((count) => count > 1)).toEqual([]);
  });
}

test("mirrors go on within a second when their region changes its leader", async () => {
  const { scene, global, west } = await started(4);
  const strict = await clientOf(scene, global, 1);
  await scene.answered(strict.create("/global/x"));
  const root = "/global/x";
  for (let round = 0; round < 5; round += 1) {
    strict.writeAll(churn(root, 200));
    await scene.run(3);
    const name = west.leader?.place.node ?? "";
    west.crash(name);
    const leader = await west.led();
    await scene.run(1_000);
    const index = global.leader?.tree.appliedIndex ?? 0;
    await scene.until(
      "the mirror is level",
      () => (leader.tree.cursors().get("global")?.index ?? 0) >= index - 5,
      1_000,
    );
    await west.boot(name);
  }
  expect(west.members).toHaveLength(3);
});

test("two regions that write the same path converge, cut off from each other or not", async () => {
  for (const seed of [5, 6, 7]) {
    const { scene, europe, west } = await started(seed);
    const clients = [await clientOf(scene, europe, 1), await clientOf(scene, west, 2)];
    const groups = [europe, west];
    await scene.answered(...clients.map((client) => client.create("/shared/a", "0")));
    for (let round = 0; round < 8; round += 1) {
      const cut = round % 2 === 0;
      scene.link(europe.names, west.names, { cut });
      for (const [place, client] of clients.entries()) {
        const value = `${place} ${round}`;
        const writes = [
          client.set("/shared/a", value),
          client.create(`/shared/${place}-${round}`, value),
          client.write({ delete: { path: `/shared/${1 - place}-${round - 1}`, version: -1 } }),
        ];
        await scene.run(Math.floor(scene.random() * 200));
        void writes;
      }
      await scene.run(Math.floor(scene.random() * 6_000));
    }
    scene.heal();
    const digests = (): Set<string> =>
      new Set(groups.flatMap((of) => of.members.map(({ tree }) => tree.eventualDigest("/shared"))));
    await scene.run(3_000);
    await scene.until(`all converge (seed ${seed})`, () => digests().size === 1, 20_000);
    expect(contentOfValues(europe)).toEqual(contentOfValues(west));
  }
});

function contentOfValues(group: Group): readonly string[] {
  const tree = group.leader?.tree;
  return (tree?.children("/shared")?.names ?? []).map(
    (name) => `${name} ${Buffer.from(tree?.get(`/shared/${name}`)?.data ?? []).toString()}`,
  );
}

test("a region that was away for long begins its mirrors anew", async () => {
  const { scene, members, global, west } = await started(8);
  const strict = await clientOf(scene, global, 1);
  const own = await clientOf(scene, west, 2);
  await scene.answered(strict.create("/global/x"), own.create("/regions/us-west/y"));
  await scene.run(1_000);
  scene.link(west.names, global.names, { cut: true });
  for (let round = 0; round < 8; round += 1) {
    await scene.answered(...strict.writeAll(churn("/global/x", 100)));
    await scene.answered(...own.writeAll(churn("/regions/us-west/y", 10)));
  }
  await scene.run(8_000);
  const leader = members.get(west.leader?.place.node ?? "");
  expect(leader?.member.partitionState()).toBe("ISOLATED");
  expect(leader?.member.ageMs("global")).toBeGreaterThan(8_000);
  // Whoever of the global tier comes back has only a snapshot of that time.
  for (const name of global.names) {
    global.crash(name);
    await global.boot(name);
    await global.led();
  }
  scene.heal();
  const wanted = (): Record<string, string> => contentOf(global.leader?.tree, "/global/x");
  const level = (): boolean => {
    const mirror = contentOf(west.leader?.tree, "/global/x");
    return Object.keys(mirror).length === Object.keys(wanted()).length;
  };
  await scene.until("the mirror has everything", level, 30_000);
  await scene.run(2_000);
  expect(contentOf(west.leader?.tree, "/global/x")).toEqual(wanted());
  // Before the cut the first mirrors may have been late.
  expect(leader?.partitionEvents.slice(-4).map(({ state }) => state)).toEqual([
    "SUSPECT",
    "ISOLATED",
    "HEALING",
    "CONNECTED",
  ]);
});

test("what a region says of its mirrors' age is true while the origin is cut", async () => {
  const { scene, global, west } = await started(9);
  const old = global.leader?.place.node ?? "";
  const others = global.names.filter((name) => name !== old);
  const strict = new SessionClient(scene, "strict", 1, 60_000);
  await strict.open(others[0] ?? "");
  await scene.answered(strict.create("/global/x", "0"));
  const ackedAtMs = [scene.clock.nowMs()];
  const reader = new SessionClient(scene, "reader", 0);
  await reader.open(west.leader?.place.node ?? "");
  scene.link([old], [...others, "strict"], { cut: true });
  const untilMs = scene.clock.nowMs() + 15_000;
  const told: number[] = [];
  while (scene.clock.nowMs() < untilMs) {
    told.push(await trueAge(scene, reader, ackedAtMs));
    if (!strict.isOpen) strict.connect(others[ackedAtMs.length % 2] ?? "");
    const write = strict.set("/global/x", String(ackedAtMs.length));
    await scene.until("it ended", () => write.response !== undefined || strict.over);
    if (write.response !== undefined) ackedAtMs.push(scene.clock.nowMs());
    await scene.run(100);
  }
  expect(ackedAtMs.length).toBeGreaterThan(50);
  // It has left the producer that was cut off: the mirror is fresh again at the end.
  expect(Math.max(...told)).toBeGreaterThan(1_000);
  expect(told.at(-1)).toBeLessThan(1_500);
});

/** Reads a mirrored counter: the age that is told is not less than what it lacks is old. */
async function trueAge(
  scene: Scene,
  reader: SessionClient,
  ackedAtMs: readonly number[],
): Promise<number> {
  const read = reader.get("/global/x", REGIONAL);
  const askedAtMs = scene.clock.nowMs();
  await scene.answered(read);
  const seen = Number(textOf(read));
  const toldMs = read.response?.stalenessMs ?? 0;
  expect(ackedAtMs[seen + 1] ?? Infinity).toBeGreaterThanOrEqual(askedAtMs - toldMs);
  return toldMs;
}

test("a cut-off region serves its eventual zones, whatever a token says of others", async () => {
  const { scene, global, west } = await started(10);
  const strict = await clientOf(scene, global, 1);
  const own = await clientOf(scene, west, 2);
  scene.link(west.names, global.names, { cut: true });
  const written = strict.create("/global/x");
  await scene.answered(written);
  const after = [{ cluster: "global", incarnation: 1, index: written.response?.index ?? 0 }];
  const create = own.create("/shared/a", "1");
  const read = own.ask({ get: { path: "/shared/a" }, consistency: REGIONAL, after });
  const sync = own.ask({ sync: { path: "/shared/a" } });
  await scene.answered(create, read, sync);
  expect(read.response?.error).toBeUndefined();
  expect(sync.response?.error).toBeUndefined();
});

test("a token that names a place where nothing changed holds no mirror up", async () => {
  const { scene, global, europe, west } = await started(13);
  const strict = await clientOf(scene, global, 1);
  await scene.answered(strict.create("/global/x", "0"));
  // Sessions come and go: entries of the origin's log that change nothing for its mirrors.
  for (const session of [2, 3]) await clientOf(scene, global, session);
  const read = strict.get("/global/x", STRICT);
  await scene.answered(read);
  const index = read.response?.index ?? 0;
  expect(index).toBeGreaterThan(west.leader?.tree.cursors().get("global")?.index ?? Infinity);
  const after = [{ cluster: "global", incarnation: 1, index }];
  const askedAtMs = scene.clock.nowMs();
  for (const name of [...west.names, ...europe.names]) {
    const reader = new SessionClient(scene, `reader at ${name}`, 0);
    await reader.open(name);
    const mirrored = reader.ask({ get: { path: "/global/x" }, consistency: REGIONAL, after });
    await scene.answered(mirrored);
    expect(textOf(mirrored)).toBe("0");
  }
  expect(scene.clock.nowMs() - askedAtMs).toBeLessThan(2_000);
});

test("an eventual read says how old the oldest region's part of it may be", async () => {
  const { scene, europe, west } = await started(11);
  const own = await clientOf(scene, west, 2);
  await scene.answered(own.create("/shared/a", "1"));
  await scene.run(2_000);
  const before = own.get("/shared/a", EVENTUAL);
  await scene.answered(before);
  scene.link(west.names, europe.names, { cut: true });
  await scene.run(10_000);
  const after = own.get("/shared/a", EVENTUAL);
  const bounded = own.ask({
    get: { path: "/shared/a" },
    consistency: EVENTUAL,
    maxStalenessMs: 900,
  });
  await scene.answered(after, bounded);
  expect(before.response?.stalenessMs).toBeLessThan(1_500);
  expect(after.response?.stalenessMs).toBeGreaterThanOrEqual(10_000);
  expect(bounded.response?.error).toBeDefined();
});

test("nothing is left to happen once all have stopped", async () => {
  const { scene, global, europe, west } = await started(12);
  for (const group of [global, europe, west]) {
    for (const name of group.names) await group.stop(name);
  }
  await scene.run(60_000);
  expect(scene.clock.pending).toBe(0);
});
