import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Refounding, Storage, StorageOptions } from "../src/index.ts";
import { memberContract } from "./member-contract.ts";
import { incarnationContract } from "./incarnation-contract.ts";
import {
  append,
  codec,
  configuration,
  content,
  entryText,
  identity,
  mark,
  promise,
  records,
  recordTexts,
  refusal,
  sampleEntries,
} from "./samples.ts";

/** Where a member's storage lies, across openings. */
export interface Place {
  open(options: StorageOptions): Promise<Storage>;
  rebuild(options: StorageOptions): Promise<Storage>;
  refound(options: StorageOptions & Refounding): Promise<Storage>;
  retire(options: StorageOptions): Promise<void>;
  /** Loses one of the files beside the table; nobody has it open. */
  lose(file: string): Promise<void>;
  remove(): Promise<void>;
}

/** What the tests of the contract open storages with. */
export interface Opening {
  readonly place: () => Place;
  /** Opens it beside what is open. */
  readonly open: () => Promise<Storage>;
  /** Opens it, and closes what was open on it before. */
  readonly reopen: (options?: Partial<StorageOptions>) => Promise<Storage>;
}

/** What every storage does, whatever it lies on. */
export function storageContract(name: string, makePlace: () => Promise<Place>): void {
  describe(`contract of ${name}`, () => {
    let place: Place;
    let storage: Storage | undefined;
    const opening: Opening = {
      place: () => place,
      open: () => place.open({ identity, codec }),
      reopen: async (options) => {
        await storage?.close();
        storage = undefined;
        storage = await place.open({ identity, codec, create: true, ...options });
        return storage;
      },
    };
    beforeEach(async () => {
      place = await makePlace();
    });
    afterEach(async () => {
      await storage?.close();
      storage = undefined;
      await place.remove();
    });
    identityContract(opening);
    logContract(opening);
    replacementContract(opening);
    snapshotContract(opening);
    compactionContract(opening);
    resetContract(opening);
    stagingContract(opening);
    afterResetContract(opening);
    witnessContract(opening);
    memberContract(opening);
    incarnationContract(opening);
  });
}

function identityContract({ open, reopen }: Opening): void {
  test("a new member has promised nothing and holds nothing", async () => {
    const storage = await reopen();
    expect(storage.identity).toEqual(identity);
    expect(storage.hardState()).toEqual({ term: 0, vote: undefined, commitIndex: 0 });
    expect(storage.log.firstIndex()).toBe(1);
    expect(storage.log.lastIndex()).toBe(0);
    expect(storage.log.term(0)).toBe(0);
    expect(storage.log.term(1)).toBeUndefined();
    expect(storage.log.snapshot()).toBeUndefined();
  });

  test("a member is made only when asked for", async () => {
    expect(await refusal(reopen({ create: false }))).toBe("MISSING");
    await reopen();
    await reopen({ create: false });
  });

  test("nobody opens what belongs to another member", async () => {
    await reopen();
    for (const other of [{ cluster: "c2" }, { node: "n2" }, { incarnation: 2 }]) {
      const options = { identity: { ...identity, ...other } };
      expect(await refusal(reopen(options))).toBe("WRONG_IDENTITY");
    }
    expect(await refusal(reopen({ witness: true }))).toBe("WRONG_IDENTITY");
    await reopen();
  });

  test("term and vote are there after reopening", async () => {
    let storage = await reopen();
    await storage.write(promise(3, "n2"));
    await storage.write(promise(4));
    await storage.write(promise(4, "n3", 0));
    storage = await reopen();
    expect(storage.hardState()).toEqual({ term: 4, vote: "n3", commitIndex: 0 });
  });

  test("neither a term goes back nor a vote changes", async () => {
    let storage = await reopen();
    await storage.write(promise(4, "n3"));
    await expect(storage.write(promise(4, "n2"))).rejects.toThrow("one vote");
    storage = await reopen();
    await expect(storage.write(promise(3))).rejects.toThrow("does not go back");
  });

  test("only one storage at a time has the place", async () => {
    const storage = await reopen();
    expect(await refusal(open())).toBe("IN_USE");
    await storage.write(append(1, 3));
  });

  test("nothing is written once it is closed", async () => {
    const storage = await reopen();
    await storage.close();
    await storage.close();
    expect(await refusal(storage.write(append(1, 2)))).toBe("IO");
    expect(await refusal(storage.compact(1))).toBe("IO");
  });

  test("what was asked for before closing is written", async () => {
    let storage = await reopen();
    const writes = [storage.write(append(1, 3)), storage.write(append(3, 5))];
    await storage.close();
    await Promise.all(writes);
    storage = await reopen();
    expect(storage.log.lastIndex()).toBe(4);
  });
}

