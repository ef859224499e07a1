import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import type { Storage } from "../src/index.ts";
import { MemoryDisk, openMemoryStorage, StorageError } from "../src/index.ts";
import type { Content } from "./samples.ts";
import {
  append,
  codec,
  content,
  identity,
  mark,
  promise,
  records,
  sampleEntries,
  seeded,
} from "./samples.ts";

type Random = () => number;
type Step = (storage: Storage) => Promise<void>;

/** A disk whose operations are completed by hand. */
class ManualDisk {
  readonly #waiting: (() => void)[] = [];
  /** Operations that still complete; the next one after them never does. */
  operationsLeft = Infinity;
  operations = 0;
  readonly disk: MemoryDisk = new MemoryDisk((_, complete) => {
    this.operations += 1;
    this.operationsLeft -= 1;
    if (this.operationsLeft >= 0) complete();
    else this.#waiting.push(complete);
  });

  get isStuck(): boolean {
    return this.#waiting.length > 0;
  }
}

describe("after a crash", () => {
  test("everything acknowledged is there, and of the rest a whole step or nothing", async () => {
    const failures: string[] = [];
    for (let seed = 1; seed <= 400; seed++) {
      const outcome = await crashSomewhere(seed);
      if (outcome !== "ok") failures.push(`seed ${seed}: ${outcome}`);
    }
    expect(failures).toEqual([]);
  }, 60_000);

  test("a vote is kept at every point at which the write can be interrupted", async () => {
    for (let operationsLeft = 0; operationsLeft < 5; operationsLeft++) {
      for (const keepUnsynced of [0, 1]) {
        const manual = new ManualDisk();
        const storage = await openOn(manual.disk);
        await storage.write({ ...append(1, 3), hardState: promise(3, "n2").hardState });
        manual.operationsLeft = operationsLeft;
        let answered = false;
        void storage.write(promise(7, "n3")).then(() => (answered = true));
        await settled();
        manual.disk.crash({ keepUnsynced, random: seeded(1) });
        manual.operationsLeft = Infinity;
        const again = await openOn(manual.disk);
        const { term, vote } = again.hardState();
        expect([
          [3, "n2"],
          [7, "n3"],
        ]).toContainEqual([term, vote]);
        expect(answered).toBe(operationsLeft >= 3);
        expect(term === 7 || !answered).toBe(true);
        await again.write(append(3, 4, 7));
      }
    }
  });

  test("a commit index alone waits for the next write, and may fall back", async () => {
    const manual = new ManualDisk();
    const storage = await openOn(manual.disk);
    await storage.write({ ...append(1, 5), hardState: promise(1, undefined, 1).hardState });
    const { operations } = manual;
    await storage.write(promise(1, undefined, 4));
    expect(manual.operations).toBe(operations);
    expect(storage.hardState().commitIndex).toBe(4);
    manual.disk.crash({ keepUnsynced: 0, random: seeded(1) });
    expect((await openOn(manual.disk)).hardState().commitIndex).toBe(1);
  });
});

describe("a process that is gone", () => {
  test("leaves a half-made member that can be made again", async () => {
    for (let operationsLeft = 0; operationsLeft < 10; operationsLeft++) {
      for (const keepUnsynced of [0, 0.5, 1]) {
        const manual = new ManualDisk();
        manual.operationsLeft = operationsLeft;
        void openOn(manual.disk).catch(() => undefined);
        await settled();
        manual.disk.crash({ keepUnsynced, random: seeded(operationsLeft) });
        manual.operationsLeft = Infinity;
        const storage = await openOn(manual.disk);
        await storage.write(append(1, 3));
        expect(storage.log.lastIndex()).toBe(2);
      }
    }
  });

  test("reaches the disk no more, whatever it still does", async () => {
    const disk = new MemoryDisk();
    const old = await openOn(disk);
    await old.write(append(1, 3));
    disk.crash({ keepUnsynced: 0, random: seeded(1) });
    let answered = false;
    void old.write(append(3, 5)).then(() => (answered = true));
    const storage = await openOn(disk);
    await storage.write(append(3, 4, 2));
    await settled();
    expect(answered).toBe(false);
    expect((await content(storage)).entries).toHaveLength(3);
  });
});

describe("a bit flipped on the memory disk", () => {
  test("gives what was written or a named refusal", async () => {
    const failures: string[] = [];
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const disk = new MemoryDisk();
      const storage = await openOn(disk);
      const script = new Script(random);
      for (let i = 0; i < 12; i++) await script.next(storage)(storage);
      const expected = await content(storage);
      await storage.close();
      const flipped = disk.flipBit(random);
      const outcome = await reopened(disk, expected);
      outcomes.add(outcome);
      if (!["same", "CORRUPT"].includes(outcome)) {
        failures.push(`seed ${seed}, ${flipped}: ${outcome}`);
      }
    }
    expect(failures).toEqual([]);
    expect([...outcomes]).toEqual(expect.arrayContaining(["same", "CORRUPT"]));
  });
});

