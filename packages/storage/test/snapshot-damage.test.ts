import { describe, expect, test } from "vitest";
import { MemoryDisk, openMemoryStorage, StorageError } from "../src/index.ts";
import type { Files } from "../src/medium.ts";
import type { SnapshotFile } from "../src/snapshot-file.ts";
import { readSnapshotFile, writeSnapshotFile } from "../src/snapshot-file.ts";
import {
  append,
  codec,
  content,
  failure,
  identity,
  mark,
  records,
  recordTexts,
  refusal,
} from "./samples.ts";

const texts = ["a", "", "bc".repeat(40), "d"];

describe("a snapshot file", () => {
  test("with any bit flipped is refused before its end, and gives no wrong record", async () => {
    const { files, snapshot, data } = await written();
    for (let bit = 0; bit < data.length * 8; bit++) {
      const damaged = Buffer.from(data);
      damaged[bit >>> 3] = (damaged[bit >>> 3] as number) ^ (1 << (bit & 7));
      await files.replace(snapshot.name, damaged);
      expect(await readToEnd(files, snapshot)).toBe("CORRUPT");
    }
  });

  test("cut at any byte, or longer by any, is refused before its end", async () => {
    const { files, snapshot, data } = await written();
    for (let length = 0; length < data.length; length++) {
      await files.replace(snapshot.name, data.subarray(0, length));
      expect(await readToEnd(files, snapshot)).toBe("CORRUPT");
    }
    const longer = { ...snapshot, bytes: data.length + 9 };
    await files.replace(snapshot.name, Buffer.concat([data, Buffer.alloc(9)]));
    expect(await readToEnd(files, longer)).toBe("CORRUPT");
  });

  test("with any two stretches exchanged is refused before its end", async () => {
    const { files, snapshot, data } = await written();
    const stretch = 8;
    for (let a = 0; a + 2 * stretch <= data.length; a += stretch) {
      for (let b = a + stretch; b + stretch <= data.length; b += stretch) {
        const damaged = Buffer.from(data);
        data.copy(damaged, a, b, b + stretch);
        data.copy(damaged, b, a, a + stretch);
        if (damaged.equals(data)) continue;
        await files.replace(snapshot.name, damaged);
        expect(await readToEnd(files, snapshot)).toBe("CORRUPT");
      }
    }
  });

  test("of an older snapshot in the place of the newer one is refused", async () => {
    const disk = new MemoryDisk();
    const files = await filesOn(disk);
    const older = await writeSnapshotFile(files, "snapshot-1", records(["old", "er"]));
    const newer = await writeSnapshotFile(files, "snapshot-2", records(["new", "er"]));
    expect(older.bytes).toBe(newer.bytes);
    await files.replace(newer.name, (await files.read(older.name)) as Buffer);
    expect(await readToEnd(files, newer)).toBe("CORRUPT");
  });
});

describe("snapshots that come close together", () => {
  test("are staged at once and adopted in order, and a late one takes nothing away", async () => {
    const storage = await openMemoryStorage({ identity, codec, create: true });
    await storage.write(append(1, 5));
    await Promise.all([
      storage.stageSnapshot(mark(30, 2), records(["thirty"])),
      storage.stageSnapshot(mark(20, 2), records(["twenty"])),
    ]);
    await storage.write({ hardState: undefined, entries: [], reset: mark(20, 2) });
    expect(await recordTexts(storage)).toEqual(["twenty"]);
    await storage.write({ hardState: undefined, entries: [], reset: mark(30, 2) });
    expect(await recordTexts(storage)).toEqual(["thirty"]);
    expect([storage.log.firstIndex(), storage.log.lastIndex()]).toEqual([31, 30]);
  });

  test("leave two files at most beside the current one, and none after a start", async () => {
    const disk = new MemoryDisk();
    const storage = await openMemoryStorage({ identity, codec, create: true, disk });
    await storage.write(append(1, 5));
    await storage.saveSnapshot(mark(3), records(["three"]));
    for (let index = 10; index < 20; index++) {
      await storage.stageSnapshot(mark(index, 2), records([`${index}`]));
    }
    expect(snapshotsOn(disk)).toHaveLength(3);
    await storage.close();
    const again = await openMemoryStorage({ identity, codec, disk });
    expect(snapshotsOn(disk)).toHaveLength(1);
    expect((await content(again)).records).toEqual(["three"]);
  });

  test("that break off leave the member as it was, and can be repeated", async () => {
    const disk = new MemoryDisk();
    const storage = await openMemoryStorage({ identity, codec, create: true, disk });
    await storage.write(append(1, 9));
    await storage.saveSnapshot(mark(3), records(["three"]));
    const before = await content(storage);
    for (let batches = 0; batches < 4; batches++) {
      await expect(storage.stageSnapshot(mark(30, 2), broken(batches))).rejects.toThrow("broke");
      await expect(storage.saveSnapshot(mark(8), broken(batches))).rejects.toThrow("broke");
      expect(await content(storage)).toEqual(before);
      expect(snapshotsOn(disk)).toHaveLength(1);
    }
    await storage.stageSnapshot(mark(30, 2), records(["thirty"]));
    await storage.write({ hardState: undefined, entries: [], reset: mark(30, 2) });
    expect(await recordTexts(storage)).toEqual(["thirty"]);
  });
});