function logContract({ reopen }: Opening): void {
  test("entries are there after reopening", async () => {
    let storage = await reopen();
    await storage.write({ ...append(1, 4), hardState: { term: 1, vote: "n1", commitIndex: 2 } });
    await storage.write(append(4, 5, 2));
    await storage.write(append(5, 300, 3));
    const before = await content(storage);
    expect(before.entries).toHaveLength(299);
    storage = await reopen();
    expect(await content(storage)).toEqual(before);
    expect([0, 3, 4, 5, 299, 300].map((index) => storage.log.term(index))).toEqual([
      0,
      1,
      2,
      3,
      3,
      undefined,
    ]);
  });

  test("entries stop at the byte limit, but there is always one", async () => {
    const storage = await reopen();
    await storage.write(append(1, 11, 1, 100));
    expect(storage.log.entries(1, 11, 0)).toHaveLength(1);
    expect(storage.log.entries(1, 11, 300)).toHaveLength(3);
    expect(storage.log.entries(9, 11, 1e9)).toEqual(sampleEntries(9, 11, 1, 100));
  });

  test("entries that have left memory are read from the disk", async () => {
    let storage = await reopen({ cacheBytesMax: 1000 });
    for (let from = 1; from < 1000; from += 37) await storage.write(append(from, from + 37, 2));
    const all = sampleEntries(1, 1000, 2);
    expect(storage.log.entries(1, 1000, Infinity)).toEqual(all);
    expect(storage.log.entries(500, 520, Infinity)).toEqual(all.slice(499, 519));
    storage = await reopen({ cacheBytesMax: 0 });
    expect(storage.log.entries(1, 1000, Infinity)).toEqual(all);
  });

  test("a write larger than a record is stored in several", async () => {
    let storage = await reopen({ cacheBytesMax: 0 });
    await storage.write(append(1, 8, 1, 200_000));
    storage = await reopen({ cacheBytesMax: 0 });
    const texts = storage.log.entries(1, 8, Infinity).map(entryText);
    expect(texts).toEqual(sampleEntries(1, 8, 1, 200_000).map(entryText));
  });
}

function replacementContract({ reopen }: Opening): void {
  test.each([1, 4, 5, 9, 10, 14])("entries from %i on are replaced", async (from) => {
    for (const cacheBytesMax of [0, 1e6]) {
      let storage = await reopen({ cacheBytesMax });
      const last = storage.log.lastIndex();
      const term = (storage.log.term(last) ?? 0) + 1;
      await storage.write(append(1, 5, term));
      await storage.write(append(5, 10, term));
      await storage.write(append(10, 15, term + 1));
      await storage.write(append(from, from + 3, term + 2));
      const expected = [
        ...sampleEntries(1, 15, term).slice(0, Math.min(from, 10) - 1),
        ...sampleEntries(10, Math.max(from, 10), term + 1),
        ...sampleEntries(from, from + 3, term + 2),
      ];
      expect(storage.log.entries(1, from + 3, Infinity)).toEqual(expected);
      storage = await reopen({ cacheBytesMax });
      expect(storage.log.lastIndex()).toBe(from + 2);
      expect(storage.log.entries(1, from + 3, Infinity)).toEqual(expected);
      expect(storage.log.term(from)).toBe(term + 2);
    }
  });

  test("entries leave no gap and replace nothing committed", async () => {
    let storage = await reopen();
    await expect(storage.write(append(2, 3))).rejects.toThrow("no gap");
    storage = await reopen();
    await storage.write({
      ...append(1, 4),
      hardState: { term: 1, vote: undefined, commitIndex: 2 },
    });
    await expect(storage.write(append(2, 3, 2))).rejects.toThrow("not committed");
  });

  test("readers see what is durable and nothing before", async () => {
    const storage = await reopen();
    const write = storage.write(append(1, 3));
    expect(storage.log.lastIndex()).toBe(0);
    await write;
    expect(storage.log.lastIndex()).toBe(2);
  });

  test("a write of nothing is no write", async () => {
    const storage = await reopen();
    await storage.write({ hardState: undefined, entries: [], reset: undefined });
    expect(storage.log.lastIndex()).toBe(0);
  });

  test("indexes and terms beyond 32 bits are kept", async () => {
    const [far, term] = [2 ** 52, 2 ** 40];
    let storage = await reopen();
    await storage.stageSnapshot(mark(far, term), records(["a"]));
    await storage.write({ ...append(far + 1, far + 4, term), reset: mark(far, term) });
    storage = await reopen({ cacheBytesMax: 0 });
    expect(storage.log.entries(far + 1, far + 4, Infinity)).toEqual(
      sampleEntries(far + 1, far + 4, term),
    );
  });
}

