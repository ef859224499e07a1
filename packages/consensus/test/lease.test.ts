import { expect, test } from "vitest";
import type { Message } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import type { SoloOptions } from "./support/solo.ts";
import { Solo } from "./support/solo.ts";

const leaseMs = 50;

/** A leader of term 1 whose first entry is committed; its clock stands at 1000. */
function leader(options: SoloOptions = {}): Solo {
  const solo = new Solo({ leaseMs, ...options });
  pass(solo, 10);
  solo.lead();
  solo.accept("b", 1);
  solo.raft.tick(1000);
  solo.raft.tick(1000);
  solo.flush();
  return solo;
}

/** Time without which a member that has just started helps nobody into office. */
function pass(solo: Solo, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) solo.raft.tick();
  solo.flush();
}

function answer(from: string, sentMs: number): Message {
  return { type: "heartbeat-answer", from, to: "a", term: 1, context: 0, sentMs };
}

/** Whether a read is answered without asking anybody. */
function readsAt(solo: Solo, nowMs: number | undefined): boolean {
  solo.reads.length = 0;
  solo.raft.readIndex(1, nowMs);
  solo.flush();
  return solo.reads.length > 0;
}

const question = { type: "vote", from: "b", to: "a", index: 9, logTerm: 9 } as const;

test("heartbeats say when they were sent, and answers give that back", () => {
  const solo = new Solo({ leaseMs });
  pass(solo, 10);
  solo.lead();
  solo.raft.tick(1000.9);
  solo.raft.tick(1001.2);
  expect(solo.flush()).toContainEqual(
    expect.objectContaining({ type: "heartbeat", to: "b", sentMs: 1001 }),
  );
  const follower = new Solo({ leaseMs });
  const beat = { type: "heartbeat", from: "b", to: "a", term: 1, commit: 0, context: 0 } as const;
  expect(follower.step({ ...beat, sentMs: 77 })).toMatchObject([{ sentMs: 77 }]);
  expect(follower.step(beat)[0]).not.toHaveProperty("sentMs");
});

test("a lease runs from when heartbeats were sent, not from their answers", () => {
  const solo = leader();
  expect(readsAt(solo, 1000)).toBe(false);
  solo.step(answer("b", 1000));
  expect(readsAt(solo, 1049)).toBe(true);
  expect(solo.reads).toEqual([{ context: 1, index: 1 }]);
  expect(readsAt(solo, 1050)).toBe(false);
});

test("the time of the read counts, not that of the last tick", () => {
  const solo = leader();
  solo.step(answer("b", 1000));
  solo.raft.tick(1010);
  expect(readsAt(solo, 1049)).toBe(true);
  // The process stood still, and the read is the first that it sees.
  expect(readsAt(solo, 5000)).toBe(false);
});

test("a clock that seems to go back gives no lease back", () => {
  const solo = leader();
  solo.step(answer("b", 1000));
  expect(readsAt(solo, 1060)).toBe(false);
  expect(readsAt(solo, 1010)).toBe(false);
});

test("without the time, and at followers, a read takes a round", () => {
  const solo = leader();
  solo.step(answer("b", 1000));
  expect(readsAt(solo, undefined)).toBe(false);
  const from = { from: "b", to: "a", term: 1 } as const;
  expect(solo.step({ type: "read-index", context: 5, ...from })).toContainEqual(
    expect.objectContaining({ type: "heartbeat" }),
  );
});

test("answers to what was never sent, of strangers and of learners give no lease", () => {
  const solo = leader({ configuration: majority(["a", "b", "c"], ["l"]) });
  solo.step(answer("b", 9000), answer("x", 1000), answer("l", 1000));
  expect(readsAt(solo, 1001)).toBe(false);
});

test("it takes a quorum of each side of a joint change", () => {
  const configuration = {
    ...majority(["a", "d", "e"]),
    outgoingGroups: majority(["a", "b", "c"]).groups,
  };
  const solo = leader({ configuration });
  solo.accept("d", 1);
  solo.step(answer("b", 1000), answer("c", 1000));
  expect(readsAt(solo, 1001)).toBe(false);
  solo.step(answer("d", 1000));
  expect(readsAt(solo, 1001)).toBe(true);
});

test("no lease before the first commit of the term", () => {
  const solo = new Solo({ leaseMs, term: 1, terms: [1] });
  pass(solo, 10);
  solo.lead();
  solo.raft.tick(1000);
  solo.raft.tick(1000);
  solo.flush();
  solo.step({ ...answer("b", 1000), term: 2 });
  expect(readsAt(solo, 1001)).toBe(false);
  solo.accept("b", 2);
  expect(readsAt(solo, 1001)).toBe(true);
});

