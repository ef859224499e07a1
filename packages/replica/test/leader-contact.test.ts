import { expect, test } from "vitest";
import { LeaderContact } from "../src/leader-contact.ts";
import { contactMaxMs } from "../src/session-liveness.ts";
import { groupTiming, NodeClock, randomOf, VirtualClock } from "./harness/index.ts";

const identity = { cluster: "us-west", incarnation: 1, timing: groupTiming };
const always = (): boolean => true;

function pair(seed: number = 1) {
  const time = new VirtualClock();
  const random = randomOf(seed);
  // Their clocks have nothing to do with each other.
  const leaderClock = new NodeClock(time, 900_000);
  const leader = new LeaderContact(identity, leaderClock, random);
  const follower = new LeaderContact(identity, new NodeClock(time, 5), random);
  leader.lead(true);
  return { time, random, leader, leaderClock, follower };
}

test("a leader without proof that it leads tells no age of its own state", () => {
  const { leader, follower } = pair();
  const answer = leader.answerTo("b", follower.report(10), 0, always);
  expect(answer.ages).toEqual([]);
});

test("a follower is as fresh as the proof of its leader, never fresher", async () => {
  const { time, leader, leaderClock, follower } = pair();
  leader.onProof(10, leaderClock.nowMs());
  await time.run(300);
  const report = follower.report(10);
  await time.run(50);
  const answer = leader.answerTo("b", report, 0, always);
  await time.run(50);
  follower.onAnswer(answer);
  // The proof is of 400 ms ago; the follower cannot tell the way there from the way back.
  const ageMs = follower.freshness.ageMs("us-west", 10, 5 + time.nowMs());
  expect(ageMs).toBeGreaterThanOrEqual(400);
  expect(ageMs).toBeLessThanOrEqual(460);
  expect(follower.freshness.ageMs("us-west", 9, 5 + time.nowMs())).toBeLessThanOrEqual(460);
});

test("an answer to an earlier life of a member proves nothing to the next", async () => {
  const { time, random, leader, leaderClock, follower } = pair();
  leader.onProof(10, leaderClock.nowMs());
  await time.run(60_000);
  const answer = leader.answerTo("b", follower.report(10), 3, always);
  const reborn = new LeaderContact(identity, new NodeClock(time, -59_000), random);
  await time.run(2_000);
  reborn.onAnswer(answer);
  expect(reborn.freshness.ageMs("us-west", 10, time.nowMs() - 59_000)).toBe(Infinity);
  expect(reborn.silenceMs).toBe(2_000);
  expect(reborn.safeIndex).toBe(0);
});

test("silence counts from the last report that was answered, never while leading", async () => {
  const { time, leader, follower } = pair();
  const report = follower.report(0);
  await time.run(100);
  follower.onAnswer(leader.answerTo("b", report, 0, always));
  expect(follower.silenceMs).toBe(100);
  await time.run(5_000);
  expect(follower.silenceMs).toBe(5_100);
  expect(leader.silenceMs).toBe(0);
  leader.lead(false);
  await time.run(70);
  expect(leader.silenceMs).toBe(70);
});

test("a member vouches from a leader's first answer until it was silent for too long", async () => {
  const { time, leader, follower } = pair();
  expect([leader.vouches, follower.vouches]).toEqual([true, false]);
  const report = follower.report(0);
  await time.run(100);
  expect(follower.vouches).toBe(false);
  follower.onAnswer(leader.answerTo("b", report, 0, always));
  await time.run(contactMaxMs - 100);
  expect(follower.vouches).toBe(true);
  await time.run(1);
  expect(follower.vouches).toBe(false);
});

test("what the leader says of mirrors, partitions and witnesses reaches the others", () => {
  const { leader, follower } = pair();
  leader.ages = () => [{ origin: "global", incarnation: 1, index: 7, ageMs: 40, covers: 9 }];
  leader.partitionState = 2;
  follower.onAnswer(leader.answerTo("b", follower.report(0), 99, always));
  expect(follower.freshness.ageMs("global", 7, 5)).toBe(40);
  const cursor = { cluster: "global", incarnation: 1, index: 7 };
  expect(follower.coverage.reach(cursor)).toBe(9);
  expect([follower.partitionState, follower.safeIndex]).toEqual([2, 99]);
});