function snapshotContract({ reopen }: Opening): void {
  test("a snapshot is there after reopening, and the log is left alone", async () => {
    let storage = await reopen();
    expect(() => storage.readSnapshot()).toThrow("NO_SNAPSHOT");
    await storage.write(append(1, 11));
    const large = "x".repeat(300_000);
    await storage.saveSnapshot(mark(6), records(["a", "b"], [], ["", large, "c"]));
    for (const again of [false, true]) {
      if (again) storage = await reopen();
      expect(storage.log.snapshot()).toEqual({ index: 6, term: 1, configuration });
      expect(await recordTexts(storage)).toEqual(["a", "b", "", large, "c"]);
      expect(storage.log.firstIndex()).toBe(1);
    }
  });

  test("an empty snapshot is one too", async () => {
    let storage = await reopen();
    await storage.write(append(1, 3));
    await storage.saveSnapshot(mark(2), records());
    storage = await reopen();
    expect(await recordTexts(storage)).toEqual([]);
  });

  test("a newer snapshot takes the place of the older one, never the other way", async () => {
    let storage = await reopen();
    await storage.write(append(1, 11));
    await storage.saveSnapshot(mark(6), records(["six"]));
    await storage.saveSnapshot(mark(8), records(["eight"]));
    await storage.saveSnapshot(mark(7), records(["seven"]));
    storage = await reopen();
    expect(storage.log.snapshot()?.index).toBe(8);
    expect(await recordTexts(storage)).toEqual(["eight"]);
  });

  test("of two snapshots saved at once the newer one stays", async () => {
    const storage = await reopen();
    await storage.write(append(1, 11));
    await Promise.all([
      storage.saveSnapshot(mark(8), records(["eight"])),
      storage.saveSnapshot(mark(6), records(["six"])),
    ]);
    expect(await recordTexts(storage)).toEqual(["eight"]);
  });

  test("a snapshot that is being read stays readable when a newer one comes", async () => {
    const storage = await reopen();
    await storage.write(append(1, 11));
    const large = "x".repeat(300_000);
    await storage.saveSnapshot(mark(6), records([large, large, "end"]));
    const reading = storage.readSnapshot()[Symbol.asyncIterator]();
    await reading.next();
    await storage.saveSnapshot(mark(8), records(["eight"]));
    expect([...(await reading.next()).value]).toHaveLength(1);
    const last: Uint8Array[] = [...(await reading.next()).value];
    expect(Buffer.from(last[0] as Uint8Array).toString()).toBe("end");
    await reading.return?.();
  });
}