describe("a snapshot that cannot be synced", () => {
  test("ends the storage, and the one before is still there", async () => {
    let failing = false;
    const disk = new MemoryDisk(({ name }, complete) => {
      const fails = failing && name.startsWith("snapshot-");
      complete(fails ? new StorageError("IO", "injected") : undefined);
    });
    const storage = await openMemoryStorage({ identity, codec, create: true, disk });
    await storage.write(append(1, 9));
    await storage.saveSnapshot(mark(3), records(["three"]));
    failing = true;
    expect(await refusal(storage.saveSnapshot(mark(8), records(["eight"])))).toBe("IO");
    failing = false;
    await expect(storage.write(append(9, 10))).rejects.toThrow("injected");
    await storage.close();
    const again = await openMemoryStorage({ identity, codec, disk });
    expect((await content(again)).records).toEqual(["three"]);
  });

  test("for want of space does not, and says that it may be tried again", async () => {
    const disk = new MemoryDisk();
    const storage = await openMemoryStorage({ identity, codec, create: true, disk });
    await storage.write(append(1, 9));
    disk.full = true;
    const refused = { code: "FULL", retryable: true };
    expect(await failure(storage.saveSnapshot(mark(3), records(["three"])))).toMatchObject(refused);
    expect(await failure(storage.write(append(9, 10)))).toMatchObject(refused);
    disk.full = false;
    await storage.saveSnapshot(mark(3), records(["three"]));
    await storage.write(append(9, 10));
  });
});

async function written(): Promise<{
  readonly files: Files;
  readonly snapshot: SnapshotFile;
  readonly data: Buffer;
}> {
  const files = await filesOn(new MemoryDisk());
  const snapshot = await writeSnapshotFile(files, "snapshot-1", records(texts.slice(0, 2), texts));
  return { files, snapshot, data: (await files.read(snapshot.name)) as Buffer };
}

async function filesOn(disk: MemoryDisk): Promise<Files> {
  const medium = disk.medium();
  await medium.claim();
  return medium.files;
}

/** What reading ended with: "end", or the code of the refusal. Fails on a wrong record. */
async function readToEnd(files: Files, snapshot: SnapshotFile): Promise<string> {
  const right = [...texts.slice(0, 2), ...texts];
  let position = 0;
  try {
    for await (const batch of readSnapshotFile(files, snapshot)) {
      for (const record of batch) {
        if (Buffer.from(record).toString() !== right[position]) return `wrong at ${position}`;
        position += 1;
      }
    }
    return "end";
  } catch (error) {
    return error instanceof StorageError ? error.code : String(error);
  }
}

async function* broken(batches: number): AsyncGenerator<readonly Uint8Array[]> {
  for (let i = 0; i < batches; i++) yield [Buffer.alloc(100_000, i)];
  throw new Error("the stream broke off");
}

function snapshotsOn(disk: MemoryDisk): string[] {
  return disk.files().filter((name) => name.startsWith("snapshot-"));
}
