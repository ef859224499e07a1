import type { PeerFrame } from "@meridian/transport";
import { expect, test } from "vitest";
import { groupTiming, Scene, standIn } from "./harness/index.ts";

const plan = { cluster: "us-west", voters: 3, observers: 1 };
const followers = 3;
const restMs = 10_000;

test("what members at rest tell each other travels with heartbeats and their answers", async () => {
  const scene = new Scene(1, [plan]);
  const frames: PeerFrame[] = [];
  const group = await scene.group(plan, {
    hooks: {
      peers: (_name, peers) =>
        standIn(peers, {
          send: (to, frame) => {
            frames.push(frame);
            peers.send(to, frame);
          },
        }),
    },
  });
  await group.led();
  await scene.run(5_000);
  frames.length = 0;
  await scene.run(restMs);
  const of = (type: string): readonly PeerFrame[] =>
    frames.filter(({ messages }) => messages.some((message) => message.type === type));
  const beats = restMs / (groupTiming.tickMs * groupTiming.heartbeatTicks);
  const most = followers * (beats + 1);
  expect(of("heartbeat").length).toBeLessThanOrEqual(most);
  expect(of("heartbeat-answer").length).toBeLessThanOrEqual(most);
  const reports = frames.filter(({ liveness }) => liveness !== undefined);
  expect(reports.length).toBeGreaterThan((followers * restMs) / 300);
  const answers = new Set(of("heartbeat-answer"));
  expect(reports.filter((report) => !answers.has(report))).toEqual([]);
});

test("members at rest are told of the proof that their own answers made", async () => {
  const scene = new Scene(2, [plan]);
  const group = await scene.group(plan);
  await group.led();
  await scene.run(5_000);
  const agesMs: number[] = [];
  for (let look = 0; look < 500; look += 1) {
    await scene.run(17);
    for (const member of group.followers) agesMs.push(member.ageMs(plan.cluster));
  }
  expect(Math.max(...agesMs)).toBeLessThan(300);
});
