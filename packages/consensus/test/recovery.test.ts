import { expect, test } from "vitest";
import type { Message } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import { Group } from "./support/group.ts";
import { entry, Solo } from "./support/solo.ts";

const timing = { electionTicks: 10, electionJitterTicks: 10, heartbeatTicks: 2, leaseTicks: 10 };

/** Member `a` after its log was lost in term 3; `random` gives the nonce 1. */
function damaged(): Solo {
  return new Solo({ term: 3, recovering: true });
}

const beat = { type: "heartbeat", from: "b", to: "a", term: 3, commit: 0, context: 0 } as const;
const answer = { type: "recover-answer", from: "b", to: "a", term: 3, nonce: 1, index: 2 } as const;
const append = { type: "append", from: "b", to: "a", term: 3, index: 0, logTerm: 0 } as const;

function all(last: number): Message {
  const entries = Array.from({ length: last }, (_, at) => entry(at + 1, 3));
  return { ...append, entries, commit: 0 };
}

function isRecovering(solo: Solo): boolean {
  return solo.raft.status().recovering;
}

test("a member that lost its log says no to everybody and does not campaign", () => {
  const solo = damaged();
  const question = { from: "b", to: "a", index: 9, logTerm: 9, transfer: true } as const;
  expect(solo.step({ ...question, type: "pre-vote", term: 4 })).toMatchObject([
    { type: "pre-vote-answer", term: 3, reject: true },
  ]);
  expect(solo.step({ ...question, type: "vote", term: 4 })).toMatchObject([
    { type: "vote-answer", term: 4, reject: true },
  ]);
  expect(solo.disk.hardState).toMatchObject({ term: 4, vote: undefined });
  for (let tick = 0; tick < 50; tick++) solo.raft.tick();
  solo.raft.campaign();
  solo.step({ ...beat, term: 4 });
  const urged = solo.step({ type: "timeout-now", from: "b", to: "a", term: 4 });
  expect(urged).toEqual([]);
  expect(solo.raft.status()).toMatchObject({ role: "follower", term: 4, recovering: true });
});

test("not even who had its vote in this term gets it again", () => {
  const first = new Solo({ term: 3 });
  const question = { type: "vote", from: "b", to: "a", term: 4, transfer: false } as const;
  first.step({ ...question, index: 5, logTerm: 3 });
  expect(first.disk.hardState.vote).toBe("b");
  first.disk.loseLog();
  const solo = new Solo({ disk: first.disk, recovering: true });
  expect(solo.step({ ...question, index: 5, logTerm: 3 })).toMatchObject([{ reject: true }]);
});

test("it asks with each heartbeat, and is whole when all the leader had is durable", () => {
  const solo = damaged();
  const asks = { type: "recover", to: "b", term: 3, nonce: 1 };
  expect(solo.step(beat)).toMatchObject([asks, { type: "heartbeat-answer" }]);
  expect(solo.step(beat)).toMatchObject([asks, { type: "heartbeat-answer" }]);
  solo.step(answer, all(1));
  expect(isRecovering(solo)).toBe(true);
  solo.raft.step(all(2));
  const ready = solo.raft.ready();
  expect(isRecovering(solo)).toBe(true);
  solo.disk.write(ready!.persist!);
  solo.raft.persisted(ready!.persist!.mark);
  expect(isRecovering(solo)).toBe(false);
  expect(solo.raft.ready()?.soft).toMatchObject({ recovering: false });
  expect(solo.step(beat)).toMatchObject([{ type: "heartbeat-answer" }]);
});

test("entries that are there before the answer count too", () => {
  const solo = damaged();
  solo.step(all(3));
  expect(isRecovering(solo)).toBe(true);
  solo.step(answer);
  expect(isRecovering(solo)).toBe(false);
});

