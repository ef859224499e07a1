import { expect, test } from "vitest";
import type { Entry, Message } from "../src/index.ts";
import { majority } from "../src/index.ts";
import { bytes } from "./support/codec.ts";
import { entry, Solo } from "./support/solo.ts";

function append(
  term: number,
  index: number,
  logTerm: number,
  entries: readonly Entry[],
  commit = 0,
): Message {
  return { type: "append", from: "b", to: "a", term, index, logTerm, entries, commit };
}

function refusal(
  from: string,
  term: number,
  index: number,
  hint: number,
  logTerm: number,
): Message {
  return { type: "append-answer", from, to: "a", term, index, reject: true, hint, logTerm };
}

function termsOf(solo: Solo): (number | undefined)[] {
  return Array.from({ length: solo.disk.lastIndex() }, (_, at) => solo.disk.term(at + 1));
}

test("an entry of an older term is not committed by counting", () => {
  const solo = new Solo({ term: 2, terms: [1, 2] });
  solo.lead();
  solo.accept("b", 2);
  solo.accept("c", 2);
  expect(solo.raft.status().commitIndex).toBe(0);
  solo.accept("b", 3);
  expect(solo.raft.status().commitIndex).toBe(3);
});

test("a follower commits no further than its leader has vouched for", () => {
  const solo = new Solo({ term: 2, terms: [1, 2, 2] });
  solo.step(append(3, 1, 1, [], 3));
  expect(solo.raft.status().commitIndex).toBe(1);
  solo.step(append(3, 1, 1, [entry(2, 3)], 9));
  expect(solo.raft.status().commitIndex).toBe(2);
});

test("who is only told what is committed consents in silence, and refuses aloud", () => {
  const solo = new Solo({ term: 1, terms: [1, 1] });
  const told = (index: number): Message => {
    const append = { type: "append", from: "b", to: "a", term: 1, logTerm: 1 } as const;
    return { ...append, index, entries: [], commit: index, quiet: true };
  };
  expect(solo.step(told(2))).toEqual([]);
  expect(solo.raft.status().commitIndex).toBe(2);
  expect(solo.step(told(3))).toMatchObject([{ reject: true, hint: 2 }]);
});

test("a leader asks for an answer where it does not know how far a follower is", () => {
  const solo = new Solo({ term: 1 });
  solo.lead();
  const { term } = solo.raft.status();
  solo.accept("c", 1);
  const told = solo.accept("b", 1);
  expect(told.filter(({ to }) => to === "b")).toMatchObject([{ type: "append", quiet: true }]);
  solo.raft.reportUnreachable("b");
  const answer = { type: "heartbeat-answer", from: "b", to: "a", term, context: 0 } as const;
  const [asked] = solo.step(answer);
  expect(asked).toMatchObject({ type: "append", to: "b", entries: [] });
  expect(asked).not.toHaveProperty("quiet");
});

test("an append that comes late or twice cuts nothing that matches", () => {
  const solo = new Solo({ term: 1 });
  const first = append(1, 0, 0, [entry(1, 1), entry(2, 1)]);
  const second = append(1, 2, 1, [entry(3, 1), entry(4, 1)]);
  solo.step(first, second, first, append(1, 0, 0, []), append(1, 1, 1, [entry(2, 1)]));
  expect(termsOf(solo)).toEqual([1, 1, 1, 1]);
});

test("a real conflict cuts the log, in memory and on disk", () => {
  const solo = new Solo({ term: 2, terms: [1, 1, 2, 2, 2] });
  const sent = solo.step(append(3, 2, 1, [entry(3, 3)]));
  expect(sent).toMatchObject([{ type: "append-answer", index: 3, reject: false }]);
  expect(termsOf(solo)).toEqual([1, 1, 3]);
});

test("what is committed is never cut: a leader that contradicts it stops the member", () => {
  const solo = new Solo({ term: 1, terms: [1, 1] });
  solo.step(append(1, 2, 1, [], 2));
  expect(() => solo.step(append(2, 2, 2, []))).not.toThrow();
  expect(solo.step(append(2, 1, 1, [entry(2, 2)]))).toMatchObject([{ index: 2, reject: false }]);
  expect(termsOf(solo)).toEqual([1, 1]);
  expect(() => solo.step(append(2, 2, 1, [entry(3, 2)], 3))).not.toThrow();
  const heartbeat = { type: "heartbeat", from: "b", to: "a", term: 2, context: 0 } as const;
  expect(() => solo.raft.step({ ...heartbeat, commit: 9 })).toThrow("has been lost");
});

test("entries with gaps, falling terms, or of the future are not taken", () => {
  const solo = new Solo({ term: 2 });
  const bad = [
    append(2, 0, 0, [entry(2, 1)]),
    append(2, 0, 0, [entry(1, 1), entry(3, 1)]),
    append(2, 0, 0, [entry(1, 2), entry(2, 1)]),
    append(2, 0, 0, [entry(1, 3)]),
  ];
  expect(solo.step(...bad)).toEqual([]);
  expect(solo.raft.status().lastIndex).toBe(0);
});

