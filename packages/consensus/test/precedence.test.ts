import { expect, test } from "vitest";
import type { Configuration, Message, NodeId, Timing } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { Group } from "./support/group.ts";
import { Solo } from "./support/solo.ts";

const timing: Timing = {
  electionTicks: 10,
  electionJitterTicks: 5,
  heartbeatTicks: 2,
  leaseTicks: 10,
};

/** Of one voter each, in this order. */
function groupsOf(...ids: NodeId[]): Configuration {
  const groups = ids.map((id) => ({ name: id, voters: [id], weight: 1 }));
  return { ...majority([]), groups };
}

function asks(from: NodeId, term: number, index = 0, logTerm = 0): Message {
  return { type: "pre-vote", from, to: "a", term, index, logTerm, transfer: false };
}

function pass(solo: Solo, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) {
    solo.raft.tick();
    solo.flush();
  }
}

/** Ticks until the member asks for pre-votes itself. */
function patience(solo: Solo): number {
  for (let ticks = 0; ticks < 100; ticks++) {
    if (solo.raft.status().role !== "follower") return ticks;
    pass(solo, 1);
  }
  throw new Error("never campaigns");
}

test("who grants a pre-vote waits a lease longer, once and not for the next asker too", () => {
  const solo = new Solo({ timing: { ...timing, electionTicks: 25, electionJitterTicks: 0 } });
  pass(solo, 20);
  expect(solo.step(asks("b", 1))).toMatchObject([{ to: "b", reject: false }]);
  pass(solo, 3);
  expect(solo.step(asks("c", 1), asks("b", 1))).toMatchObject([
    { to: "c", reject: false },
    { to: "b", reject: false },
  ]);
  expect(patience(solo)).toBe(12);
});

test("who refuses a pre-vote does not wait longer for it", () => {
  for (const recovering of [false, true]) {
    const solo = new Solo({ term: 1, terms: [1], timing, recovering });
    pass(solo, 9);
    const behind = recovering ? asks("b", 2, 1, 1) : asks("b", 2);
    expect(solo.step(behind)).toMatchObject([{ to: "b", reject: true }]);
    pass(solo, 1);
    expect(solo.raft.status().role).toBe(recovering ? "follower" : "pre-candidate");
  }
});

test("of two that ask at once the one that comes second gives way, by log, group and name", () => {
  const wide = { ...groupsOf("b", "a", "c"), witnesses: ["b"] };
  const cases: [string, Configuration, Message, boolean][] = [
    ["a longer log", majority(["a", "b", "c"]), asks("b", 1, 1, 0), true],
    ["a later log", majority(["a", "b", "c"]), asks("b", 1, 0, 1), true],
    ["a later name", majority(["a", "b", "c"]), asks("b", 1), false],
    ["an earlier group", groupsOf("b", "a", "c"), asks("b", 1), true],
    ["a later group", groupsOf("b", "a", "c"), asks("c", 1), false],
    ["a witness of an earlier group", wide, asks("b", 1), false],
    [
      "held back by this group, with a longer log",
      { ...groupsOf("b", "a", "c"), heldBy: "a" },
      asks("b", 1, 1, 0),
      false,
    ],
  ];
  for (const [what, configuration, message, yields] of cases) {
    const solo = new Solo({ configuration, timing });
    solo.raft.campaign();
    solo.flush();
    const sent = solo.step(message);
    expect(sent[0], `${what}`).toMatchObject({ type: "pre-vote-answer", reject: false });
    const role = yields ? "follower" : "pre-candidate";
    expect(solo.raft.status(), `${what}`).toMatchObject({ role, term: 0 });
  }
});

test("who comes first asks back whom it hears asking, since that one may have been deaf", () => {
  const solo = new Solo({ timing });
  solo.raft.campaign();
  solo.flush();
  expect(solo.step(asks("b", 1))).toMatchObject([
    { type: "pre-vote-answer", to: "b", reject: false },
    { type: "pre-vote", to: "b", term: 1 },
  ]);
  expect(solo.step(asks("stranger", 1))).toMatchObject([{ type: "pre-vote-answer" }]);
});

test("who gave way asks again within a lease and a jitter, and then goes through with it", () => {
  const configuration = groupsOf("b", "a", "c");
  const solo = new Solo({ configuration, timing: { ...timing, electionTicks: 25 } });
  solo.raft.campaign();
  solo.flush();
  solo.step(asks("b", 1));
  expect(patience(solo)).toBe(timing.leaseTicks);
  for (let asked = 0; asked < 4; asked++) {
    solo.step(asks("b", 1));
    expect(solo.raft.status().role).toBe("pre-candidate");
    pass(solo, 3);
  }
  solo.step({ type: "pre-vote-answer", from: "c", to: "a", term: 1, reject: false });
  expect(solo.raft.status()).toMatchObject({ role: "candidate", term: 1 });
});