test("answers to another life, of another member or of another term do not count", () => {
  const solo = damaged();
  solo.step(all(2), { ...answer, nonce: 2 }, { ...answer, from: "c" }, { ...answer, term: 2 });
  expect(isRecovering(solo)).toBe(true);
  solo.step(answer);
  expect(isRecovering(solo)).toBe(false);
});

test("a new term begins the way back anew", () => {
  const solo = damaged();
  solo.step(beat, answer, all(1), { ...beat, from: "c", term: 4 });
  solo.step({ ...append, from: "c", term: 4, index: 1, logTerm: 3, entries: [], commit: 0 });
  solo.step({ ...all(2), from: "c", term: 4 });
  expect(isRecovering(solo)).toBe(true);
  solo.step({ ...answer, from: "c", term: 4, index: 3 });
  expect(isRecovering(solo)).toBe(true);
  solo.step({ ...all(3), from: "c", term: 4 });
  expect(isRecovering(solo)).toBe(false);
});

test("what an earlier leader left does not count before this one has vouched for it", () => {
  const solo = damaged();
  solo.step(beat, all(5), { ...beat, from: "c", term: 4 });
  solo.step({ ...answer, from: "c", term: 4, index: 4 });
  expect(isRecovering(solo)).toBe(true);
  const entries = [entry(4, 4)];
  solo.step({ ...append, from: "c", term: 4, index: 3, logTerm: 3, entries, commit: 0 });
  expect(isRecovering(solo)).toBe(false);
  expect(solo.raft.status().lastIndex).toBe(4);
});

test("it is whole by a snapshot, once that is durable", () => {
  const solo = damaged();
  solo.step(beat, answer);
  const mark = { index: 4, term: 3, configuration: majority(["a", "b", "c"]) };
  solo.raft.step({ type: "snapshot", from: "b", to: "a", term: 3, mark });
  const ready = solo.raft.ready();
  expect(isRecovering(solo)).toBe(true);
  solo.disk.write(ready!.persist!);
  solo.raft.persisted(ready!.persist!.mark);
  expect(isRecovering(solo)).toBe(false);
});

test("a leader that counts on what was lost does not break the member", () => {
  const solo = damaged();
  solo.step(all(1), { ...beat, commit: 7 });
  expect(solo.raft.status()).toMatchObject({ commitIndex: 1, lastIndex: 1 });
});

test("after another crash on the way it goes on with what it has, as another life", () => {
  const first = damaged();
  first.step(beat, answer, all(1));
  const solo = new Solo({ disk: first.disk, recovering: true, random: () => 0.5 });
  expect(solo.raft.status()).toMatchObject({ lastIndex: 1, recovering: true });
  solo.step(beat, all(2), answer);
  expect(isRecovering(solo)).toBe(true);
  solo.step({ ...answer, nonce: 1 + 2 ** 47 });
  expect(isRecovering(solo)).toBe(false);
});

/** A leader of three entries, all of them known to be at `b`. */
function leader(): Solo {
  const solo = new Solo();
  solo.lead();
  solo.raft.propose([bytes("x"), bytes("y")]);
  solo.flush();
  solo.accept("b", 3);
  return solo;
}

const recover = { type: "recover", from: "b", to: "a", term: 1, nonce: 7 } as const;

const refusal = { type: "append-answer", from: "b", to: "a", term: 1, reject: true } as const;

test("a leader forgets how far the member was, but not what is committed", () => {
  const solo = leader();
  expect(solo.raft.status().commitIndex).toBe(3);
  expect(solo.step(recover)).toMatchObject([
    { type: "recover-answer", to: "b", nonce: 7, index: 3 },
    { type: "append", to: "b", index: 3, entries: [] },
  ]);
  const state = { state: "probe", match: 0, recovering: true };
  expect(solo.raft.status().progress.get("b")).toMatchObject(state);
  expect(solo.raft.status().commitIndex).toBe(3);
  const sent = solo.step({ ...refusal, index: 3, hint: 0, logTerm: 0 });
  expect(sent).toMatchObject([{ type: "append", index: 0, entries: [{}, {}, {}] }]);
  solo.accept("b", 3);
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 3, recovering: false });
});

