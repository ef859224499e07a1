/** An operator puts one voter group in force when the others are lost. */
import { forkOf } from "@meridian/replica";
import {
  type Encodable,
  type IChangeFrame,
  type IForcePromoteResponse,
  type IPosition,
  type MeridianError,
  OpenOutcome,
} from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, type Group, type Life, Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = {
  cluster: "global",
  voters: 0,
  groups: [
    { name: "primary", region: "us-east", voters: 3 },
    { name: "secondary", region: "eu-central", voters: 3 },
    { name: "witness", region: "us-central", voters: 3, witness: true },
  ],
};
const region = "eu-central";

function of(group: Group, name: string): readonly string[] {
  return group.names.filter((node) => node.startsWith(name));
}

async function started(seed: number, limits = {}) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan, { limits });
  await group.led();
  for (const name of of(group, "primary")) {
    if (group.leader?.place.node.startsWith("primary") === true) break;
    group.leader?.replica.transferLeadership(name);
    await scene.run(3_000);
  }
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 600_000);
  await client.open(leader.place.node);
  // All know each other.
  await scene.run(20_000);
  return { scene, group, client };
}

function promote(life: Life): Promise<Encodable<IForcePromoteResponse>> {
  const { admin } = life.part.services();
  const answer = admin?.forcePromote?.({ region, acceptLoss: true }, {
    address: "operator",
  } as never);
  if (answer === undefined) throw new Error("it cannot be promoted");
  return Promise.resolve(answer);
}

async function promoted(scene: Scene, group: Group, at: string): Promise<void> {
  const { incarnation, members } = await scene.clock.settled(promote(group.life(at)));
  expect(incarnation).toBe(2);
  expect(members?.length).toBeGreaterThanOrEqual(2);
  await scene.until("it leads", () => group.leader?.incarnation === 2 && group.leader.ready);
}

/** Cuts the secondary off with what it has, and has the rest acknowledge more. */
async function parted(seed: number, limits = {}) {
  const { scene, group, client } = await started(seed, limits);
  await scene.answered(client.create("/global/shared", "1"));
  await group.level();
  scene.isolate(...of(group, "secondary"));
  const lost = Array.from({ length: 10 }, (_, at) => client.create(`/global/lost-${at}`, "2"));
  await scene.answered(...lost);
  expect(lost.map(codeOf)).toEqual(lost.map(() => ""));
  await scene.run(5_000);
  return { scene, group, client };
}

for (const seed of [1, 2, 3]) {
  test(`a group that is put in force serves, and the others are refused (${seed})`, async () => {
    const { scene, group } = await parted(seed);
    await promoted(scene, group, "secondary-2");
    const leader = group.leader?.place.node ?? "";
    const reader = new SessionClient(scene, "reader", 8, 600_000);
    await reader.open(leader);
    expect(reader.welcome?.incarnation).toBe(2);
    const write = reader.create("/global/after", "3");
    await scene.answered(write);
    expect(codeOf(write)).toBe("");
    expect(namesAt(group)).toContain("shared");
    expect(namesAt(group)).not.toContain("lost-0");
    const fork = group.leader && forkOf(group.leader.replica.configuration);
    expect(fork?.last?.index).toBeGreaterThan(0);

    // The old side is still alive, and comes back.
    scene.heal();
    await scene.until("all are of the new incarnation", () =>
      group.names.every((name) => group.runs(name) && group.member(name).incarnation === 2),
    );
    await scene.run(10_000);
    for (const name of of(group, "primary")) {
      const lines = group.divergences.get(`${name}/divergence/global-1.jsonl`) ?? [];
      const paths = lines.filter((line) => line.includes("/global/lost-"));
      expect(paths).toHaveLength(10);
      expect(JSON.parse(lines.at(-1) ?? "{}")).toMatchObject({
        entries: lines.length - 1,
        incarnation: 1,
        unlisted: 0,
      });
      expect(group.member(name).replica.soft.role).toBe("learner");
      expect(group.member(name).status()).toMatchObject({
        state: "waiting",
        admission: "to be added: incarnation 1, which it was of, was abandoned",
      });
    }
    expect(namesAt(group)).not.toContain("lost-0");
    expect(group.leader?.place.node.startsWith("secondary")).toBe(true);
    const strangers = of(group, "secondary").map((name) => group.member(name).status().strangers);
    expect(Math.max(...strangers.map(Number))).toBeGreaterThan(0);
    const next = reader.create("/global/next", "4");
    await scene.answered(next);
    expect(codeOf(next)).toBe("");
  });
}

test("a voter of the group that was away comes back into the new incarnation", async () => {
  const { scene, group } = await started(4);
  group.crash("secondary-3");
  for (const name of [...of(group, "primary"), ...of(group, "witness")]) group.crash(name);
  await scene.run(10_000);
  await promoted(scene, group, "secondary-1");
  await scene.run(5_000);
  await group.boot("secondary-3");
  await scene.until("it is one of them", () => {
    return group.runs("secondary-3") && group.member("secondary-3").incarnation === 2;
  });
  await group.level();
  // Its vote counts.
  group.crash("secondary-1");
  await group.led();
  const digests = group.members.map(({ tree }) => tree.digest());
  await group.level();
  expect(new Set(digests).size).toBe(1);
});

