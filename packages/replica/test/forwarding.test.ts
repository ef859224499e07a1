import type { Forward, ForwardAnswer } from "@meridian/transport";
import { expect, test } from "vitest";
import { ForwardInbox, type Intake } from "../src/forward-inbox.ts";
import { ForwardOutbox } from "../src/forward-outbox.ts";
import { PendingWrite, type WriteOutcome, WriteQueue } from "../src/write-queue.ts";

const term = 3;

/**
 * A member with a queue and a leader with a log, and nothing between them but what a test carries.
 */
class Pair {
  readonly queue: WriteQueue = new WriteQueue(
    { writesMax: 100_000, writeBytesMax: 1_000_000_000 },
    () => 0,
  );
  readonly outbox: ForwardOutbox = new ForwardOutbox(this.queue);
  inbox: ForwardInbox = new ForwardInbox();
  readonly log: number[] = [];
  readonly outcomes: Map<number, WriteOutcome> = new Map();
  intake: Intake = "accepted";
  nowMs = 0;

  constructor() {
    this.outbox.restart(term);
  }

  /** Queues a write of its own forward, as its size fills one; session 0: not to be repeated. */
  write(number: number, session: number = 1, deadlineAtMs: number = Infinity): void {
    const bytes = Buffer.alloc(600_000);
    bytes.writeUInt32BE(number);
    const done = (outcome: WriteOutcome): unknown => this.outcomes.set(number, outcome);
    const repeatable = session !== 0;
    const offered = { session, sequence: number, bytes, deadlineAtMs, repeatable, done };
    this.queue.add(new PendingWrite(offered));
  }

  /** Everything that the member has to say now. */
  forwards(): Forward[] {
    const forwards: Forward[] = [];
    for (let next = this.outbox.next(this.nowMs); next; next = this.outbox.next(this.nowMs)) {
      forwards.push(next);
    }
    return forwards;
  }

  /** The leader hears a forward. */
  offer(forward: Forward, leaderTerm: number = term): ForwardAnswer {
    return this.inbox.offer("member", forward, leaderTerm, (commands) => {
      if (this.intake === "accepted") {
        for (const command of commands) this.log.push(Buffer.from(command).readUInt32BE());
      }
      return this.intake;
    });
  }

  answer(answer: ForwardAnswer): void {
    this.outbox.answer(answer, this.nowMs);
  }

  /** Talks until there is nothing more to say. */
  talk(): void {
    for (let round = 0; round < 100; round += 1) {
      this.nowMs += 100;
      const forwards = this.forwards();
      if (forwards.length === 0) return;
      const answers = forwards.map((forward) => this.offer(forward));
      for (const answer of answers) this.answer(answer);
    }
    throw new Error("they never come to an end");
  }
}

test("the leader takes the forwards of a member in the order of their arrival", () => {
  const pair = new Pair();
  for (const number of [1, 2, 3]) pair.write(number);
  pair.talk();
  expect(pair.log).toEqual([1, 2, 3]);
});

test("after a refusal nothing overtakes what was refused", () => {
  const pair = new Pair();
  for (const number of [1, 2, 3]) pair.write(number);
  const [first, second, third] = pair.forwards();
  if (first === undefined || second === undefined || third === undefined) throw new Error("three");
  const answers = [pair.offer(first)];
  pair.intake = "overloaded";
  answers.push(pair.offer(second));
  pair.intake = "accepted";
  answers.push(pair.offer(third));
  for (const answer of answers) pair.answer(answer);
  expect(pair.log).toEqual([1]);
  pair.talk();
  expect(pair.log).toEqual([1, 2, 3]);
});

test("writes behind a refused forward go out again although those in it have ended", () => {
  const pair = new Pair();
  pair.write(1, 1, 50);
  pair.write(2, 2);
  const [first, second] = pair.forwards();
  if (first === undefined || second === undefined) throw new Error("two");
  pair.intake = "overloaded";
  const answers = [pair.offer(first), pair.offer(second)];
  pair.intake = "accepted";
  pair.queue.expire(50);
  for (const answer of answers) pair.answer(answer);
  pair.talk();
  expect(pair.log).toEqual([2]);
});

