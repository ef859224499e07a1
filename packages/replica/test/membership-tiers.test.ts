/** Members of a group over several places, witnesses among them, come and go. */
import { type Encodable, type IChangeMembersRequest, MeridianError } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { codeOf, globalPlan, type Group, Scene, SessionClient } from "./harness/index.ts";

const plan = globalPlan;

interface Stage {
  readonly scene: Scene;
  readonly group: Group;
  readonly client: SessionClient;
}

async function started(seed: number): Promise<Stage> {
  const scene = new Scene(seed, [plan]);
  const limits = { snapshotEntries: 100, keptEntries: 20 };
  const group = await scene.group(plan, { limits });
  const leader = await group.led();
  const client = new SessionClient(scene, "client", 7, 60_000);
  await client.open(leader.place.node);
  const writes = Array.from({ length: 150 }, (_, at) => client.create(`/global/n${at}`));
  await scene.answered(...writes);
  return { scene, group, client };
}

/** Makes a member ready to start that nobody knows of. */
function newcomer({ group }: Stage, node: string, role: "witness" | "global-voter"): object {
  const isWitness = role === "witness";
  const entry = {
    node,
    address: `${node}:7400`,
    region: isWitness ? "us-west" : "us-east",
    role,
    group: isWitness ? "witness" : "primary",
    addressFrom: {},
    cluster: "global",
  };
  group.welcome(entry);
  return { node, address: entry.address, region: entry.region, role };
}

/** Where a member is reached: those that the plan names by their names. */
function addressOf({ names }: Group, node: string): string {
  return names.includes(node) ? node : `${node}:7400`;
}

async function change(
  { scene, group }: Stage,
  request: Encodable<IChangeMembersRequest>,
): Promise<Record<string, string>> {
  scene.join("operator");
  for (;;) {
    await scene.until("somebody leads", () => group.leader !== undefined);
    const { node } = group.leader?.place ?? { node: "" };
    try {
      const channel = scene.network.openChannel("operator", addressOf(group, node));
      const { membership } = await scene.clock.settled(channel.changeMembers(request));
      const told = (membership?.members ?? []).filter(({ role }) => role !== "");
      return Object.fromEntries(told.map((entry) => [entry.node, entry.standing]));
    } catch (error) {
      const isPassing =
        error instanceof MeridianError && (error.retryable || error.code === "UNKNOWN");
      if (!isPassing) throw error;
      await scene.run(100);
    }
  }
}

async function caughtUp({ scene, group }: Stage, node: string): Promise<void> {
  await scene.until(`${node} has everything`, () => {
    const { replica } = group.member(node);
    return replica.status().lastIndex >= (group.leader?.replica.status().lastIndex ?? Infinity);
  });
}

/** Writes something strict at whoever leads and takes writes. */
async function writes({ scene, group, client }: Stage, path: string): Promise<void> {
  const keepsData = (node: string): boolean => !node.startsWith("w");
  // A witness may lead for as long as it takes to hand over.
  await scene.until("a member leads that keeps data", () => {
    return group.leader !== undefined && keepsData(group.leader.place.node);
  });
  client.connect(addressOf(group, group.leader?.place.node ?? ""));
  const write = client.create(path);
  await scene.answered(write);
  expect(codeOf(write)).toBe("");
}

test("a witness is added, votes without data, and the old one leaves", async () => {
  const stage = await started(1);
  const { scene, group } = stage;
  await change(stage, { add: [newcomer(stage, "w2", "witness")] });
  const leader = await group.led();
  const read = vi.spyOn(group.life(leader.place.node).storage, "readSnapshot");
  await group.boot("w2");
  await caughtUp(stage, "w2");
  // What it would not keep is not sent to it.
  expect(group.life("w2").storage.log.firstIndex()).toBeGreaterThan(1);
  expect(read).not.toHaveBeenCalled();
  expect(group.member("w2").tree.nodeCount).toBeLessThan(10);
  expect(await change(stage, { promote: [{ node: "w2" }] })).toMatchObject({ w2: "witness" });
  const after = await change(stage, { remove: ["witness-1"] });
  expect(after).toMatchObject({ w2: "witness" });
  expect(after).not.toHaveProperty("witness-1");
  group.crash("witness-1");
  // With the primary gone, the secondary needs the new witness.
  for (const node of group.names.filter((name) => name.startsWith("primary"))) group.crash(node);
  const isSecondary = (): boolean =>
    group.leader?.place.node.startsWith("secondary") === true && group.leader.ready;
  await scene.until("the secondary leads", isSecondary);
  await writes(stage, "/global/after");
});