test("members of the new incarnation start again as such", async () => {
  const { scene, group } = await parted(5, { snapshotEntries: 5, keptEntries: 2 });
  await promoted(scene, group, "secondary-1");
  await scene.run(5_000);
  for (const name of of(group, "secondary")) group.crash(name);
  for (const name of of(group, "secondary")) await group.boot(name);
  await scene.until("it leads", () => group.leader?.incarnation === 2 && group.leader.ready);
  expect(group.leader?.tree.incarnation).toBe(2);
});

/** How a change stream from this position is answered. */
function opened(life: Life, from: IPosition): Encodable<IChangeFrame>["opened"] {
  const frames: Encodable<IChangeFrame>[] = [];
  const { changes } = life.part.services();
  const handler = changes?.follow(
    {
      bufferedBytes: 0,
      send: (frame: Encodable<IChangeFrame>) => frames.push(frame),
      close: () => undefined,
    } as never,
    { address: "consumer" } as never,
  );
  const open = { consumer: "consumer", from, prefixes: [], region: "" };
  handler?.onFrame({ open, creditBytes: 1_000, sentAtMs: 1 } as never);
  return frames[0]?.opened;
}

test("who followed the abandoned history hears how far it counts, and goes on there", async () => {
  const { scene, group } = await parted(6);
  const position = { cluster: "global", incarnation: 1 };
  const abandoned = group.members.map(({ tree }) => tree.appliedIndex);
  const index = Math.max(...abandoned);
  await promoted(scene, group, "secondary-1");
  await scene.until("it knows where they parted", () => group.leader?.parting !== undefined);
  const leader = group.leader;
  if (leader === undefined) throw new Error("nobody leads");
  const shared = leader.parting?.index ?? 0;
  expect(shared).toBeGreaterThan(0);
  expect(shared).toBeLessThan(index);
  const life = group.life(leader.place.node);
  for (const [seen, upTo] of [
    [index, shared],
    [shared - 1, shared - 1],
  ] as const) {
    const fork = { cluster: "global", incarnation: 2, index: upTo };
    const answer = opened(life, { ...position, index: seen });
    expect(answer).toMatchObject({ outcome: OpenOutcome.FORKED, fork });
    expect(opened(life, fork)).toMatchObject({ outcome: OpenOutcome.CONTINUE });
  }
  // Of an incarnation before that one nobody knows.
  expect(opened(life, { ...position, incarnation: 7, index: 3 })).toMatchObject({
    fork: { index: 0 },
  });
});

test("no group is put in force without need, by a minority, or against the word", async () => {
  const { scene, group } = await started(6);
  const attempt = async (name: string, request = { region, acceptLoss: true }): Promise<string> => {
    const { admin } = group.life(name).part.services();
    const answer = Promise.resolve(admin?.forcePromote?.(request, {} as never));
    return scene.clock.settled(
      answer.then(
        () => "",
        (error: unknown) => (error as MeridianError).message,
      ),
    );
  };
  expect(await attempt("secondary-1")).toMatch(/leads: nothing has to be forced/u);
  scene.isolate(...of(group, "secondary"));
  await scene.run(10_000);
  expect(await attempt("secondary-1", { region, acceptLoss: false })).toMatch(/accepted/u);
  expect(await attempt("secondary-1", { region: "us-east", acceptLoss: true })).toMatch(/is in/u);
  group.crash("secondary-2");
  group.crash("secondary-3");
  expect(await attempt("secondary-1")).toMatch(/1 of the 3 voters of group secondary/u);
  expect(group.member("secondary-1").incarnation).toBe(1);
});

test("an attempt that was broken off is completed by asking again", async () => {
  const { scene, group } = await parted(7);
  await scene.clock.settled(promote(group.life("secondary-1")));
  // Only the third goes through with it.
  group.crash("secondary-1");
  group.crash("secondary-2");
  await scene.run(5_000);
  await group.boot("secondary-1");
  await group.boot("secondary-2");
  await scene.run(5_000);
  const incarnations = of(group, "secondary").map((name) => group.member(name).incarnation);
  expect(incarnations).toEqual([1, 1, 2]);
  await expect(scene.clock.settled(promote(group.life("secondary-1")))).rejects.toThrow(
    /secondary-3 has begun one/u,
  );
  await promoted(scene, group, "secondary-3");
  expect(namesAt(group)).toContain("shared");
});

test("whoever asked the others and went down before it began joins them later", async () => {
  const { scene, group } = await parted(8);
  await scene.clock.settled(promote(group.life("secondary-1")));
  group.crash("secondary-1");
  await scene.until("the others lead", () =>
    group.members.some(({ incarnation, replica }) => incarnation === 2 && replica.isLeader),
  );
  await scene.run(5_000);
  await group.boot("secondary-1");
  await scene.until("it is one of them", () => {
    return group.runs("secondary-1") && group.member("secondary-1").incarnation === 2;
  });
  await scene.run(5_000);
  expect(namesAt(group)).toContain("shared");
});

function namesAt(group: Group): readonly string[] {
  return group.leader?.tree.children("/global")?.names ?? [];
}