test("when the answer to a refused forward is lost, the next refusal takes everything back", () => {
  const pair = new Pair();
  for (const number of [1, 2]) pair.write(number);
  const [first, second] = pair.forwards();
  if (first === undefined || second === undefined) throw new Error("two");
  pair.intake = "overloaded";
  pair.offer(first);
  pair.intake = "accepted";
  pair.answer(pair.offer(second));
  pair.talk();
  expect(pair.log).toEqual([1, 2]);
});

test("a write without a session whose answer may be lost is never sent twice", () => {
  const pair = new Pair();
  pair.write(1, 0);
  pair.write(2, 0);
  const [first, second] = pair.forwards();
  if (first === undefined || second === undefined) throw new Error("two");
  pair.offer(first);
  pair.intake = "overloaded";
  pair.answer(pair.offer(second));
  pair.intake = "accepted";
  pair.talk();
  expect(pair.log).toEqual([1, 2]);
  expect(pair.outcomes.get(1)).toEqual({ kind: "unknown" });
  expect(pair.outcomes.has(2)).toBe(false);
});

test("a member goes on when all answers were lost", () => {
  const pair = new Pair();
  for (let number = 1; number <= 200; number += 1) pair.write(number);
  for (const forward of pair.forwards()) pair.offer(forward);
  expect(pair.forwards()).toEqual([]);
  pair.nowMs += 3_000;
  pair.talk();
  expect([...new Set(pair.log)]).toEqual(Array.from({ length: 200 }, (_, place) => place + 1));
});

test("what the leader took is not sent again in its term, but all of it in the next", () => {
  const pair = new Pair();
  for (const number of [1, 2, 3]) pair.write(number);
  const [first] = pair.forwards();
  if (first === undefined) throw new Error("three");
  pair.answer(pair.offer(first));
  pair.outbox.resume();
  pair.talk();
  expect(pair.log).toEqual([1, 2, 3]);
  pair.outbox.restart(term + 1);
  expect(pair.forwards()).toHaveLength(3);
});

test("a leader that cannot keep up is asked less and less often", () => {
  const pair = new Pair();
  pair.write(1);
  let sent = 0;
  for (; pair.nowMs < 60_000; pair.nowMs += 100) sent += pair.forwards().length;
  expect(sent).toBeGreaterThan(2);
  expect(sent).toBeLessThan(8);
});

test("a member waits before it asks a leader that refuses again", () => {
  const pair = new Pair();
  pair.write(1);
  pair.intake = "refused";
  const [first] = pair.forwards();
  if (first === undefined) throw new Error("one");
  pair.answer(pair.offer(first));
  expect(pair.forwards()).toEqual([]);
  pair.nowMs += 20;
  expect(pair.forwards()).toHaveLength(1);
});

test("a new leader is asked at once", () => {
  const pair = new Pair();
  pair.write(1);
  pair.intake = "refused";
  const [first] = pair.forwards();
  if (first === undefined) throw new Error("one");
  pair.answer(pair.offer(first));
  pair.outbox.restart(term + 1);
  expect(pair.forwards()).toHaveLength(1);
});

test("a forward of an earlier term is not taken, however late it comes", () => {
  const pair = new Pair();
  pair.write(1);
  const [late] = pair.forwards();
  if (late === undefined) throw new Error("one");
  expect(pair.offer(late, term + 2)).toMatchObject({ accepted: false });
  expect(pair.log).toEqual([]);
});

test("a member that started again is heard although the leader knows later epochs of it", () => {
  const pair = new Pair();
  for (let round = 0; round < 5; round += 1) pair.outbox.restart(term);
  pair.write(1);
  pair.talk();
  const reborn = new Pair();
  reborn.inbox = pair.inbox;
  reborn.write(2);
  reborn.talk();
  expect(reborn.log).toEqual([2]);
});
