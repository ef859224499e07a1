import { expect, test } from "vitest";
import type { Entry, Message, SnapshotMark } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import { entry, Solo } from "./support/solo.ts";

const configuration = majority(["a", "b", "c"]);

function snapshot(term: number, mark: Omit<SnapshotMark, "configuration">): Message {
  return { type: "snapshot", from: "b", to: "a", term, mark: { ...mark, configuration } };
}

function append(term: number, index: number, entries: readonly Entry[], commit: number): Message {
  return { type: "append", from: "b", to: "a", term, index, logTerm: term, entries, commit };
}

/** A leader of term 2 that has forgotten its first five entries. */
function compacted(): Solo {
  const first = new Solo({ term: 1, terms: [1, 1, 1, 1, 1, 1] });
  first.lead();
  first.accept("b", 7);
  first.disk.saveSnapshot({ index: 6, term: 1, configuration }, 5);
  return first;
}

function refuse(solo: Solo, index: number, hint: number, logTerm: number, from = "c"): Message[] {
  return solo.step({
    type: "append-answer",
    from,
    to: "a",
    term: 2,
    index,
    reject: true,
    hint,
    logTerm,
  });
}

test("a snapshot takes the place of a log that does not go through it", () => {
  const solo = new Solo({ term: 1, terms: [1, 1] });
  const sent = solo.step(snapshot(3, { index: 9, term: 3 }));
  expect(sent).toMatchObject([{ type: "append-answer", index: 9, reject: false }]);
  expect(solo.raft.status()).toMatchObject({ firstIndex: 10, lastIndex: 9, commitIndex: 9 });
  expect(solo.raft.status()).toMatchObject({ appliedIndex: 9, durableIndex: 9 });
  expect(solo.disk.snapshot()).toMatchObject({ index: 9, term: 3 });
});

test("a snapshot that the log goes through only moves the commit index", () => {
  const solo = new Solo({ term: 1, terms: [1, 1, 1] });
  expect(solo.step(snapshot(2, { index: 2, term: 1 }))).toMatchObject([
    { index: 2, reject: false },
  ]);
  expect(solo.raft.status()).toMatchObject({ firstIndex: 1, lastIndex: 3, commitIndex: 2 });
  expect(solo.disk.snapshot()).toBeUndefined();
});

test("a snapshot older than what is committed is ignored, and the leader told so", () => {
  const solo = new Solo({ term: 1, terms: [1, 1, 1] });
  solo.step(append(1, 3, [], 3));
  expect(solo.step(snapshot(1, { index: 2, term: 1 }))).toMatchObject([{ index: 3 }]);
  expect(solo.raft.status()).toMatchObject({ firstIndex: 1, lastIndex: 3, commitIndex: 3 });
});

test("a snapshot older than the whole log is ignored too", () => {
  const solo = new Solo();
  solo.step(snapshot(1, { index: 5, term: 1 }));
  expect(solo.step(snapshot(1, { index: 2, term: 1 }))).toMatchObject([{ index: 5 }]);
  expect(solo.raft.status()).toMatchObject({ firstIndex: 6, commitIndex: 5 });
});

test("a witness has a snapshot for witnesses only: it keeps no state", () => {
  const witnesses = ["a", "c"];
  const solo = new Solo({
    term: 1,
    terms: [1, 1, 1, 1, 1, 1],
    configuration: { ...configuration, witnesses },
  });
  solo.lead();
  solo.disk.saveSnapshot({ index: 6, term: 1, configuration }, 5);
  expect(refuse(solo, 6, 2, 1)).toMatchObject([{ type: "snapshot", to: "c" }]);
  expect(refuse(solo, 6, 2, 1, "b")).toEqual([]);
  expect(solo.raft.status().progress.get("b")).toMatchObject({ state: "probe", paused: true });
});

test("nothing is applied or campaigned for while a snapshot is being written", () => {
  const solo = new Solo();
  const { raft } = solo;
  raft.step(snapshot(1, { index: 5, term: 1 }));
  const first = raft.ready()!;
  expect(first.persist?.reset?.index).toBe(5);
  raft.step(append(1, 5, [entry(6, 1)], 6));
  const second = raft.ready()!;
  expect([first.committed, second.committed]).toEqual([[], []]);
  for (let tick = 0; tick < 30; tick++) raft.tick();
  expect(raft.status().role).toBe("follower");
  for (const { persist } of [first, second]) {
    solo.disk.write(persist!);
    raft.persisted(persist!.mark);
  }
  raft.applied(5);
  expect(raft.ready()?.committed.map(({ index }) => index)).toEqual([6]);
});

test("two snapshots close together: the newer one counts, whenever the writes are done", () => {
  const solo = new Solo();
  const { raft } = solo;
  const writes = [5, 9].map((index) => {
    raft.step(snapshot(1, { index, term: 1 }));
    return raft.ready()!.persist!;
  });
  solo.disk.write(writes[0]!);
  raft.persisted(writes[0]!.mark);
  expect(raft.status()).toMatchObject({ firstIndex: 10, durableIndex: 0, commitIndex: 9 });
  solo.disk.write(writes[1]!);
  raft.persisted(writes[1]!.mark);
  expect(raft.status()).toMatchObject({ firstIndex: 10, lastIndex: 9, durableIndex: 9 });
});