test("next never falls to what matches, whatever a late refusal hints", () => {
  const solo = new Solo({ term: 1, terms: [1, 1, 1, 1, 1] });
  solo.lead();
  solo.step(refusal("b", 2, 5, 2, 1));
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 0, next: 3 });
  solo.accept("b", 6);
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 6, next: 7 });
  solo.step(refusal("b", 2, 2, 0, 0));
  expect(solo.raft.status().progress.get("b")).toMatchObject({ state: "replicate", next: 7 });
  solo.raft.propose([bytes("x")]);
  solo.flush();
  solo.step(refusal("b", 2, 7, 0, 0));
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 6, next: 7 });
});

test("answers of an older term count for nothing", () => {
  const solo = new Solo({ term: 4, terms: [1, 1] });
  solo.lead();
  const answer = { type: "append-answer", from: "b", to: "a", hint: 0, logTerm: 0 } as const;
  solo.step({ ...answer, term: 4, index: 2, reject: false });
  solo.step({ ...answer, term: 4, index: 2, reject: true });
  expect(solo.raft.status().progress.get("b")).toMatchObject({ match: 0, next: 3 });
});

test("answers that speak of more than there is are dropped", () => {
  const solo = new Solo({ term: 1, terms: [1] });
  solo.lead();
  solo.accept("b", 99);
  solo.step(refusal("c", 2, 1, 99, 99), refusal("stranger", 2, 1, 0, 0));
  solo.accept("stranger", 1);
  expect(solo.raft.status().progress.get("b")?.match).toBe(0);
  expect(solo.raft.status().progress.get("c")).toMatchObject({ match: 0, next: 1 });
});

test("a late report says nothing about entries that were written again since (ABA)", () => {
  const solo = new Solo({ term: 1, terms: [1] });
  const { raft } = solo;
  const writes = [
    append(2, 1, 1, [entry(2, 2)]),
    append(3, 1, 1, [entry(2, 3)]),
    append(4, 1, 1, [entry(2, 2), entry(3, 4)]),
  ].map((message) => {
    raft.step(message);
    return raft.ready()!.persist!;
  });
  expect(writes.map((write) => write.entries.map(({ term }) => term))).toEqual([[2], [3], [2, 4]]);
  expect(raft.status()).toMatchObject({ lastIndex: 3, durableIndex: 1 });
  const durable = writes.map((write) => {
    solo.disk.write(write);
    raft.persisted(write.mark);
    return raft.status().durableIndex;
  });
  expect(durable).toEqual([1, 1, 3]);
});

test("reporting a write reports those before it, and repeating a report changes nothing", () => {
  const solo = new Solo({ term: 1 });
  const { raft } = solo;
  const [first, second] = [append(1, 0, 0, [entry(1, 1)]), append(1, 1, 1, [entry(2, 1)])].map(
    (message) => {
      raft.step(message);
      return raft.ready()!.persist!;
    },
  );
  solo.disk.write(first!);
  solo.disk.write(second!);
  raft.persisted(second!.mark);
  expect(raft.status().durableIndex).toBe(2);
  raft.persisted(first!.mark);
  raft.persisted({ ...second!.mark, sequence: 99 });
  expect(raft.status().durableIndex).toBe(2);
});

test("the answer to an append leaves after the write that makes it true, each time", () => {
  const solo = new Solo({ term: 1 });
  const { raft } = solo;
  const message = append(1, 0, 0, [entry(1, 1)]);
  raft.step(message);
  const first = raft.ready();
  raft.step(message);
  const second = raft.ready();
  expect([first?.send, second?.send]).toEqual([[], []]);
  expect(second?.persist).toMatchObject({ hardState: undefined, entries: [], reset: undefined });
  expect(second?.persist?.send).toMatchObject([{ type: "append-answer", index: 1 }]);
  solo.disk.write(first!.persist!);
  raft.persisted(second!.persist!.mark);
  raft.step(message);
  expect(raft.ready()).toMatchObject({
    send: [{ type: "append-answer", index: 1 }],
    persist: undefined,
  });
});

test("a leader counts itself only when its own disk has the entry", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  const { raft } = solo;
  raft.propose([bytes("x")]);
  const ready = raft.ready();
  expect(ready?.send).toMatchObject([{ type: "append", to: "b", entries: [{ index: 2 }] }]);
  const answer = {
    type: "append-answer",
    from: "b",
    to: "a",
    term: 1,
    hint: 0,
    logTerm: 0,
  } as const;
  raft.step({ ...answer, index: 2, reject: false });
  expect(raft.status().commitIndex).toBe(1);
  solo.disk.write(ready!.persist!);
  raft.persisted(ready!.persist!.mark);
  expect(raft.status().commitIndex).toBe(2);
});

