import { Consistency, CreateMode } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import { Scene, SessionClient } from "./harness/index.ts";

vi.setConfig({ testTimeout: 60_000 });

const plan = { cluster: "us-west", voters: 3 };
const root = "/regions/us-west";

async function started(seed: number) {
  const scene = new Scene(seed, [plan]);
  const group = await scene.group(plan);
  const leader = await group.led();
  const names = group.names.filter((name) => name !== leader.place.node);
  const [follower = ""] = names;
  scene.join("operator");
  const channel = (node: string) => scene.network.openChannel("operator", node);
  /** The answer to a call, while time passes. */
  const now = async <T>(call: Promise<T>): Promise<T> => await scene.clock.settled(call);
  return { scene, group, leader: leader.place.node, follower, channel, now };
}

test("every member lists all sessions, and the connections that it serves itself", async () => {
  const { scene, leader, follower, channel, now } = await started(1);
  const client = new SessionClient(scene, "client", 7, 5_000);
  await client.open(follower);
  await scene.answered(client.create(`${root}/e`, "", CreateMode.EPHEMERAL));
  client.ask({ watch: { path: root }, consistency: Consistency.REGIONAL });
  await scene.run(1_000);
  const session = { sessionId: 7, timeoutMs: 5_000, ephemerals: 1, appliedSequence: 1 };
  const served = await now(channel(follower).sessions({}));
  const connection = { region: "us-west", watches: 1 };
  expect(served).toMatchObject({ leads: false, more: false, sessions: [session] });
  expect(served.sessions[0]?.connection).toMatchObject(connection);
  const led = await now(channel(leader).sessions({}));
  expect(led).toMatchObject({ leads: true, sessions: [session] });
  expect(led.sessions[0]?.connection).toBeUndefined();
  expect(led.sessions[0]?.silentMs).toBeGreaterThanOrEqual(500);
  expect(led.sessions[0]?.silentMs).toBeLessThan(2_000);
});

test("the list comes in pages, by number", async () => {
  const { scene, leader, channel, now } = await started(2);
  for (const id of [9, 3, 6]) await new SessionClient(scene, `client-${id}`, id).open(leader);
  const first = await now(channel(leader).sessions({ limit: 2 }));
  expect([first.sessions.map(({ sessionId }) => sessionId), first.more]).toEqual([[3, 6], true]);
  const last = await now(channel(leader).sessions({ after: 6, limit: 2 }));
  expect([last.sessions.map(({ sessionId }) => sessionId), last.more]).toEqual([[9], false]);
});

test("any member ends a session once, with its ephemeral nodes, and tells its client", async () => {
  const { scene, group, leader, follower, channel, now } = await started(3);
  const client = new SessionClient(scene, "client", 7);
  await client.open(leader);
  await scene.answered(client.create(`${root}/e`, "", CreateMode.EPHEMERAL));
  expect(await now(channel(follower).endSession({ sessionId: 7 }))).toEqual({ ended: true });
  await scene.until("the client hears of it", () => client.over);
  expect(client.farewell).toBe("SESSION_EXPIRED");
  expect(group.leader?.tree.stat(`${root}/e`)).toBeUndefined();
  expect(await now(channel(leader).endSession({ sessionId: 7 }))).toEqual({ ended: false });
});