function compactionContract({ reopen }: Opening): void {
  test("compaction drops what the snapshot covers and no more", async () => {
    let storage = await reopen({ cacheBytesMax: 0 });
    await storage.write(append(1, 6));
    await storage.write(append(6, 11, 2));
    await storage.compact(4);
    expect(storage.log.firstIndex()).toBe(1);
    await storage.saveSnapshot(mark(7, 2), records(["seven"]));
    for (const [asked, got] of [
      [3, 3],
      [2, 3],
      [9, 7],
      [99, 7],
    ] as const) {
      await storage.compact(asked);
      expect(storage.log.firstIndex()).toBe(got + 1);
      storage = await reopen({ cacheBytesMax: 0 });
      expect(storage.log.firstIndex()).toBe(got + 1);
      expect(storage.log.term(got)).toBe(got > 5 ? 2 : 1);
      expect(storage.log.term(got - 1)).toBeUndefined();
      const expected = [...sampleEntries(1, 6), ...sampleEntries(6, 11, 2)].slice(got);
      expect(storage.log.entries(got + 1, 11, Infinity)).toEqual(expected);
    }
  });

  test("a log that is compacted whole goes on after its end", async () => {
    let storage = await reopen();
    await storage.write(append(1, 6, 3));
    await storage.saveSnapshot(mark(5, 3), records(["five"]));
    await storage.compact(5);
    for (const again of [false, true]) {
      if (again) storage = await reopen();
      expect([storage.log.firstIndex(), storage.log.lastIndex()]).toEqual([6, 5]);
      expect(storage.log.term(5)).toBe(3);
    }
    await storage.write(append(6, 8, 4));
    storage = await reopen();
    expect(storage.log.entries(6, 8, Infinity)).toEqual(sampleEntries(6, 8, 4));
  });

  test("entries are replaced in a record whose beginning is compacted", async () => {
    let storage = await reopen({ cacheBytesMax: 0 });
    await storage.write(append(1, 11));
    await storage.saveSnapshot(mark(4), records(["four"]));
    await storage.compact(4);
    await storage.write(append(7, 9, 2));
    storage = await reopen({ cacheBytesMax: 0 });
    expect(storage.log.entries(5, 9, Infinity)).toEqual([
      ...sampleEntries(5, 7),
      ...sampleEntries(7, 9, 2),
    ]);
  });
}

function resetContract({ reopen }: Opening): void {
  test.each([3, 10, 20])("a snapshot from the leader at %i replaces the log", async (index) => {
    let storage = await reopen();
    await storage.write(append(1, 11));
    await storage.stageSnapshot(mark(index, 2), records(["other"]));
    expect(storage.log.snapshot()).toBeUndefined();
    await storage.write({
      hardState: { term: 2, vote: undefined, commitIndex: index },
      entries: sampleEntries(index + 1, index + 3, 2),
      reset: mark(index, 2),
    });
    for (const again of [false, true]) {
      if (again) storage = await reopen();
      expect(storage.log.firstIndex()).toBe(index + 1);
      expect(storage.log.term(index)).toBe(2);
      const got = storage.log.entries(index + 1, index + 3, Infinity);
      expect(got).toEqual(sampleEntries(index + 1, index + 3, 2));
      expect(storage.log.lastIndex()).toBe(index + 2);
      expect(await recordTexts(storage)).toEqual(["other"]);
    }
  });
}

