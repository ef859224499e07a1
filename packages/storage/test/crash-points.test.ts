import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import type { DiskOperation, Storage } from "../src/index.ts";
import {
  MemoryDisk,
  openMemoryStorage,
  rebuildMemoryStorage,
  refoundMemoryStorage,
  retireMemoryStorage,
} from "../src/index.ts";
import type { Content } from "./samples.ts";
import {
  append,
  codec,
  configuration,
  content,
  identity,
  mark,
  promise,
  records,
  sampleEntries,
  seeded,
  voted,
} from "./samples.ts";

interface Step {
  readonly name: string;
  readonly run: (storage: Storage) => Promise<unknown>;
}

/** Everything that a member does with its snapshots and its log, in an order that makes sense. */
const steps: readonly Step[] = [
  { name: "append", run: (storage) => storage.write({ ...append(1, 12), ...voted(1, "n2") }) },
  { name: "save", run: (storage) => storage.saveSnapshot(mark(6), records(["six"])) },
  { name: "compact", run: (storage) => storage.compact(4) },
  { name: "vote", run: (storage) => storage.write(promise(2, "n2", 6)) },
  { name: "replace", run: (storage) => storage.write(append(9, 14, 2)) },
  { name: "save over", run: (storage) => storage.saveSnapshot(mark(10, 2), records(["ten"])) },
  { name: "compact all", run: (storage) => storage.compact(99) },
  { name: "stage", run: (storage) => storage.stageSnapshot(mark(30, 3), records(["thirty"])) },
  { name: "stage late", run: (storage) => storage.stageSnapshot(mark(20, 3), records(["20"])) },
  {
    name: "reset",
    run: (storage) =>
      storage.write({
        hardState: { term: 3, vote: undefined, commitIndex: 30 },
        entries: sampleEntries(31, 34, 3),
        reset: mark(30, 3),
      }),
  },
  { name: "acquaint", run: (storage) => storage.acquaint("n2", "b2") },
  { name: "admit", run: (storage) => storage.admit() },
  { name: "append more", run: (storage) => storage.write(append(34, 40, 3)) },
  { name: "close", run: (storage) => storage.close() },
];

const keeps = [0, 0.3, 0.5, 0.7, 1] as const;

describe("a crash at every operation of the disk", () => {
  test("leaves what was before a step or after it, whatever was synced", async () => {
    const before = await contentsAfterSteps();
    const failures: string[] = [];
    let points = 0;
    for (let left = 0; ; left++) {
      const stuck = await crashedAt(left, 0, 1);
      if (stuck === undefined) break;
      for (const [i, keepUnsynced] of keeps.entries()) {
        const crashed = await crashedAt(left, keepUnsynced, left * keeps.length + i);
        const { step, disk } = crashed as Crashed;
        const found = await content(await openOn(disk));
        const allowed = [before[step], before[step + 1]].map((state) => state as Content);
        points += 1;
        if (allowed.some((state) => isSame(state, found))) continue;
        failures.push(`${left} operations, keep ${keepUnsynced}, in ${steps[step]?.name}`);
      }
    }
    expect(failures).toEqual([]);
    // Opening takes some; each step at least one.
    expect(points).toBeGreaterThan(keeps.length * steps.length);
  });

  test("leaves a member that can do everything that it could before", async () => {
    for (let left = 0; ; left++) {
      const crashed = await crashedAt(left, 0.5, left);
      if (crashed === undefined) break;
      const storage = await openOn(crashed.disk);
      const last = storage.log.lastIndex();
      const term = storage.hardState().term + 1;
      await storage.write({ ...append(last + 1, last + 9, term), ...voted(term, "n2") });
      await storage.saveSnapshot(mark(last + 4, term), records(["own"]));
      await storage.compact(last + 2);
      await storage.stageSnapshot(mark(last + 20, term), records(["leader's"]));
      await storage.write({ ...append(last + 21, last + 23, term), reset: mark(last + 20, term) });
      const expected = await content(storage);
      await storage.close();
      expect({ left, ...(await content(await openOn(crashed.disk))) }).toEqual({
        left,
        ...expected,
      });
    }
  });
});