test("entries that were being written when a snapshot came are not durable because of it", () => {
  const solo = new Solo();
  const { raft } = solo;
  raft.step({ ...append(1, 0, [entry(1, 1), entry(2, 1)], 0), logTerm: 0 } as Message);
  const entries = raft.ready()!.persist!;
  raft.step(snapshot(1, { index: 5, term: 1 }));
  const reset = raft.ready()!.persist!;
  raft.step(append(1, 5, [entry(6, 1)], 5));
  const after = raft.ready()!.persist!;
  const durable = [entries, reset, after].map((persist) => {
    solo.disk.write(persist);
    raft.persisted(persist.mark);
    return raft.status().durableIndex;
  });
  expect(durable).toEqual([0, 5, 6]);
});

test("the configuration of a snapshot counts, and later ones in the log after it", () => {
  const solo = new Solo();
  const mark = { index: 5, term: 1, configuration: majority(["a", "x", "y"]) };
  solo.step({ type: "snapshot", from: "b", to: "a", term: 1, mark });
  expect(solo.raft.status().configuration).toEqual(majority(["a", "x", "y"]));
  const again = new Solo({ disk: solo.disk, configuration: mark.configuration, appliedIndex: 5 });
  expect(again.raft.status()).toMatchObject({ commitIndex: 5, appliedIndex: 5, lastIndex: 5 });
  expect(again.raft.configurationAt(5)).toEqual(mark.configuration);
  expect(again.raft.configurationAt(4)).toBeUndefined();
});

test("a follower that needs what is gone gets the snapshot and then nothing else", () => {
  const solo = compacted();
  expect(refuse(solo, 6, 2, 1)).toMatchObject([{ type: "snapshot", mark: { index: 6 } }]);
  solo.raft.propose([bytes("x")]);
  expect(solo.flush().filter(({ to }) => to === "c")).toEqual([]);
  expect(solo.raft.status().progress.get("c")).toMatchObject({ state: "snapshot", paused: true });
});

test("a snapshot that failed is sent again after the next sign of life", () => {
  const solo = compacted();
  refuse(solo, 6, 2, 1);
  solo.raft.reportSnapshot("c", false);
  expect(solo.flush()).toEqual([]);
  const alive = { type: "heartbeat-answer", from: "c", to: "a", term: 2, context: 0 } as const;
  expect(solo.step(alive)).toMatchObject([{ type: "snapshot", to: "c" }]);
});

test("a follower that is not heard gets no snapshot before it is", () => {
  const solo = new Solo({ term: 1, terms: [1, 1, 1, 1, 1, 1] });
  solo.lead();
  solo.accept("b", 7);
  solo.accept("c", 2);
  const alive = { type: "heartbeat-answer", to: "a", term: 2, context: 0 } as const;
  for (let tick = 0; tick < 12; tick++) {
    solo.raft.tick();
    solo.step({ ...alive, from: "b" });
  }
  solo.disk.saveSnapshot({ index: 6, term: 1, configuration }, 5);
  solo.raft.reportUnreachable("c");
  solo.raft.propose([bytes("x")]);
  expect(solo.flush().filter(({ to }) => to === "c")).toEqual([]);
  expect(solo.step({ ...alive, from: "c" })).toMatchObject([{ type: "snapshot", to: "c" }]);
});

test("after a snapshot has arrived the log goes on from its end, by report or by answer", () => {
  const alive = { type: "heartbeat-answer", from: "c", to: "a", term: 2, context: 0 } as const;
  const reported = compacted();
  refuse(reported, 6, 2, 1);
  reported.raft.reportSnapshot("c", true);
  expect(reported.step(alive)).toMatchObject([{ type: "append", to: "c", index: 6 }]);
  const answered = compacted();
  refuse(answered, 6, 2, 1);
  const accept = { type: "append-answer", from: "c", to: "a", term: 2, reject: false } as const;
  const sent = answered.step({ ...accept, index: 6, hint: 0, logTerm: 0 });
  expect(sent).toMatchObject([{ type: "append", to: "c", index: 6, entries: [{ index: 7 }] }]);
  expect(answered.raft.status().progress.get("c")?.state).toBe("replicate");
});

test("a report about a snapshot that is lost after all leads to another one", () => {
  const solo = compacted();
  refuse(solo, 6, 2, 1);
  solo.raft.reportSnapshot("c", true);
  solo.step({ type: "heartbeat-answer", from: "c", to: "a", term: 2, context: 0 });
  expect(refuse(solo, 6, 2, 1)).toMatchObject([{ type: "snapshot", to: "c" }]);
});

test("without a snapshot to give a follower is left waiting, and gets it once there is one", () => {
  const solo = new Solo({ term: 1, terms: [1, 1, 1, 1, 1, 1] });
  solo.lead();
  solo.accept("b", 7);
  solo.disk.compact(5);
  expect(refuse(solo, 6, 2, 1)).toEqual([]);
  const alive = { type: "heartbeat-answer", from: "c", to: "a", term: 2, context: 0 } as const;
  expect(solo.step(alive)).toEqual([]);
  solo.disk.saveSnapshot({ index: 6, term: 1, configuration }, 5);
  expect(solo.step(alive)).toMatchObject([{ type: "snapshot", to: "c" }]);
});

test("reports about strangers, or to a member that does not lead, change nothing", () => {
  const solo = compacted();
  solo.raft.reportSnapshot("stranger", true);
  solo.raft.reportUnreachable("stranger");
  solo.raft.reportSnapshot("b", true);
  expect(solo.raft.status().progress.get("b")?.state).toBe("replicate");
  const follower = new Solo();
  follower.raft.reportSnapshot("b", true);
  follower.raft.reportUnreachable("b");
  expect(follower.flush()).toEqual([]);
});
