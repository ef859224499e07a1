import { expect, test } from "vitest";
import { ReadBarriers } from "../src/read-barriers.ts";

interface Proof {
  readonly index: number;
  readonly askedAtMs: number;
}

function barriers() {
  const asked: number[] = [];
  const proofs: Proof[] = [];
  const reads = new ReadBarriers(100, (index, askedAtMs) => proofs.push({ index, askedAtMs }));
  const flush = (nowMs: number): void => reads.flush(nowMs, (context) => asked.push(context));
  return { reads, asked, proofs, flush };
}

test("reads that arrive together share one round", () => {
  const { reads, asked, flush } = barriers();
  const passed: boolean[] = [];
  for (let count = 0; count < 3; count += 1) reads.add(1_000, (ok) => passed.push(ok));
  flush(0);
  expect(asked).toEqual([101]);
  reads.answer({ context: 101, index: 7 });
  reads.applied(6);
  expect(passed).toEqual([]);
  reads.applied(7);
  expect(passed).toEqual([true, true, true]);
});

test("an answer to an earlier life of the node lets nothing pass", () => {
  const { reads, flush } = barriers();
  let passed = false;
  reads.add(1_000, (ok) => (passed = ok));
  flush(0);
  reads.answer({ context: 7, index: 1 });
  reads.applied(100);
  expect(passed).toBe(false);
});

test("a read passes even when every answer takes longer than the pause before asking again", () => {
  const { reads, asked, flush } = barriers();
  let passed = false;
  reads.add(10_000, (ok) => (passed = ok));
  // Answers come 700 ms after their question.
  for (let nowMs = 0; nowMs < 5_000 && !passed; nowMs += 100) {
    flush(nowMs);
    if (nowMs === 700) reads.answer({ context: asked[0] ?? 0, index: 1 });
    reads.applied(1);
  }
  expect(passed).toBe(true);
});

test("a lost question is asked again, and its read passes once", () => {
  const { reads, asked, flush } = barriers();
  const passed: boolean[] = [];
  reads.add(10_000, (ok) => passed.push(ok));
  flush(0);
  flush(100);
  expect(asked).toEqual([101]);
  flush(600);
  expect(asked).toEqual([101, 102]);
  reads.answer({ context: 102, index: 1 });
  reads.answer({ context: 101, index: 1 });
  reads.applied(1);
  expect(passed).toEqual([true]);
});

test("with a new leader all that wait are asked for at once", () => {
  const { reads, asked, flush } = barriers();
  reads.add(10_000, () => {});
  flush(0);
  reads.answer({ context: 101, index: undefined });
  reads.restart();
  flush(1);
  expect(asked).toEqual([101, 102]);
});

test("a read is given up at its deadline, and nobody asks for it any more", () => {
  const { reads, asked, flush } = barriers();
  const passed: boolean[] = [];
  reads.add(1_000, (ok) => passed.push(ok));
  flush(0);
  reads.expire(1_000);
  for (let nowMs = 1_000; nowMs < 5_000; nowMs += 100) flush(nowMs);
  expect(passed).toEqual([false]);
  expect(asked).toEqual([101]);
});

test("each answer proves what had been committed when it was asked for", () => {
  const { reads, proofs, flush } = barriers();
  reads.probe();
  flush(50);
  reads.answer({ context: 101, index: 9 });
  reads.add(1_000, () => {});
  flush(60);
  reads.answer({ context: 102, index: undefined });
  expect(proofs).toEqual([{ index: 9, askedAtMs: 50 }]);
});

test("too many reads are refused at once", () => {
  const { reads } = barriers();
  const passed: boolean[] = [];
  for (let count = 0; count < 100_001; count += 1) reads.add(1_000, (ok) => passed.push(ok));
  expect(passed).toEqual([false]);
});
