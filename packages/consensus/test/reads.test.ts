import { expect, test } from "vitest";
import type { Message } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { Solo } from "./support/solo.ts";

function confirm(from: string, context: number, term = 1): Message {
  return { type: "heartbeat-answer", from, to: "a", term, context };
}

function heartbeat(term: number, from = "b"): Message {
  return { type: "heartbeat", from, to: "a", term, commit: 0, context: 0 };
}

/** A leader that has committed in its term, and followed up on all it owes. */
function established(): Solo {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  solo.accept("c", 1);
  return solo;
}

test("a read is answered after a quorum has confirmed the leader, not before", () => {
  const solo = established();
  solo.raft.readIndex(7);
  const sent = solo.flush();
  expect(sent).toMatchObject([
    { type: "heartbeat", to: "b", context: 1 },
    { type: "heartbeat", to: "c", context: 1 },
  ]);
  expect(solo.reads).toEqual([]);
  solo.step(confirm("b", 1));
  expect(solo.reads).toEqual([{ context: 7, index: 1 }]);
});

test("what was confirmed before a read came in does not answer it", () => {
  const solo = established();
  solo.raft.readIndex(7);
  solo.flush();
  solo.raft.readIndex(8);
  solo.flush();
  solo.step(confirm("b", 1), confirm("b", 1), confirm("b", 99));
  expect(solo.reads.map(({ context }) => context)).toEqual([7]);
  solo.step(confirm("c", 2));
  expect(solo.reads.map(({ context }) => context)).toEqual([7, 8]);
});

test("a later round confirms the earlier ones, whose messages may be lost", () => {
  const solo = established();
  for (const context of [1, 2, 3]) {
    solo.raft.readIndex(context);
    solo.flush();
  }
  solo.step(confirm("c", 3));
  expect(solo.reads.map(({ context }) => context)).toEqual([1, 2, 3]);
});

test("reads that come while enough rounds are under way share the next one", () => {
  const solo = established();
  for (let context = 1; context <= 4; context++) {
    solo.raft.readIndex(context);
    solo.flush();
  }
  for (let context = 5; context <= 50; context++) solo.raft.readIndex(context);
  expect(solo.flush()).toEqual([]);
  expect(solo.step(confirm("b", 4))).toMatchObject([{ context: 5 }, { context: 5 }]);
  solo.step(confirm("b", 5));
  expect(solo.reads).toHaveLength(50);
});

test("a leader that has committed nothing in its term answers no read", () => {
  const solo = new Solo({ term: 1, terms: [1, 1] });
  solo.lead();
  solo.raft.readIndex(7);
  solo.flush();
  solo.step(confirm("b", 0, 2), confirm("c", 0, 2));
  expect(solo.reads).toEqual([]);
  solo.accept("b", 3);
  solo.step(confirm("b", 1, 2));
  expect(solo.reads).toEqual([{ context: 7, index: 3 }]);
});

test("reads are refused when leadership is lost, own and forwarded ones", () => {
  const solo = established();
  solo.raft.readIndex(7);
  solo.step({ type: "read-index", from: "c", to: "a", term: 1, context: 8 });
  const sent = solo.step(heartbeat(2));
  expect(solo.reads).toEqual([{ context: 7, index: undefined }]);
  expect(sent).toContainEqual(
    expect.objectContaining({ type: "read-index-answer", to: "c", context: 8, reject: true }),
  );
  solo.step(confirm("b", 1), confirm("c", 1));
  expect(solo.reads).toHaveLength(1);
});

test("a confirmation of an older term confirms nothing", () => {
  const solo = new Solo({ term: 4 });
  solo.lead();
  solo.accept("b", 1);
  solo.raft.readIndex(7);
  solo.flush();
  solo.step(confirm("b", 1, 4), confirm("c", 1, 3));
  expect(solo.reads).toEqual([]);
});

test("a follower passes a read on, and answers only what it asked", () => {
  const solo = new Solo();
  solo.raft.readIndex(1);
  solo.step(heartbeat(1));
  expect(solo.reads).toEqual([{ context: 1, index: undefined }]);
  solo.raft.readIndex(2);
  expect(solo.flush()).toMatchObject([{ type: "read-index", to: "b", context: 2 }]);
  const answer = { type: "read-index-answer", from: "b", to: "a", term: 1, reject: false } as const;
  solo.step({ ...answer, context: 3, index: 5 }, { ...answer, from: "c", context: 2, index: 5 });
  expect(solo.reads).toHaveLength(1);
  solo.step({ ...answer, context: 2, index: 5 }, { ...answer, context: 2, index: 6 });
  expect(solo.reads.slice(1)).toEqual([{ context: 2, index: 5 }]);
});

test("forwarded reads are refused when the leader changes, or when no answer comes", () => {
  const solo = new Solo();
  solo.step(heartbeat(1));
  solo.raft.readIndex(1);
  solo.step(heartbeat(2, "c"));
  expect(solo.reads).toEqual([{ context: 1, index: undefined }]);
  solo.raft.readIndex(2);
  for (let tick = 0; tick < 12; tick++) {
    solo.raft.tick();
    solo.step(heartbeat(2, "c"));
  }
  expect(solo.reads).toEqual([
    { context: 1, index: undefined },
    { context: 2, index: undefined },
  ]);
});

test("more reads than the limit are refused at once", () => {
  const solo = new Solo({ limits: { readsMax: 2 } });
  solo.lead();
  solo.accept("b", 1);
  for (const context of [1, 2, 3]) solo.raft.readIndex(context);
  solo.flush();
  expect(solo.reads).toEqual([{ context: 3, index: undefined }]);
  solo.step(confirm("b", 1));
  solo.raft.readIndex(4);
  solo.flush();
  expect(solo.reads.at(-1)?.context).toBe(2);
  const follower = new Solo({ limits: { readsMax: 1 } });
  follower.step(heartbeat(1));
  for (const context of [1, 2]) follower.raft.readIndex(context);
  follower.flush();
  expect(follower.reads).toEqual([{ context: 2, index: undefined }]);
});

test("strangers and members without a leader are refused", () => {
  const solo = established();
  const ask = { type: "read-index", to: "a", term: 1, context: 9 } as const;
  expect(solo.step({ ...ask, from: "stranger" })).toMatchObject([{ to: "stranger", reject: true }]);
  const follower = new Solo({ term: 1 });
  expect(follower.step({ ...ask, from: "b" })).toMatchObject([{ to: "b", reject: true }]);
});

test("when voters go, the answers that are there may be enough for reads", () => {
  const solo = established();
  solo.raft.readIndex(1);
  solo.flush();
  expect(solo.raft.proposeConfiguration(majority(["a", "b"])).accepted).toBe(true);
  solo.flush();
  solo.accept("b", 2);
  expect(solo.raft.proposeConfiguration(majority(["a"])).accepted).toBe(true);
  solo.flush();
  expect(solo.reads).toEqual([{ context: 1, index: 1 }]);
});

test("a witness that leads answers no read", () => {
  const solo = new Solo({
    configuration: { ...majority(["a", "b", "c"]), witnesses: ["a"] },
  });
  solo.lead();
  expect(solo.raft.status().role).toBe("leader");
  solo.raft.readIndex(7);
  solo.flush();
  expect(solo.reads).toEqual([{ context: 7, index: undefined }]);
});