describe("a crash at every operation", () => {
  test("of a rebuild leaves a member that is rebuilt by doing it once more", async () => {
    const outcomes = await interrupted(
      async (disk) => {
        await fill(disk);
        disk.lose("watermark");
      },
      (disk) => rebuildMemoryStorage({ identity, codec, disk }).then((storage) => storage.close()),
      async (disk) => {
        const error = await openMemoryStorage({ identity, codec, disk }).then(
          async (storage) => {
            // Nothing was lost if it opens before it is empty; it says all the same that it was.
            expect(storage.member.recovering).toBe(true);
            await storage.close();
            return "opens";
          },
          ({ repairable }: { repairable: boolean }) => (repairable ? "repairable" : "lost"),
        );
        const storage = await rebuildMemoryStorage({ identity, codec, disk });
        expect(storage.hardState()).toMatchObject({ term: 2, vote: "n2" });
        expect(storage.member).toMatchObject({ birth: "b1", recovering: true, admitted: true });
        expect([...storage.acquaintances]).toEqual([["n2", "b2"]]);
        return error;
      },
    );
    expect(new Set(outcomes)).toEqual(new Set(["repairable", "opens"]));
  });

  test("of a refounding leaves the one incarnation or the other", async () => {
    const next = { ...identity, incarnation: 2 };
    const options = { identity: next, codec, from: identity, configuration };
    const outcomes = await interrupted(
      fill,
      (disk) => refoundMemoryStorage({ ...options, disk }).then((storage) => storage.close()),
      async (disk) => {
        const asNext = openMemoryStorage({ identity: next, codec, disk });
        const found = await asNext.then(
          async (storage) => {
            await storage.close();
            return "next";
          },
          ({ code }: { code: string }) => code,
        );
        const storage = await refoundMemoryStorage({ ...options, disk });
        expect(storage.member.forced).toEqual({ index: 8, configuration });
        expect(storage.hardState()).toMatchObject({ term: 2, vote: "n2" });
        expect([...storage.acquaintances]).toEqual([["n2", "b2"]]);
        expect(storage.log.lastIndex()).toBe(8);
        return found;
      },
    );
    expect(new Set(outcomes)).toEqual(new Set(["WRONG_IDENTITY", "next"]));
  });
});

describe("a crash at every operation that ends or begins a member", () => {
  test("of a retirement leaves the member, or a place for a new one", async () => {
    const next = { ...identity, incarnation: 2 };
    const outcomes = await interrupted(
      fill,
      (disk) => retireMemoryStorage({ identity, codec, disk }),
      async (disk) => {
        const found = await openMemoryStorage({ identity: next, codec, create: true, disk }).then(
          async (storage) => {
            expect(storage.member.admitted).toBe(false);
            expect(storage.hardState().term).toBe(0);
            expect(storage.log.lastIndex()).toBe(0);
            await storage.close();
            return "new";
          },
          ({ code }: { code: string }) => code,
        );
        if (found === "new") return found;
        await retireMemoryStorage({ identity, codec, disk });
        const storage = await openMemoryStorage({ identity: next, codec, create: true, disk });
        expect(storage.hardState().term).toBe(0);
        return found;
      },
    );
    expect(new Set(outcomes)).toEqual(new Set(["WRONG_IDENTITY", "new"]));
  });
  test("of making a member leaves one that can be made, and never one that has voted", async () => {
    const outcomes = await interrupted(
      async () => undefined,
      (disk) => openMemoryStorage({ identity, codec, create: true, disk }),
      async (disk) => {
        const storage = await openMemoryStorage({ identity, codec, create: true, disk });
        await storage.write(append(1, 3));
        return "made";
      },
    );
    expect(new Set(outcomes)).toEqual(new Set(["made"]));
  });

  test("of a snapshot leaves one that can be read to its end", async () => {
    const outcomes = await interrupted(
      fill,
      async (disk) => {
        const storage = await openMemoryStorage({ identity, codec, disk });
        await storage.saveSnapshot(mark(7, 2), records(["seven"], ["7"]));
        await storage.compact(7);
        await storage.close();
      },
      async (disk) => {
        const storage = await openMemoryStorage({ identity, codec, disk });
        const { records: found, firstIndex } = await content(storage);
        const text = (found ?? []).join();
        expect(["four", "seven,7"]).toContain(text);
        expect(firstIndex).toBeLessThanOrEqual(text === "four" ? 5 : 8);
        return text;
      },
    );
    expect(new Set(outcomes)).toEqual(new Set(["four", "seven,7"]));
  });
});