test("a voter of one place is replaced while another place is away", async () => {
  const stage = await started(2);
  const { scene, group } = stage;
  const leader = (await group.led()).place.node;
  const isPrimary = leader.startsWith("primary");
  const near = group.names.filter((name) => name.startsWith(isPrimary ? "primary" : "secondary"));
  const far = group.names.filter((name) => name.startsWith(isPrimary ? "secondary" : "primary"));
  await change(stage, { add: [newcomer(stage, "p4", "global-voter")] });
  await group.boot("p4");
  await caughtUp(stage, "p4");
  for (const name of far) group.crash(name);
  const leaving = near.find((name) => name !== leader) ?? "";
  const request = { promote: [{ node: "p4", group: near[0]?.slice(0, -2) ?? "" }] };
  const after = await change(stage, { ...request, remove: [leaving] });
  expect(after).toMatchObject({ p4: "voter" });
  expect(after).not.toHaveProperty(leaving);
  await group.stop(leaving);
  await writes(stage, "/global/meanwhile");
  for (const name of far) await group.boot(name);
  await scene.run(5_000);
  await group.level();
  for (const name of far) {
    expect(group.member(name).tree.stat("/global/meanwhile")).toBeDefined();
    expect(
      group.member(name).replica.configuration.groups.flatMap(({ voters }) => voters),
    ).toContain("p4");
  }
});

test("a place is replaced by another in one step, and its loss is bearable then", async () => {
  const stage = await started(3);
  const { scene, group } = stage;
  const names = ["p4", "p5", "p6"];
  for (const name of names) {
    await change(stage, { add: [newcomer(stage, name, "global-voter")] });
    await group.boot(name);
    await caughtUp(stage, name);
  }
  const old = group.names.filter((name) => name.startsWith("primary"));
  const promote = names.map((node) => ({ node }));
  const after = await change(stage, { promote, remove: old });
  expect(Object.keys(after).filter((name) => names.includes(name))).toEqual(names);
  await scene.until(
    "a member leads",
    () => !old.includes(group.leader?.place.node ?? old[0] ?? ""),
  );
  for (const name of old) await group.stop(name);
  await writes(stage, "/global/with-the-new-place");
  for (const name of names) group.crash(name);
  await writes(stage, "/global/without-it");
});

test("a witness and voters are replaced in one step", async () => {
  const stage = await started(4);
  const { scene, group } = stage;
  for (const [name, role] of [
    ["p4", "global-voter"],
    ["w2", "witness"],
  ] as const) {
    await change(stage, { add: [newcomer(stage, name, role)] });
    await group.boot(name);
    await caughtUp(stage, name);
  }
  const leader = (await group.led()).place.node;
  const leaving = group.names.filter((name) => name.startsWith("primary") && name !== leader);
  const remove = [...leaving.slice(0, 1), "witness-1"];
  const after = await change(stage, { promote: [{ node: "p4" }, { node: "w2" }], remove });
  expect(after).toMatchObject({ p4: "voter", w2: "witness" });
  for (const name of remove) expect(after).not.toHaveProperty(name);
  await scene.until("all know it", () => {
    return group.members.every(({ replica }) => replica.configuration.witnesses.join() === "w2");
  });
  for (const name of remove) await group.stop(name);
  await writes(stage, "/global/after");
});
