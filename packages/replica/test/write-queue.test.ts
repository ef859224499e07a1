import type { Applied, Command } from "@meridian/tree";
import { expect, test } from "vitest";
import { type PendingWrite, WriteQueue, type WriteOutcome } from "../src/write-queue.ts";

const limits = { writesMax: 10, writeBytesMax: 1_000 };

function write(session: number, sequence: number, change: Partial<PendingWrite> = {}) {
  const outcomes: WriteOutcome[] = [];
  const pending: PendingWrite = {
    session,
    sequence,
    attachment: 0,
    takenAtMs: 0,
    sent: false,
    settled: false,
    repeatable: true,
    bytes: Buffer.from([session, sequence]),
    deadlineAtMs: 1e3,
    done: (outcome) => outcomes.push(outcome),
    ...change,
  };
  return { pending, outcomes };
}

function applied(queue: WriteQueue, session: number, sequence: number): void {
  const operation = { kind: "close-session", session } as const;
  const command: Command = { session, sequence, acknowledged: 0, timeMs: 0, operation };
  const outcome: Applied = {
    result: { kind: "done" },
    index: 1,
    transactions: [],
    endedSessions: [],
  };
  queue.applied(command, outcome);
}

const sequences = (writes: readonly PendingWrite[]): readonly number[] =>
  writes.map(({ sequence }) => sequence);

test("each write is answered once, however often its command is applied", () => {
  const queue = new WriteQueue(limits, () => 0);
  const { pending, outcomes } = write(1, 1);
  queue.add(pending);
  queue.takeUnsent(100);
  applied(queue, 1, 1);
  applied(queue, 1, 1);
  queue.expire(2_000);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["applied"]);
});

test("all goes out again in order to another leader, but for what must not be repeated", () => {
  const queue = new WriteQueue(limits, () => 0);
  const once = write(0, 99, { repeatable: false });
  for (const { pending } of [write(1, 1), once, write(1, 2)]) queue.add(pending);
  expect(queue.takeUnsent(100)).toHaveLength(3);
  queue.resendAll();
  expect(once.outcomes).toEqual([{ kind: "unknown" }]);
  expect(sequences(queue.takeUnsent(100))).toEqual([1, 2]);
});

test("a write that is given up takes those behind it in its session along, sent or not", () => {
  const queue = new WriteQueue(limits, () => 0);
  const early = write(1, 1);
  const late = write(1, 2, { deadlineAtMs: 5_000 });
  const other = write(2, 1, { deadlineAtMs: 5_000 });
  queue.add(early.pending);
  queue.takeUnsent(100);
  for (const { pending } of [late, other]) queue.add(pending);
  queue.expire(2_000);
  expect([early, late, other].map(({ outcomes }) => outcomes)).toEqual([
    [{ kind: "unknown" }],
    [{ kind: "unavailable" }],
    [],
  ]);
  // Who sends both again gets them into the log in their order.
  for (const { pending } of [write(1, 1), write(1, 2)]) queue.add(pending);
  queue.resendAll();
  expect(sequences(queue.takeUnsent(100))).toEqual([1, 1, 2]);
});

test("a write that never left this node is certain not to have been applied", () => {
  const queue = new WriteQueue(limits, () => 0);
  const [sent, kept] = [write(1, 1), write(1, 2)];
  queue.add(sent.pending);
  queue.takeUnsent(100);
  queue.add(kept.pending);
  queue.expire(1_000);
  expect(sent.outcomes).toEqual([{ kind: "unknown" }]);
  expect(kept.outcomes).toEqual([{ kind: "unavailable" }]);
});

test("a repetition takes over the answer, and its deadline counts", () => {
  const queue = new WriteQueue(limits, () => 0);
  const [first, again] = [write(1, 1), write(1, 1, { deadlineAtMs: 5_000 })];
  queue.add(first.pending);
  queue.add(again.pending);
  queue.expire(1_000);
  expect(queue.size).toBe(1);
  applied(queue, 1, 1);
  expect(first.outcomes).toEqual([]);
  expect(again.outcomes).toHaveLength(1);
});

test("what was handed over and waits for its entry is nothing to be sent", () => {
  const queue = new WriteQueue(limits, () => 0);
  queue.add(write(1, 1).pending);
  expect(queue.hasUnsent).toBe(true);
  queue.takeUnsent(100);
  expect(queue.hasUnsent).toBe(false);
  queue.resendAll();
  expect(queue.hasUnsent).toBe(true);
  applied(queue, 1, 1);
  expect(queue.hasUnsent).toBe(false);
});