test("who has asked in vain for long lets another one try first, for a lease and no longer", () => {
  const slow = { ...timing, electionTicks: 25, electionJitterTicks: 0 };
  const solo = new Solo({ configuration: groupsOf("b", "a", "c"), timing: slow });
  solo.raft.campaign();
  pass(solo, slow.electionTicks);
  // The first time it gives way, the second time it does not.
  solo.step(asks("b", 1));
  patience(solo);
  solo.step(asks("b", 1));
  solo.step({ type: "pre-vote-answer", from: "c", to: "a", term: 1, reject: false });
  pass(solo, slow.leaseTicks - 1);
  expect(solo.raft.status()).toMatchObject({ role: "pre-candidate", term: 0 });
  pass(solo, 1);
  expect(solo.raft.status()).toMatchObject({ role: "candidate", term: 1 });
});

test("who lets another one try first does not ask anew before it has tried itself", () => {
  const short = { ...timing, electionJitterTicks: 0 };
  const solo = new Solo({ configuration: groupsOf("b", "a", "c"), timing: short });
  solo.raft.campaign();
  pass(solo, short.electionTicks);
  solo.step(asks("b", 1));
  patience(solo);
  solo.step(asks("b", 1));
  pass(solo, 4);
  solo.step({ type: "pre-vote-answer", from: "c", to: "a", term: 1, reject: false });
  pass(solo, 5);
  expect(solo.raft.status()).toMatchObject({ role: "pre-candidate", term: 0 });
  pass(solo, 1);
  expect(solo.raft.status()).toMatchObject({ role: "candidate", term: 1 });
});

test("a campaign by hand gives way to nobody", () => {
  const solo = new Solo({ configuration: groupsOf("b", "a", "c"), timing });
  solo.raft.campaign({ byHand: true });
  solo.flush();
  solo.step(asks("b", 1));
  expect(solo.raft.status().role).toBe("pre-candidate");
});

test("a transfer is not delayed at a target that has just given way", () => {
  const solo = new Solo({ term: 1, timing });
  pass(solo, 9);
  expect(solo.step(asks("b", 2))).toMatchObject([{ reject: false }]);
  solo.step({ type: "heartbeat", from: "c", to: "a", term: 1, commit: 0, context: 0 });
  expect(solo.step({ type: "timeout-now", from: "c", to: "a", term: 1 })).toMatchObject([
    { type: "vote", term: 2, transfer: true },
    { type: "vote", term: 2, transfer: true },
  ]);
});

test("who alone can win does, however often those ask who come first and cannot", () => {
  const ids = ["a", "b", "c", "d", "e"];
  for (let seed = 0; seed < 200; seed++) {
    const group = new Group(majority(ids), timing, seed);
    // All may have asked in vain before.
    for (const id of ids) group.isolate(id);
    group.beat(seed % 2 === 0 ? 0 : 100);
    // A star around the last: the others hear nobody but it.
    for (const id of ids) for (const link of [`${id}>e`, `e>${id}`]) group.cut.delete(link);
    expect(group.elect(100).raft.status().id, `seed ${seed}`).toBe("e");
  }
});

test("who is heard and hears nobody delays the others by little", () => {
  const ids = ["a", "b", "c", "d", "e"];
  const { electionTicks, electionJitterTicks, leaseTicks } = timing;
  const beats = { sum: 0, most: 0 };
  for (let seed = 0; seed < 200; seed++) {
    const group = new Group(majority(ids), timing, seed);
    for (const id of ids) group.isolate(id);
    group.beat(seed % 2 === 0 ? 0 : 100);
    for (const link of group.cut) if (!link.endsWith(">a")) group.cut.delete(link);
    let needed = 0;
    for (; group.leader === undefined; needed++) group.beat(1);
    expect(group.leader.raft.status().id, `seed ${seed}`).not.toBe("a");
    beats.sum += needed;
    beats.most = Math.max(beats.most, needed);
  }
  // A timeout, a lease because of `a`, and now and then another timeout after a split vote.
  expect(beats.sum / 200).toBeLessThan(electionTicks + electionJitterTicks + leaseTicks);
  expect(beats.most).toBeLessThan(3 * (electionTicks + electionJitterTicks) + leaseTicks);
});