test("what the others have durable is committed though the leader's own disk hangs", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("b", 1);
  solo.accept("c", 1);
  const { raft } = solo;
  raft.propose([bytes("x")]);
  raft.ready();
  const answer = { type: "append-answer", to: "a", term: 1, hint: 0, logTerm: 0 } as const;
  raft.step({ ...answer, from: "b", index: 2, reject: false });
  raft.step({ ...answer, from: "c", index: 2, reject: false });
  expect(raft.ready()?.committed.map(({ index }) => index)).toEqual([2]);
});

test("what is too large is refused, and a batch is taken whole or not at all", () => {
  const solo = new Solo({ limits: { entryBytesMax: 10, uncommittedBytesMax: 1000 } });
  solo.lead();
  const refused = { accepted: false, reason: "too-large" };
  expect(solo.raft.propose([bytes("x"), new Uint8Array(11)])).toEqual(refused);
  expect(solo.raft.status().lastIndex).toBe(1);
  expect(solo.raft.propose([bytes("x"), new Uint8Array(10)])).toMatchObject({ index: 2, term: 1 });
  expect(solo.raft.propose(Array.from({ length: 99 }, () => new Uint8Array(1)))).toEqual(refused);
  expect(solo.raft.status().lastIndex).toBe(3);
});

test("large batches go out in appends of bounded size, each with at least one entry", () => {
  const solo = new Solo({ limits: { appendBytesMax: 100 } });
  solo.lead();
  solo.accept("b", 1);
  solo.raft.propose([80, 80, 40, 40, 40, 500, 1].map((size) => new Uint8Array(size)));
  const sizes = solo
    .flush()
    .flatMap((message) => (message.type === "append" && message.to === "b" ? [message] : []))
    .map(({ entries }) => entries.map(({ data }) => data.byteLength));
  expect(sizes).toEqual([[80], [80], [40, 40], [40], [500], [1]]);
});

test("without a quorum only so much is taken, and more once that is committed", () => {
  const solo = new Solo({ limits: { uncommittedBytesMax: 1000 } });
  solo.lead();
  solo.accept("b", 1);
  const one = [new Uint8Array(136)];
  for (let count = 0; count < 5; count++) {
    expect(solo.raft.propose(one)).toMatchObject({ accepted: true });
    solo.flush();
  }
  expect(solo.raft.propose(one)).toEqual({ accepted: false, reason: "overloaded" });
  solo.accept("b", 3);
  expect(solo.raft.propose(one)).toMatchObject({ accepted: true });
});

test("while the own disk hangs only so much is taken, though the others commit", () => {
  const solo = new Solo({ limits: { uncommittedBytesMax: 1000 } });
  solo.lead();
  solo.accept("b", 1);
  solo.accept("c", 1);
  const { raft } = solo;
  const answer = { type: "append-answer", to: "a", term: 1, hint: 0, logTerm: 0 } as const;
  let taken = 0;
  for (let index = 2; index < 20; index++) {
    if (raft.propose([new Uint8Array(136)]).accepted) taken += 1;
    raft.ready();
    raft.step({ ...answer, from: "b", index: raft.status().lastIndex, reject: false });
    raft.step({ ...answer, from: "c", index: raft.status().lastIndex, reject: false });
  }
  expect(taken).toBe(5);
  expect(raft.propose([new Uint8Array(1)])).toMatchObject({ reason: "overloaded" });
});

test("no more is handed out to be applied than the state machine can digest", () => {
  const solo = new Solo({ configuration: majority(["a"]), limits: { applyBytesMax: 200 } });
  const { raft, disk } = solo;
  raft.campaign();
  solo.flush();
  raft.propose(Array.from({ length: 20 }, () => new Uint8Array(36)));
  const persist = raft.ready()!.persist!;
  disk.write(persist);
  raft.persisted(persist.mark);
  const first = raft.ready()!.committed;
  expect(raft.ready()).toBeUndefined();
  raft.applied(first.at(-1)!.index);
  const second = raft.ready()!.committed;
  expect(second[0]?.index).toBe(first.at(-1)!.index + 1);
  expect(first.length + second.length).toBeLessThan(20);
});

test("followers hear of a moved commit index at once", () => {
  const solo = new Solo();
  solo.lead();
  solo.accept("c", 1);
  expect(solo.accept("b", 1)).toMatchObject([{ type: "append", to: "b", entries: [], commit: 1 }]);
  expect(solo.raft.hasReady()).toBe(false);
});

test("a member that starts finds the newest configuration in its log", () => {
  const first = new Solo();
  first.lead();
  first.accept("b", 1);
  expect(first.raft.proposeConfiguration(majority(["a", "b"], ["c"])).accepted).toBe(true);
  first.flush();
  const again = new Solo({ disk: first.disk });
  expect(again.raft.status().configuration).toEqual(majority(["a", "b"], ["c"]));
});
