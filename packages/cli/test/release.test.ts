/** `global release` against whole groups on virtual time: who holds leadership is gone. */
import { GroupOperator } from "@meridian/admin";
import { globalPlan, type Group, Scene } from "@meridian/replica/harness";
import { expect, test } from "vitest";

const plan = globalPlan;

function of({ names }: Group, name: string): readonly string[] {
  return names.filter((node) => node.startsWith(name));
}

/** A group whose primary holds leadership, and an operator of it. */
async function held(seed: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const { clock, network } = scene;
  scene.join("operator");
  const operator = new GroupOperator({
    cluster: "global",
    seeds: group.names,
    region: "us-east",
    openChannel: (address) => network.openChannel("operator", address),
    deadlineMs: 40_000,
    nowMs: () => clock.nowMs(),
    pause: (forMs) => new Promise((resolve) => clock.after(forMs, resolve)),
  });
  await group.led();
  await scene.run(2_000);
  const isLed = (): boolean => group.leader?.place.node.startsWith("primary") === true;
  if (!isLed()) group.leader?.replica.transferLeadership("primary-1");
  await scene.until("the primary leads", isLed);
  expect(await clock.settled(operator.hold("primary"))).toMatchObject({ changed: true });
  return { scene, group, operator };
}

/** The primary is gone; releases, and the primary comes back. How long the release took. */
async function released({ scene, group, operator }: Awaited<ReturnType<typeof held>>) {
  const startedAtMs = scene.clock.nowMs();
  const outcome = await scene.clock.settled(operator.release());
  const tookMs = scene.clock.nowMs() - startedAtMs;
  expect(outcome).toMatchObject({ changed: true, membership: { heldBy: "" } });
  expect(of(group, "secondary")).toContain(outcome.elected);
  for (const node of of(group, "primary")) await group.boot(node);
  await scene.run(10_000);
  expect(group.leader?.place.node).toBe(outcome.elected);
  for (const node of of(group, "primary")) {
    expect(group.member(node).replica.soft).toMatchObject({ role: "follower" });
    expect(group.member(node).replica.configuration.heldBy).toBeUndefined();
  }
  return tookMs;
}

for (const seed of [1, 2, 3]) {
  test(`a release moves leadership away from a group that is gone (${seed})`, async () => {
    const stage = await held(seed);
    for (const node of of(stage.group, "primary")) stage.group.crash(node);
    expect(await released(stage)).toBeLessThan(6_000);
  });

  test(`so it does where a witness alone has the end of the log (${seed})`, async () => {
    const stage = await held(seed);
    const { scene, group, operator } = stage;
    for (const node of of(group, "secondary")) group.crash(node);
    const added = { node: "late", address: "late:1", region: "us-east", group: "primary" };
    const change = operator.change({ add: [added] });
    expect(await scene.clock.settled(change)).toMatchObject({ changed: true });
    for (const node of of(group, "primary")) group.crash(node);
    for (const node of of(group, "secondary")) await group.boot(node);
    expect(await released(stage)).toBeLessThan(30_000);
    // Nothing that was acknowledged is lost by it.
    const { members } = await scene.clock.settled(operator.membership());
    expect(members.map(({ node }) => node)).toContain("late");
  });
}

test("a release without a quorum ends at its deadline, and changes nothing", async () => {
  const { scene, group, operator } = await held(4);
  for (const node of [...of(group, "primary"), "witness-1"]) group.crash(node);
  const failure = operator.release().catch((error: unknown) => error);
  expect(await scene.clock.settled(failure)).toMatchObject({
    code: "NOT_LEADER",
    description: expect.stringMatching(
      /held by group primary, and none of another group was elected: secondary-1 asked for votes/,
    ),
  });
  await group.boot("witness-1");
  await scene.run(10_000);
  expect(group.leader).toBeUndefined();
  for (const node of of(group, "primary")) await group.boot(node);
  expect((await group.led()).place.node).toMatch(/^primary/);
});