test("asking again on the way does not start over, and moves no goal", () => {
  const solo = leader();
  solo.step(recover, { ...refusal, index: 3, hint: 0, logTerm: 0 });
  solo.accept("b", 1);
  solo.raft.propose([bytes("z")]);
  solo.flush();
  expect(solo.step(recover)).toMatchObject([{ type: "recover-answer", index: 3 }]);
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 1, recovering: true });
});

test("a late acknowledgement of the lost log keeps nobody from sending it again", () => {
  for (const late of [2, 3]) {
    const solo = leader();
    solo.step(recover);
    solo.accept("b", late);
    // The member says so: by asking again, or by refusing what comes after what it lost.
    const sent = solo.step(recover, { ...refusal, index: 3, hint: 0, logTerm: 0 });
    expect(sent).toContainEqual(expect.objectContaining({ type: "append", index: 0 }));
    solo.accept("b", 3);
    solo.raft.propose([bytes("z")]);
    solo.flush();
    solo.accept("b", late);
    const behind = solo.step({ ...refusal, index: 3, hint: 1, logTerm: 1 });
    expect(behind).toMatchObject([{ type: "append", to: "b", index: 1 }]);
  }
});

test("leadership is not handed to a member without its log, not even if that began before", () => {
  const solo = leader();
  expect(solo.raft.transferLeadership("b")).toBe("started");
  solo.step(recover);
  expect(solo.raft.status().transferTo).toBe(undefined);
  expect(solo.raft.transferLeadership("b")).toBe("recovering");
  solo.accept("b", 3);
  expect(solo.raft.transferLeadership("b")).toBe("started");
});

test("a witness does not hand over to a member without its log", () => {
  const configuration = { ...majority(["a", "b", "c"]), witnesses: ["a"] };
  const solo = new Solo({ configuration });
  solo.lead();
  solo.step(recover);
  for (let tick = 0; tick < 6; tick++) {
    solo.raft.tick();
    const heard = { type: "heartbeat-answer", to: "a", term: 1, context: 0 } as const;
    solo.step({ ...heard, from: "b" }, { ...heard, from: "c" });
  }
  expect(solo.raft.status().transferTo).toBe("c");
});

test("its answers confirm reads: they speak of term and vote, which it has", () => {
  const solo = leader();
  solo.step(recover);
  solo.raft.readIndex(5);
  solo.flush();
  solo.step({ type: "heartbeat-answer", from: "b", to: "a", term: 1, context: 1 });
  expect(solo.reads).toEqual([{ context: 5, index: 3 }]);
});

test("a group goes on while one member comes back without its log, leader or learner alike", () => {
  for (const kind of ["leader", "follower", "learner"] as const) {
    const group = new Group(majority(["a", "b", "c"], ["l"]), timing, 11);
    const first = group.elect(100).raft.status().id;
    expect(group.commits(20)).toBe(true);
    const follower = first === "a" ? "b" : "a";
    const id = kind === "leader" ? first : kind === "learner" ? "l" : follower;
    const member = group.members.get(id)!;
    member.crash(0);
    member.disk.loseLog();
    member.start();
    expect(member.raft.status()).toMatchObject({ recovering: true, lastIndex: 0 });
    group.beat(60);
    expect(member.raft.status().recovering).toBe(false);
    expect(group.commits(20)).toBe(true);
  }
});

test("with a quorum lost nobody leads, however long it takes", () => {
  const group = new Group(majority(["a", "b", "c"]), timing, 12);
  group.elect(100);
  group.commits(20);
  for (const id of ["a", "b"]) {
    const member = group.members.get(id)!;
    member.crash(0);
    member.disk.loseLog();
    member.start();
  }
  group.members.get("c")!.crash(0);
  group.members.get("c")!.start();
  const led = group.leaders.size;
  group.beat(500);
  expect(group.leaders.size).toBe(led);
});