interface Crashed {
  readonly disk: MemoryDisk;
  /** The step that was under way. */
  readonly step: number;
}

/** A disk that does so many operations, and no more. */
class EndingDisk {
  left: number;
  readonly seen: DiskOperation[] = [];
  readonly disk: MemoryDisk = new MemoryDisk((operation, complete) => {
    this.seen.push(operation);
    this.left -= 1;
    if (this.left >= 0) complete();
  });

  constructor(left: number) {
    this.left = left;
  }
}

/** Takes steps until the disk stops, and crashes it. Undefined if all could be taken. */
async function crashedAt(
  left: number,
  keepUnsynced: number,
  seed: number,
): Promise<Crashed | undefined> {
  const ending = new EndingDisk(left);
  let step = 0;
  let ended = false;
  const walk = async (): Promise<void> => {
    const storage = await openOn(ending.disk);
    for (const { run } of steps) {
      await run(storage);
      step += 1;
    }
    ended = true;
  };
  void walk();
  await settled();
  if (ended) return undefined;
  ending.disk.crash({ keepUnsynced, random: seeded(seed) });
  ending.left = Infinity;
  return { disk: ending.disk, step };
}

/** What is there before each step and after the last one, with nothing in between. */
async function contentsAfterSteps(): Promise<Content[]> {
  const storage = await openOn(new MemoryDisk());
  const contents = [await content(storage)];
  for (const { run } of steps) {
    await run(storage);
    contents.push(await content(storage));
  }
  return contents;
}

/** Term and vote are written first, and a commit index may be older. */
function isSame(expected: Content, found: Content): boolean {
  const { commitIndex } = found.hardState;
  if (commitIndex > expected.hardState.commitIndex) return false;
  return (
    isDeepStrictEqual({ ...expected, hardState: { ...expected.hardState, commitIndex } }, found) ||
    (found.hardState.term > expected.hardState.term &&
      isDeepStrictEqual({ ...expected, hardState: found.hardState }, found))
  );
}

/** Prepares a disk, begins something and crashes at each operation; gives what `judge` says. */
async function interrupted(
  prepare: (disk: MemoryDisk) => Promise<unknown>,
  begin: (disk: MemoryDisk) => Promise<unknown>,
  judge: (disk: MemoryDisk) => Promise<string>,
): Promise<string[]> {
  const outcomes: string[] = [];
  for (let left = 0; ; left++) {
    let ended = false;
    for (const [i, keepUnsynced] of keeps.entries()) {
      const ending = new EndingDisk(Infinity);
      await prepare(ending.disk);
      ending.left = left;
      void begin(ending.disk).then(() => (ended = true));
      await settled();
      ending.disk.crash({ keepUnsynced, random: seeded(left * keeps.length + i) });
      ending.left = Infinity;
      outcomes.push(await judge(ending.disk));
    }
    if (ended) return outcomes;
  }
}

/** A member with promises, log, snapshot and an acquaintance. */
async function fill(disk: MemoryDisk): Promise<void> {
  const storage = await openMemoryStorage({
    identity,
    codec,
    create: true,
    disk,
    birth: () => "b1",
  });
  await storage.write({ ...append(1, 9, 2), ...voted(2, "n2") });
  await storage.saveSnapshot(mark(4, 2), records(["four"]));
  await storage.compact(2);
  await storage.acquaint("n2", "b2");
  await storage.admit();
  await storage.close();
}

function openOn(disk: MemoryDisk): Promise<Storage> {
  return openMemoryStorage({ identity, codec, create: true, disk });
}

/** When everything has been done that does not wait for the disk. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