test("no lease while leadership is handed over", () => {
  const solo = leader();
  solo.raft.propose([bytes("x")]);
  solo.flush();
  solo.accept("b", 2);
  solo.step(answer("b", 1000));
  // The target is behind and was told nothing yet.
  expect(solo.raft.transferLeadership("c")).toBe("started");
  expect(readsAt(solo, 1001)).toBe(false);
});

test("no lease in a term in which somebody was told to campaign, whatever came of it", () => {
  const solo = leader();
  solo.raft.transferLeadership("b");
  solo.flush();
  for (let tick = 1; tick <= 12; tick++) {
    solo.raft.tick(1000 + tick);
    solo.flush();
    solo.step(answer("b", 1000 + tick), answer("c", 1000 + tick));
  }
  expect(solo.raft.status()).toMatchObject({ role: "leader", transferTo: undefined });
  expect(readsAt(solo, 1013)).toBe(false);
});

test("a leader that stepped down has no lease", () => {
  const solo = leader();
  solo.step(answer("b", 1000));
  solo.step({
    type: "append-answer",
    from: "c",
    to: "a",
    term: 2,
    index: 0,
    reject: true,
    hint: 0,
    logTerm: 0,
  });
  expect(readsAt(solo, 1001)).toBe(true);
  expect(solo.reads).toEqual([{ context: 1, index: undefined }]);
});

test("a witness has none", () => {
  const solo = leader({ configuration: { ...majority(["a", "b", "c"]), witnesses: ["a"] } });
  solo.step(answer("b", 1000));
  readsAt(solo, 1001);
  expect(solo.reads).toEqual([{ context: 1, index: undefined }]);
});

test("a lone voter has one as long as it leads", () => {
  const solo = new Solo({ leaseMs, configuration: majority(["a"]) });
  for (let tick = 1; tick <= 10; tick++) solo.raft.tick(tick);
  solo.flush();
  solo.flush();
  expect(solo.raft.status().role).toBe("leader");
  expect(readsAt(solo, 5000)).toBe(true);
});

test("who answered a heartbeat helps nobody else, even when it hears of a later term", () => {
  const solo = new Solo({ leaseMs });
  pass(solo, 10);
  solo.step({ type: "heartbeat", from: "c", to: "a", term: 1, commit: 0, context: 0 });
  // An answer to a question of its own, long under way.
  solo.step({ type: "pre-vote-answer", from: "b", to: "a", term: 5, reject: true });
  expect(solo.raft.status()).toMatchObject({ term: 5, leader: undefined });
  for (const term of [5, 6]) {
    expect(solo.step({ ...question, term, transfer: false })).toEqual([]);
    expect(solo.step({ ...question, type: "pre-vote", term, transfer: false })).toEqual([]);
  }
  solo.raft.campaign({ byHand: true });
  expect(solo.flush()).toEqual([]);
  pass(solo, 9);
  expect(solo.step({ ...question, term: 5, transfer: false })).toEqual([]);
  pass(solo, 1);
  expect(solo.step({ ...question, term: 5, transfer: false })).toMatchObject([{ reject: false }]);
});

test("nor does one that was just started: it may have answered in its earlier life", () => {
  const solo = new Solo({ leaseMs, term: 1 });
  expect(solo.step({ ...question, term: 2, transfer: false })).toEqual([]);
  pass(solo, 9);
  expect(solo.step({ ...question, term: 2, transfer: false })).toEqual([]);
  pass(solo, 1);
  expect(solo.step({ ...question, term: 2, transfer: false })).toMatchObject([{ reject: false }]);
});

test("the leader's own wish breaks the promise: it has given up its lease", () => {
  const solo = new Solo({ leaseMs });
  solo.step({ type: "heartbeat", from: "c", to: "a", term: 1, commit: 0, context: 0 });
  expect(solo.step({ ...question, term: 2, transfer: true })).toMatchObject([{ reject: false }]);
  const target = new Solo({ leaseMs });
  target.step({ type: "heartbeat", from: "c", to: "a", term: 1, commit: 0, context: 0 });
  target.step({ type: "timeout-now", from: "c", to: "a", term: 1 });
  expect(target.raft.status()).toMatchObject({ role: "candidate", term: 2 });
});
