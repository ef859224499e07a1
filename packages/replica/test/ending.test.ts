import { CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west/many";
const count = 5_000;

/** A session with a great many ephemeral nodes, at a member that does not lead. */
async function crowded(seed: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = (await group.led()).place.node;
  const [follower] = group.followers;
  const client = new SessionClient(scene, "client", 7, 6_000);
  await client.open(follower?.place.node ?? "");
  await scene.answered(client.create(root));
  for (let from = 0; from < count; from += 1_000) {
    const creates = Array.from({ length: 1_000 }, (_, at) => {
      return { create: { path: `${root}/${from + at}`, mode: CreateMode.EPHEMERAL } };
    });
    await scene.answered(...client.writeAll(creates));
  }
  const left = () =>
    group.members.map(({ tree }) => tree.children(root)?.names.length ?? Number.NaN);
  return { scene, group, leader, client, left };
}

test("all nodes of a session go that was closed with very many, soon and everywhere", async () => {
  const { scene, group, client, left } = await crowded(1);
  expect(left()).toEqual([count, count, count]);
  const startedAtMs = scene.clock.nowMs();
  client.frame([], true);
  await scene.until("all are gone", () => left().every((names) => names === 0));
  expect(scene.clock.nowMs() - startedAtMs).toBeLessThan(1_000);
  expect(client.farewell).toBe("SESSION_EXPIRED");
  await group.level();
  expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
});

test("the next leader goes on with the nodes of a session that the last one left", async () => {
  const { scene, group, leader, client, left } = await crowded(2);
  client.frame([], true);
  await scene.until("some are gone", () => left().some((names) => names < count));
  group.crash(leader);
  expect(Math.max(...left())).toBeGreaterThan(0);
  await scene.until("all are gone", () => left().every((names) => names === 0));
  await group.boot(leader);
  await group.level();
  expect(left()).toEqual([0, 0, 0]);
  expect(new Set(group.members.map(({ tree }) => tree.digest())).size).toBe(1);
});