test("a queue takes no more writes and bytes than it may", () => {
  const queue = new WriteQueue({ writesMax: 2, writeBytesMax: 1_000 }, () => 0);
  expect([1, 2, 3].map((sequence) => queue.add(write(1, sequence).pending))).toEqual([
    true,
    true,
    false,
  ]);
  const heavy = new WriteQueue({ writesMax: 10, writeBytesMax: 3 }, () => 0);
  expect([1, 2].map((sequence) => heavy.add(write(1, sequence).pending))).toEqual([true, false]);
  applied(heavy, 1, 1);
  expect(heavy.add(write(1, 2).pending)).toBe(true);
});

test("what would wait for too long is refused at once, whatever comes how fast", () => {
  let nowMs = 0;
  const limits = { writesMax: 100_000, writeBytesMax: 1e9, waitMaxMs: 500 };
  const queue = new WriteQueue(limits, () => nowMs);
  let [shortestMs, longestMs] = [Infinity, 0];
  let [first, next, refused] = [1, 1, 0];
  const takenAtMs = new Map<number, number>();
  // Every millisecond 30 come and 10 are done.
  for (; nowMs < 20_000; nowMs += 1) {
    for (let offered = 0; offered < 30; offered += 1) {
      if (queue.add(write(1, next).pending)) takenAtMs.set(next++, nowMs);
      else refused += 1;
    }
    for (let done = 0; done < 10 && first < next; done += 1, first += 1) {
      applied(queue, 1, first);
      if (nowMs < 2_000) continue;
      const waitedMs = nowMs - (takenAtMs.get(first) ?? 0);
      shortestMs = Math.min(shortestMs, waitedMs);
      longestMs = Math.max(longestMs, waitedMs);
    }
  }
  expect(longestMs).toBeLessThan(600);
  expect(shortestMs).toBeGreaterThan(400);
  expect(refused).toBeGreaterThan(350_000);
  expect(queue.retryAfterMs).toBeGreaterThan(200);
  expect(queue.retryAfterMs).toBeLessThan(300);
  // Sessions come and go all the same.
  while (queue.add(write(1, next).pending)) next += 1;
  expect(queue.add(write(0, 1).pending)).toBe(true);
  expect(queue.add(write(1, next).pending)).toBe(false);
});

test("who asks for little is taken while others ask for more than can be done", () => {
  let nowMs = 0;
  const limits = { writesMax: 100_000, writeBytesMax: 1e9, waitMaxMs: 500 };
  const queue = new WriteQueue(limits, () => nowMs);
  const order: [session: number, sequence: number][] = [];
  const counts = { greedy: 1, modest: 1, refusedGreedy: 0, refusedModest: 0 };
  // Every millisecond one offers 30, another one offers 1, and 10 are done.
  for (; nowMs < 10_000; nowMs += 1) {
    for (let offered = 0; offered < 30; offered += 1) {
      if (queue.add(write(1, counts.greedy).pending)) order.push([1, counts.greedy++]);
      else counts.refusedGreedy += 1;
    }
    if (queue.add(write(2, counts.modest).pending)) order.push([2, counts.modest++]);
    else counts.refusedModest += 1;
    for (const [session, sequence] of order.splice(0, 10)) applied(queue, session, sequence);
  }
  expect(counts.refusedGreedy).toBeGreaterThan(100_000);
  expect(counts.refusedModest).toBe(0);
  expect(queue.size).toBeLessThan(10_000);
});

test("a burst is taken whole by a queue in which nothing had to wait", () => {
  let nowMs = 0;
  const limits = { writesMax: 100_000, writeBytesMax: 1e9, waitMaxMs: 500 };
  const queue = new WriteQueue(limits, () => nowMs);
  for (let sequence = 1; sequence <= 3_000; sequence += 1, nowMs += 1) {
    queue.add(write(1, sequence).pending);
    if (sequence > 5) applied(queue, 1, sequence - 5);
  }
  const burst = Array.from({ length: 50_000 }, (_, at) => queue.add(write(2, at + 1).pending));
  expect(burst.every(Boolean)).toBe(true);
});

test("places stay right while thousands of writes come and go", () => {
  const queue = new WriteQueue({ writesMax: 100_000, writeBytesMax: 10_000_000 }, () => 0);
  const taken: number[] = [];
  for (let sequence = 1; sequence <= 10_000; sequence += 1) {
    queue.add(write(1, sequence).pending);
    if (sequence % 7 === 0) taken.push(...sequences(queue.takeUnsent(20)));
    const settled = taken[Math.floor(sequence / 3)];
    if (settled !== undefined) applied(queue, 1, settled);
  }
  while (queue.hasUnsent) taken.push(...sequences(queue.takeUnsent(20)));
  expect(taken).toEqual(Array.from({ length: 10_000 }, (_, place) => place + 1));
});
