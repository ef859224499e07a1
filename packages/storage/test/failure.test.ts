import { join } from "node:path";
import { Level } from "level";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Storage } from "../src/index.ts";
import { MemoryDisk, openMemoryStorage, StorageError } from "../src/index.ts";
import { openAt, temporaryDirectory, using } from "./directory.ts";
import {
  append,
  codec,
  content,
  identity,
  mark,
  promise,
  records,
  recordTexts,
  refusal,
  seeded,
} from "./samples.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a failed write", () => {
  test("ends the storage: every later write fails as it did", async () => {
    for (const kind of ["batch", "replace"]) {
      let failing = false;
      const disk = new MemoryDisk((operation, complete) => {
        const fails = failing && operation.kind === kind;
        complete(fails ? new StorageError("IO", "injected") : undefined);
      });
      const storage = await openOn(disk);
      await storage.write(append(1, 4));
      failing = true;
      const attempt = storage.write({ ...append(4, 6, 5), hardState: promise(5, "n2").hardState });
      expect(await refusal(attempt)).toBe("IO");
      failing = false;
      await expect(storage.write(append(4, 5))).rejects.toThrow("injected");
      await expect(storage.compact(1)).rejects.toThrow("injected");
      await expect(storage.saveSnapshot(mark(2), records(["a"]))).rejects.toThrow("injected");
      expect(storage.log.lastIndex()).toBe(3);
      await storage.close();
    }
  });

  test("leaves open what is on the disk, and nothing in between", async () => {
    const found = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      let failing = false;
      const disk = new MemoryDisk((_, complete) => {
        complete(failing ? new StorageError("IO", "injected") : undefined);
      });
      const storage = await openOn(disk);
      await storage.write(append(1, 4));
      failing = true;
      expect(await refusal(storage.write(append(4, 7)))).toBe("IO");
      disk.crash({ keepUnsynced: 0.5, random: seeded(seed) });
      failing = false;
      found.add((await openOn(disk)).log.lastIndex());
    }
    expect(found).toEqual(new Set([3, 6]));
  });

  test("of level is one too, and the directory can be opened again", async () => {
    const directory = join(await temporaryDirectory(), "member");
    const storage = await openAt(directory, { create: true });
    await storage.write(append(1, 4));
    const batch = vi
      .spyOn(Level.prototype, "batch")
      .mockRejectedValueOnce(
        Object.assign(new Error("IO error: fsync: Input/output error"), { code: "LEVEL_IO_ERROR" }),
      );
    expect(await refusal(storage.write(append(4, 7)))).toBe("IO");
    expect(await refusal(storage.write(append(4, 7)))).toBe("IO");
    expect(batch).toHaveBeenCalledTimes(1);
    expect(storage.log.entries(1, 4, Infinity)).toHaveLength(3);
    await storage.close();
    await using(directory, async (again) => expect(again.log.lastIndex()).toBe(3));
  });

  test("for want of space is called so", async () => {
    const directory = join(await temporaryDirectory(), "member");
    const storage = await openAt(directory, { create: true });
    const error = new Error("IO error: 000003.log: No space left on device");
    vi.spyOn(Level.prototype, "batch").mockRejectedValueOnce(
      Object.assign(error, { code: "LEVEL_IO_ERROR" }),
    );
    expect(await refusal(storage.write(append(1, 3)))).toBe("FULL");
    await storage.close();
  });
});

describe("a nearly full disk", () => {
  test("is read and compacted, and takes writes again when there is room", async () => {
    const disk = new MemoryDisk();
    const storage = await openOn(disk);
    await storage.write(append(1, 9));
    await storage.saveSnapshot(mark(6), records(["six"]));
    disk.full = true;
    expect(await refusal(storage.write(append(9, 10)))).toBe("FULL");
    expect(await refusal(storage.saveSnapshot(mark(8), records(["eight"])))).toBe("FULL");
    expect(await refusal(storage.stageSnapshot(mark(20), records(["twenty"])))).toBe("FULL");
    await storage.compact(6);
    expect(storage.log.firstIndex()).toBe(7);
    expect(await recordTexts(storage)).toEqual(["six"]);
    disk.full = false;
    await storage.write(append(9, 10));
    expect(storage.log.lastIndex()).toBe(9);
  });
});

describe("durability", () => {
  test("every batch of level that a member must not lose is synced", async () => {
    const directory = join(await temporaryDirectory(), "member");
    const batch = vi.spyOn(Level.prototype, "batch");
    const synced = (): unknown[] => batch.mock.calls.splice(0).map((call: unknown[]) => call[1]);
    const storage = await openAt(directory, { create: true });
    const sync = { sync: true };
    expect(synced()).toEqual([sync, sync]);
    await storage.write(append(1, 9));
    await storage.write(append(5, 8, 2));
    await storage.write(promise(3, "n2"));
    await storage.write({ ...append(8, 9, 3), hardState: promise(3, "n2", 5).hardState });
    await storage.saveSnapshot(mark(4), records(["four"]));
    await storage.compact(3);
    await storage.stageSnapshot(mark(30, 4), records(["thirty"]));
    await storage.write({ hardState: undefined, entries: [], reset: mark(30, 4) });
    expect(synced()).toEqual(Array.from({ length: 7 }, () => sync));
    await storage.write(promise(3, "n2", 30));
    expect(synced()).toEqual([]);
    await storage.close();
    expect(synced()).toEqual([sync]);
    await using(directory, async (again) => expect(again.hardState().commitIndex).toBe(30));
  });

  test("the vote is on the disk before what is written with it", async () => {
    const operations: string[] = [];
    const disk = new MemoryDisk(({ kind, name }, complete) => {
      operations.push(`${kind} ${name}`);
      complete();
    });
    const storage = await openOn(disk);
    operations.length = 0;
    await storage.write({ ...append(1, 3), hardState: promise(9, "n3").hardState });
    expect(operations).toEqual(["replace member.json", "replace member-copy.json", "batch table"]);
    await storage.write({ ...append(3, 5), hardState: promise(9, "n3", 2).hardState });
    expect(operations.slice(3)).toEqual(["batch table"]);
  });

  test("thousands of writes keep the watermark with the table", async () => {
    const disk = new MemoryDisk();
    let storage = await openOn(disk);
    for (let i = 1; i <= 1500; i++) await storage.write(append(i, i + 1));
    const expected = await content(storage);
    disk.crash({ keepUnsynced: 0, random: seeded(1) });
    storage = await openOn(disk);
    expect(await content(storage)).toEqual(expected);
  });
});

function openOn(disk: MemoryDisk): Promise<Storage> {
  return openMemoryStorage({ identity, codec, create: true, disk });
}
