/** How much gets through between regions does not depend on how far they are apart. */
import type { GroupMemberOptions } from "@meridian/replica";
import {
  codeOf,
  type Group,
  type GroupPlan,
  type Part,
  type Pending,
  Scene,
  SessionClient,
} from "@meridian/replica/harness";
import { RegionalMember } from "@meridian/region";
import { expect, test, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

const data = Buffer.alloc(200, "a value; ");

/** Writes some at each turn of the clock. */
async function writeEvenly(
  scene: Scene,
  client: SessionClient,
  { perTurn, turns, path }: { perTurn: number; turns: number; path: string },
): Promise<readonly Pending[]> {
  const pending: Pending[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const operations = Array.from({ length: perTurn }, () => ({
      set: { path, data, version: -1 },
    }));
    pending.push(...client.writeAll(operations));
    await scene.run(1);
  }
  return pending;
}

async function clientAt(scene: Scene, { place }: { place: { node: string } }, path: string) {
  const client = new SessionClient(scene, `client of ${place.node}`, 7, 600_000);
  await client.open(place.node);
  await scene.answered(client.create(path));
  return client;
}

test("a region takes over as fast as another writes, 75 ms away", async () => {
  const plans = ["eu-west", "us-west"].map((cluster): GroupPlan => ({ cluster, voters: 1 }));
  const scene = new Scene(1, plans);
  const groups: Group[] = [];
  for (const plan of plans) {
    const make = (options: GroupMemberOptions): Part => {
      return new RegionalMember({ ...options, follow: scene.follow(options.place.node) });
    };
    groups.push(await scene.group(plan, { make }));
  }
  scene.link(["eu-west-1"], ["us-west-1"], { delayMs: 75 });
  const [europe, west] = groups;
  if (europe === undefined || west === undefined) throw new Error("two groups");
  const path = "/regions/eu-west/x";
  const client = await clientAt(scene, await europe.led(), path);
  await west.led();
  await scene.run(3_000);
  const index = (): number => west.leader?.tree.cursors().get("eu-west")?.index ?? 0;
  const before = index();
  // Two thousand a second, for almost three round trips.
  const writes = await writeEvenly(scene, client, { perTurn: 2, turns: 400, path });
  // What was written a one-way delay ago is there, and a little more has to pass.
  await scene.run(100);
  expect(index() - before).toBeGreaterThanOrEqual(writes.length);
  await scene.answered(...writes);
  expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
});

test("strict writes are committed as fast as they come, whatever a round trip takes", async () => {
  const plan: GroupPlan = {
    cluster: "global",
    voters: 0,
    groups: [
      { name: "primary", region: "us-east", voters: 1 },
      { name: "secondary", region: "eu-central", voters: 3 },
      { name: "witness", region: "us-central", voters: 1, witness: true },
    ],
  };
  const scene = new Scene(2, [plan]);
  for (const { node, region } of scene.topology) {
    const far = scene.topology.filter((other) => other.region !== region);
    scene.link(
      [node],
      far.map((other) => other.node),
      { delayMs: 43 },
    );
  }
  const group = await scene.group(plan);
  await group.led();
  await scene.run(2_000);
  group.leader?.replica.transferLeadership("primary-1");
  await scene.until("it leads", () => group.leader?.place.node === "primary-1");
  const path = "/global/x";
  const client = await clientAt(scene, await group.led(), path);
  const before = group.member("primary-1").tree.appliedIndex;
  const writes = await writeEvenly(scene, client, { perTurn: 2, turns: 400, path });
  // Some hundred of the last ones are still on their way there and back.
  await scene.run(100);
  const { appliedIndex } = group.member("primary-1").tree;
  expect(appliedIndex - before).toBeGreaterThanOrEqual(writes.length);
  await scene.answered(...writes);
  expect(writes.map(codeOf).filter((code) => code !== "")).toEqual([]);
});
