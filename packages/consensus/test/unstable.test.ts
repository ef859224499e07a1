import fc from "fast-check";
import { expect, test } from "vitest";
import { Inflight } from "../src/inflight.ts";
import { ReplicatedLog } from "../src/replicated-log.ts";
import { Unstable } from "../src/unstable.ts";
import { assert } from "./support/checks.ts";
import { MemoryDisk } from "./support/memory-disk.ts";
import { entry } from "./support/solo.ts";

/** What can happen to the tail of a log. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("push" as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant("replace" as const), back: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant("write" as const) }),
  fc.record({ kind: fc.constant("report" as const), count: fc.integer({ min: 1, max: 3 }) }),
);

/** The tail of a log and its disk, done the simple way beside the real one. */
class Twin {
  readonly real = new Unstable(1);
  /** What each write contains; the disk takes them in order. */
  readonly #writes: { readonly first: number; readonly terms: readonly number[] }[] = [];
  #log: number[] = [];
  #disk: number[] = [];
  #reported = 0;
  #term = 1;

  push(count: number): void {
    for (let left = count; left > 0; left--) {
      this.#log.push(this.#term);
      this.real.push(entry(this.#log.length, this.#term));
    }
  }

  replace(back: number): void {
    const keep = Math.max(this.#log.length - back, 0);
    this.#term += 1;
    this.#log = this.#log.slice(0, keep);
    this.real.truncate(keep + 1);
    this.push(1);
  }

  write(): void {
    const entries = this.real.takeUnwritten(this.#writes.length + 1);
    const first = entries[0]?.index ?? this.#log.length + 1;
    this.#writes.push({ first, terms: entries.map(({ term }) => term) });
  }

  report(count: number): void {
    const end = Math.min(this.#reported + count, this.#writes.length);
    for (const { first, terms } of this.#writes.slice(this.#reported, end)) {
      if (terms.length > 0) this.#disk = [...this.#disk.slice(0, first - 1), ...terms];
    }
    this.#reported = end;
    this.real.persisted(end);
  }

  /** Never more is claimed than is true, and all of it once every write has been reported. */
  check(): void {
    const different = this.#log.findIndex((term, at) => this.#disk[at] !== term);
    const durable = different < 0 ? this.#log.length : different;
    const claimed = this.real.offset - 1;
    const settled = this.#reported === this.#writes.length && !this.real.hasUnwritten;
    assert(this.real.lastIndex === this.#log.length, "the log is as long as it should be");
    assert(claimed <= durable, `claims ${claimed}, but only ${durable} are durable`);
    assert(!settled || claimed === this.#log.length, `claims ${claimed}, but all is durable`);
    assert(this.real.bytes > 0 === claimed < this.#log.length, "counts what waits for the disk");
  }
}

test("an index is durable exactly when the disk holds what the log holds, up to there", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const twin = new Twin();
      for (const action of steps) {
        if (action.kind === "push") twin.push(action.count);
        else if (action.kind === "replace") twin.replace(action.back);
        else if (action.kind === "write") twin.write();
        else twin.report(action.count);
        expect(() => twin.check()).not.toThrow();
      }
    }),
    { numRuns: 1000 },
  );
});

test("the last index with a term of at most so much is found as by looking at each", () => {
  const terms = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(terms, fc.nat(7), fc.nat(20), fc.nat(20), (unsorted, term, one, other) => {
      const sorted = unsorted.toSorted((a, b) => a - b);
      const disk = new MemoryDisk();
      disk.write({
        hardState: undefined,
        reset: undefined,
        entries: sorted.map((found, at) => entry(at + 1, found)),
      });
      const log = new ReplicatedLog(disk, 0);
      const [from, to] = [one % (sorted.length + 1), other % (sorted.length + 1)];
      const [low, high] = [Math.min(from, to), Math.max(from, to)];
      let expected = low - 1;
      for (let index = low; index <= high; index++) {
        if (log.term(index)! <= term) expected = index;
      }
      expect(log.lastIndexWithTermAtMost(term, low, high)).toBe(expected);
    }),
  );
});

test("appends on their way are bounded by count and by bytes, and freed in order", () => {
  const inflight = new Inflight(3, 100);
  inflight.add(1, 10);
  inflight.add(2, 10);
  expect(inflight.full).toBe(false);
  inflight.add(3, 10);
  expect(inflight.full).toBe(true);
  inflight.freeTo(2);
  expect([inflight.count, inflight.full]).toEqual([1, false]);
  inflight.add(4, 95);
  expect([inflight.count, inflight.full]).toEqual([2, true]);
  inflight.freeTo(9);
  expect([inflight.count, inflight.full]).toEqual([0, false]);
  for (let index = 10; index < 30; index++) {
    inflight.add(index, 1);
    inflight.freeTo(index);
  }
  expect(inflight.count).toBe(0);
  inflight.add(30, 200);
  inflight.clear();
  expect(inflight.full).toBe(false);
});