function stagingContract({ reopen }: Opening): void {
  test("a snapshot whose records fail is as if it had not been begun", async () => {
    let storage = await reopen();
    await storage.write(append(1, 5));
    const failing = async function* (): AsyncGenerator<readonly Uint8Array[]> {
      yield* records(["a"]);
      throw new Error("the stream broke off");
    };
    await expect(storage.saveSnapshot(mark(3), failing())).rejects.toThrow("broke off");
    await expect(storage.stageSnapshot(mark(9), failing())).rejects.toThrow("broke off");
    await storage.write(append(5, 7));
    storage = await reopen();
    expect(storage.log.snapshot()).toBeUndefined();
    expect(storage.log.lastIndex()).toBe(6);
  });

  test("a staged snapshot that was not adopted is forgotten on reopening", async () => {
    let storage = await reopen();
    await storage.write(append(1, 3));
    await storage.stageSnapshot(mark(9), records(["nine"]));
    const notices: unknown[] = [];
    storage = await reopen({ onNotice: (notice) => notices.push(notice) });
    expect(storage.log.snapshot()).toBeUndefined();
    expect(notices).toHaveLength(1);
    await expect(
      storage.write({ hardState: undefined, entries: [], reset: mark(9) }),
    ).rejects.toThrow("is staged");
  });

  test("the snapshot staged last is the one that can be adopted", async () => {
    const storage = await reopen();
    await storage.stageSnapshot(mark(9), records(["nine"]));
    await storage.stageSnapshot(mark(12), records(["twelve"]));
    await storage.write({ hardState: undefined, entries: [], reset: mark(12) });
    expect(await recordTexts(storage)).toEqual(["twelve"]);
    expect([storage.log.firstIndex(), storage.log.lastIndex()]).toEqual([13, 12]);
  });

  test("an own snapshot that comes after the leader's newer one is dropped", async () => {
    const storage = await reopen();
    await storage.write(append(1, 6));
    await storage.stageSnapshot(mark(20, 2), records(["twenty"]));
    const slow = storage.saveSnapshot(mark(5), records(["five"]));
    await storage.write({ hardState: undefined, entries: [], reset: mark(20, 2) });
    await slow;
    expect(await recordTexts(storage)).toEqual(["twenty"]);
    expect(storage.log.firstIndex()).toBe(21);
  });
}

function afterResetContract({ reopen }: Opening): void {
  test.each([3, 8, 9, 40])("nothing of the old log is left after a reset to %i", async (index) => {
    let storage = await reopen({ cacheBytesMax: 0 });
    for (let from = 1; from < 30; from += 4) await storage.write(append(from, from + 4));
    await storage.stageSnapshot(mark(index, 2), records(["new"]));
    await storage.write({ ...append(index + 1, index + 3, 2), reset: mark(index, 2) });
    await storage.write(append(index + 3, index + 9, 2));
    for (const again of [false, true]) {
      if (again) storage = await reopen({ cacheBytesMax: 0 });
      const got = storage.log.entries(index + 1, index + 9, Infinity);
      expect(got).toEqual(sampleEntries(index + 1, index + 9, 2));
      expect(storage.log.lastIndex()).toBe(index + 8);
    }
  });

  test("after a reset the log is replaced and compacted as before", async () => {
    let storage = await reopen({ cacheBytesMax: 0 });
    await storage.write(append(1, 30));
    await storage.stageSnapshot(mark(10, 2), records(["ten"]));
    await storage.write({ ...append(11, 20, 2), reset: mark(10, 2) });
    await storage.write(append(15, 17, 3));
    await storage.saveSnapshot(mark(12, 2), records(["twelve"]));
    await storage.compact(12);
    storage = await reopen({ cacheBytesMax: 0 });
    expect(storage.log.entries(13, 17, Infinity)).toEqual([
      ...sampleEntries(13, 15, 2),
      ...sampleEntries(15, 17, 3),
    ]);
    expect(storage.log.lastIndex()).toBe(16);
  });
}

function witnessContract({ reopen }: Opening): void {
  test("a witness compacts without a snapshot", async () => {
    let storage = await reopen({ witness: true });
    await storage.write(append(1, 11, 2));
    await storage.compact(7);
    storage = await reopen({ witness: true });
    expect(storage.log.firstIndex()).toBe(8);
    expect(storage.log.term(7)).toBe(2);
    expect(storage.log.entries(8, 11, Infinity)).toEqual(sampleEntries(8, 11, 2));
    await storage.compact(99);
    expect([storage.log.firstIndex(), storage.log.lastIndex()]).toEqual([11, 10]);
  });

  test("a witness adopts a mark without records", async () => {
    let storage = await reopen({ witness: true });
    await storage.write(append(1, 4));
    await storage.write({ ...append(21, 23, 5), reset: mark(20, 5) });
    storage = await reopen({ witness: true });
    expect(storage.log.snapshot()).toEqual(mark(20, 5));
    expect(storage.log.entries(21, 23, Infinity)).toEqual(sampleEntries(21, 23, 5));
    expect(() => storage.readSnapshot()).toThrow("NO_SNAPSHOT");
  });
}