/** Draws steps that a group member might take, from the state that its storage is in. */
class Script {
  readonly #random: Random;
  #term = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The step does the same on every storage in the same state. */
  next(storage: Storage): Step {
    const last = storage.log.lastIndex();
    const committed = storage.hardState().commitIndex;
    const snapshot = storage.log.snapshot()?.index ?? 0;
    const choice = this.#random();
    if (choice < 0.15 && last > committed) return this.#replace(committed + 1, last);
    if (choice < 0.35) return this.#vote(this.#between(committed, Math.max(last, committed)));
    if (choice < 0.45 && committed > snapshot) {
      return this.#save(storage, this.#between(snapshot + 1, committed));
    }
    if (choice < 0.55 && snapshot > 0) return this.#compact(this.#between(1, snapshot));
    if (choice < 0.6) return this.#adopt(Math.max(last, committed) + this.#between(1, 5));
    return this.#append(last + 1);
  }

  #append(from: number): Step {
    const write = append(from, from + this.#between(1, 5), this.#term, 1 + this.#between(0, 30));
    return (storage) => storage.write(write);
  }

  #replace(from: number, last: number): Step {
    this.#term += 1;
    return this.#append(this.#between(from, last));
  }

  #vote(commitIndex: number): Step {
    this.#term += 1;
    const write = promise(this.#term, `n${this.#between(1, 3)}`, commitIndex);
    return (storage) => storage.write(write);
  }

  #save({ log }: Storage, index: number): Step {
    const saved = mark(index, log.term(index) ?? 0);
    return (storage) => storage.saveSnapshot(saved, records([`own ${index}`]));
  }

  #compact(index: number): Step {
    return (storage) => storage.compact(index);
  }

  #adopt(index: number): Step {
    this.#term += 1;
    const reset = mark(index, this.#term);
    const entries = sampleEntries(index + 1, index + 3, this.#term);
    return async (storage) => {
      await storage.stageSnapshot(reset, records([`leader's ${index}`]));
      await storage.write({ ...promise(reset.term, undefined, index), entries, reset });
    };
  }

  #between(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }
}

/**
 * Takes steps until the disk stops, crashes it and compares with a storage that was never
 * interrupted.
 */
async function crashSomewhere(seed: number): Promise<string> {
  const random = seeded(seed);
  const script = new Script(random);
  const manual = new ManualDisk();
  const storage = await openOn(manual.disk);
  const twin = await openOn(new MemoryDisk());
  manual.operationsLeft = Math.floor(random() * 60);
  for (;;) {
    const before = await content(twin);
    const step = script.next(twin);
    await step(twin);
    const after = await content(twin);
    let done = false;
    void step(storage).then(() => (done = true));
    await settled();
    if (done) continue;
    if (!manual.isStuck) return "a step neither ended nor waits for the disk";
    manual.disk.crash({ keepUnsynced: random(), random });
    manual.operationsLeft = Infinity;
    const found = await content(await openOn(manual.disk));
    return judge(before, after, found);
  }
}

/**
 * What is found must be one of the two; term and vote are written first, and a commit index may be
 * older.
 */
function judge(before: Content, after: Content, found: Content): string {
  const older = (state: Content): Content => {
    const commitIndex = Math.min(state.hardState.commitIndex, found.hardState.commitIndex);
    return { ...state, hardState: { ...state.hardState, commitIndex } };
  };
  const { term, vote } = after.hardState;
  const promised = { ...before, hardState: { ...before.hardState, term, vote } };
  const right = [before, promised, after].some((state) => isDeepStrictEqual(found, older(state)));
  return right ? "ok" : `found ${JSON.stringify(found)} after ${JSON.stringify(before)}`;
}

async function reopened(disk: MemoryDisk, expected: Content): Promise<string> {
  try {
    const found = await content(await openOn(disk));
    return isDeepStrictEqual(found, expected) ? "same" : "WRONG CONTENT";
  } catch (error) {
    return error instanceof StorageError ? error.code : `UNNAMED ERROR ${String(error)}`;
  }
}

function openOn(disk: MemoryDisk): Promise<Storage> {
  return openMemoryStorage({ identity, codec, create: true, disk });
}

/** When everything has been done that does not wait for the disk. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
