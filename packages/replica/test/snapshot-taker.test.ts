import { silentLog } from "@meridian/replica";
import { type Tree, ViewLostError } from "@meridian/tree";
import { expect, test } from "vitest";
import { type AppliedLog, SnapshotTaker } from "../src/snapshots.ts";

test("a snapshot that was read too slowly is given up, and the member goes on", async () => {
  const failures: unknown[] = [];
  const taker = new SnapshotTaker(
    options(),
    () => lostTree(),
    (error) => failures.push(error),
  );
  taker.consider(appliedLog(1), 0);
  await Promise.resolve();
  expect(attempts).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(failures).toEqual([]);
  taker.consider(appliedLog(1), 0);
  expect(attempts).toBe(2);
});

test("no snapshot ends with an entry in whose place another is still stored", () => {
  attempts = 0;
  const taker = new SnapshotTaker(
    options(),
    () => lostTree(),
    () => expect.unreachable(),
  );
  taker.consider(appliedLog(2), 0);
  expect(attempts).toBe(0);
  taker.consider(appliedLog(1), 0);
  expect(attempts).toBe(1);
});

test("a snapshot of a large tree waits until enough was written to pay for it", () => {
  attempts = 0;
  const take = (nodeCount: number): void => {
    const tree = (): Tree => lostTree(nodeCount);
    new SnapshotTaker(options(), tree, () => expect.unreachable()).consider(appliedLog(1), 0);
  };
  take(30);
  expect(attempts).toBe(0);
  take(20);
  expect(attempts).toBe(1);
});

test("a snapshot of a large tree is taken once hardly anything is written", () => {
  attempts = 0;
  const looks: (() => void)[] = [];
  let appliedIndex = 10;
  const tree = (): Tree => lostTree(30, appliedIndex);
  const known = options();
  const clock = {
    ...known.clock,
    after: (_: number, look: () => void): (() => void) => {
      looks.push(look);
      return () => {};
    },
  };
  const taker = new SnapshotTaker({ ...options(), clock }, tree, () => expect.unreachable());
  taker.consider(appliedLog(1), 0);
  taker.consider(appliedLog(1), 0);
  expect(looks.length).toBe(1);
  appliedIndex = 2_000;
  looks.shift()?.();
  expect({ attempts, looks: looks.length }).toEqual({ attempts: 0, looks: 1 });
  appliedIndex = 2_500;
  looks.shift()?.();
  expect({ attempts, looks: looks.length }).toEqual({ attempts: 1, looks: 0 });
});

let attempts = 0;
const configuration = {
  groups: [{ name: "voters", voters: ["a"], weight: 1 }],
  learners: [],
  witnesses: [],
  outgoingGroups: [],
  autoLeave: false,
};

/** A log whose applied entries are of one term; the stored ones are of term 1. */
function appliedLog(term: number): AppliedLog {
  return { configurationAt: () => configuration, termAt: () => term };
}

/** A tree whose view is lost before anything of it was read. */
function lostTree(nodeCount = 1, appliedIndex = 10): Tree {
  const snapshot = {
    index: 10,
    pour(): never {
      throw new ViewLostError();
    },
    release(): void {},
  };
  return { appliedIndex, nodeCount, snapshot: () => snapshot } as unknown as Tree;
}

function options(): ConstructorParameters<typeof SnapshotTaker>[0] {
  const storage = {
    log: { lastIndex: () => 10, firstIndex: () => 1, snapshot: () => undefined, term: () => 1 },
    async saveSnapshot(_mark: unknown, records: AsyncIterable<unknown>): Promise<void> {
      attempts += 1;
      for await (const record of records) expect(record).toBeDefined();
    },
  };
  const clock = { nowMs: () => 0, wallMs: () => 0, after: () => () => {}, defer: setImmediate };
  const numbers = { snapshotEntries: 1, keptEntries: 1 };
  return {
    storage,
    clock,
    log: silentLog,
    witness: false,
    ...numbers,
  } as unknown as ConstructorParameters<typeof SnapshotTaker>[0];
}
