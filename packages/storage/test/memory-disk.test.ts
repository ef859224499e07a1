import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import type { DiskPart, Storage } from "../src/index.ts";
import { MemoryDisk, openMemoryStorage, rebuildMemoryStorage, StorageError } from "../src/index.ts";
import { MemoryFile } from "../src/memory-file.ts";
import type { Content } from "./samples.ts";
import {
  append,
  codec,
  content,
  failure,
  identity,
  mark,
  promise,
  records,
  seeded,
  voted,
} from "./samples.ts";

type Random = () => number;

const parts: readonly DiskPart[] = [
  "log",
  "state",
  "identity",
  "description",
  "snapshot",
  "member",
  "watermark",
  "births",
  "acquaintances",
];

/** Each harms a disk and says how, or does nothing and says so. */
const harms: Readonly<Record<string, (disk: MemoryDisk, random: Random) => string | undefined>> = {
  ...Object.fromEntries(
    parts.flatMap((part) => [
      [`flip ${part}`, (disk: MemoryDisk, random: Random) => disk.flipBit(random, [part])],
      [`cut ${part}`, (disk: MemoryDisk, random: Random) => disk.truncate(random, [part])],
      [`older ${part}`, (disk: MemoryDisk, random: Random) => disk.revert(random, [part])],
    ]),
  ),
  "lost batches": (disk, random) => {
    const lost = disk.loseBatches(1 + Math.floor(random() * 5));
    return lost === 0 ? undefined : `${lost} batches`;
  },
};

describe("a harmed memory disk", () => {
  test("gives what was written, or is named and rebuilt, whatever was harmed", async () => {
    const failures: string[] = [];
    const outcomes = new Map<string, Set<string>>();
    for (let seed = 1; seed <= 15; seed++) {
      for (const [name, harm] of Object.entries(harms)) {
        const random = seeded(seed);
        const disk = new MemoryDisk();
        const expected = await live(disk, random);
        const done = harm(disk, random);
        if (done === undefined) continue;
        const outcome = await judge(disk, expected);
        if (outcome.startsWith("wrong"))
          failures.push(`seed ${seed}, ${name}, ${done}: ${outcome}`);
        outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome));
      }
    }
    expect(failures).toEqual([]);
    expect(outcomes.get("flip log")).toEqual(new Set(["repaired"]));
    expect(outcomes.get("flip member")).toEqual(new Set(["harmless"]));
    expect(outcomes.get("older member")).toEqual(new Set(["harmless"]));
    expect(outcomes.get("flip identity")).toEqual(new Set(["repaired"]));
    expect(outcomes.get("flip acquaintances")).toEqual(new Set(["harmless"]));
    expect(outcomes.get("flip births")).toEqual(new Set(["harmless"]));
    expect(outcomes.get("lost batches")).toEqual(new Set(["repaired"]));
    expect(outcomes.size).toBe(Object.keys(harms).length - neverOlder.length);
  }, 60_000);

  test("in both places where births are known is beyond repair", async () => {
    const disk = new MemoryDisk();
    await live(disk, seeded(1));
    disk.flipBit(seeded(1), ["births"]);
    disk.flipBit(seeded(1), ["acquaintances"]);
    await expectRefused(disk);
  });

  test("in both files with the promises is beyond repair", async () => {
    const disk = new MemoryDisk();
    await live(disk, seeded(1));
    const random = seeded(1);
    for (let i = 0; i < 20; i++) disk.flipBit(random, ["member"]);
    await expectRefused(disk);
  });

  test("that cannot be read names it, and can be read again later", async () => {
    const disk = new MemoryDisk();
    const expected = await live(disk, seeded(1));
    for (const name of ["table", "watermark", "member.json"]) {
      disk.readFault = (read) => (read === name ? new StorageError("IO", "injected") : undefined);
      expect(await failure(openOn(disk))).toMatchObject({ code: "IO", repairable: false });
    }
    disk.readFault = undefined;
    expect(await content(await openOn(disk))).toEqual(expected);
  });
});

describe("a memory disk", () => {
  test("says of a crash what was lost and torn", async () => {
    const counts = { lost: 0, torn: 0, names: 0 };
    for (let seed = 1; seed <= 100; seed++) {
      const random = seeded(seed);
      let stuck = false;
      const disk = new MemoryDisk((_, complete) => {
        if (!stuck) complete();
      });
      const storage = await openOn(disk);
      await storage.write(append(1, 4));
      stuck = true;
      void storage.write(append(4, 7));
      void storage.stageSnapshot(mark(30), records(["thirty"]));
      await settled();
      const { batchesLost, torn, filesLost } = disk.crash({ keepUnsynced: 0.5, random });
      counts.lost += batchesLost;
      counts.torn += torn ? 1 : 0;
      counts.names += filesLost.some((name) => name.startsWith("snapshot-")) ? 1 : 0;
      stuck = false;
      expect((await openOn(disk)).log.lastIndex()).toBe(batchesLost === 0 ? 6 : 3);
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(10);
  });

  test("loses the name of a new file with all that is in it, unless it was synced", () => {
    const fates = new Set<string>();
    const random = seeded(1);
    for (let i = 0; i < 300; i++) {
      const file = new MemoryFile();
      file.create();
      file.write(0, Buffer.from("first"));
      file.write(5, Buffer.from("second"));
      file.crash({ keepUnsynced: 0.5, random });
      fates.add(file.isThere() ? file.content().toString().replace(/\0+/, "-") : "no name");
    }
    const whole = ["no name", "", "first", "firstsecond", "-second"];
    expect([...fates]).toEqual(expect.arrayContaining(whole));
    // The others are torn.
    expect(fates.size).toBeGreaterThan(whole.length + 3);
  });

  test("does not count what is written while it syncs as synced", () => {
    const file = new MemoryFile();
    file.replace(Buffer.from("before"));
    const synced = file.sync();
    file.write(0, Buffer.from("BEF"));
    synced();
    file.crash({ keepUnsynced: 0, random: () => 0 });
    expect(file.content().toString()).toBe("before");
  });
});

describe("a memory disk that is slow", () => {
  test("lets everything be read meanwhile, and nothing be seen too early", async () => {
    const waiting: (() => void)[] = [];
    let slow = false;
    const disk = new MemoryDisk((_, complete) => {
      if (slow) waiting.push(complete);
      else complete();
    });
    const storage = await openOn(disk);
    await storage.write({ ...append(1, 9), ...voted(2, "n2") });
    await storage.saveSnapshot(mark(4), records(["four"]));
    slow = true;
    let done = 0;
    const tasks = [
      storage.write({ ...append(9, 12, 3), ...voted(3, "n1", 5) }),
      storage.acquaint("n2", "b2"),
      storage.saveSnapshot(mark(8), records(["eight"])),
      storage.compact(3),
    ].map((task) => task.then(() => (done += 1)));
    await settled();
    expect((await content(storage)).entries).toHaveLength(8);
    expect(storage.hardState()).toEqual({ term: 2, vote: "n2", commitIndex: 0 });
    expect([done, storage.acquaintances.size]).toEqual([0, 0]);
    for (let complete = waiting.shift(); complete !== undefined; complete = waiting.shift()) {
      complete();
      await settled();
    }
    await Promise.all(tasks);
    slow = false;
    await storage.close();
    const again = await openOn(disk);
    expect((await content(again)).entries).toHaveLength(8);
    expect(again.log.snapshot()?.index).toBe(8);
    expect(again.hardState()).toMatchObject({ term: 3, vote: "n1" });
  });
});

/** Parts of which no older version can be: they are written once, or in place. */
const neverOlder = ["older identity", "older log", "older snapshot"] as const;

/** A short life; gives what is there at its end. */
async function live(disk: MemoryDisk, random: Random): Promise<Content> {
  const storage = await openOn(disk);
  await storage.write({ ...append(1, 9), ...voted(1, "n1") });
  await storage.acquaint("n2", "b2");
  await storage.acquaint("n3", "b3");
  await storage.admit();
  for (let i = 9; i < 15; i++)
    await storage.write(append(i, i + 1, 1, 1 + Math.floor(random() * 60)));
  await storage.saveSnapshot(mark(5), records(["five"]));
  await storage.saveSnapshot(mark(8), records(["eight"]));
  await storage.compact(6);
  await storage.write(promise(2, "n3"));
  await storage.write(append(15, 20, 2));
  const found = await content(storage);
  await storage.close();
  return found;
}

async function judge(disk: MemoryDisk, expected: Content): Promise<string> {
  const refusal = await opened(disk, expected);
  if (typeof refusal === "string") return refusal;
  let storage: Storage;
  try {
    storage = await rebuildMemoryStorage({ identity, codec, disk });
  } catch {
    return refusal.repairable ? "wrong: not rebuilt" : "refused";
  }
  if (!refusal.repairable) return "wrong: rebuilt";
  const { term, vote } = storage.hardState();
  const isRight = term === 2 && vote === "n3" && storage.acquaintances.size === 2;
  return isRight && storage.member.recovering ? "repaired" : "wrong: rebuilt with less";
}

async function opened(disk: MemoryDisk, expected: Content): Promise<string | StorageError> {
  try {
    const storage = await openOn(disk);
    try {
      const isRight = isDeepStrictEqual(await content(storage), expected);
      return isRight && storage.acquaintances.size === 2 ? "harmless" : "wrong: other content";
    } finally {
      await storage.close();
    }
  } catch (error) {
    return error instanceof StorageError ? error : `wrong: ${String(error)}`;
  }
}

async function expectRefused(disk: MemoryDisk): Promise<void> {
  const refused = { code: "CORRUPT", repairable: false };
  expect(await failure(openOn(disk))).toMatchObject(refused);
  expect(await failure(rebuildMemoryStorage({ identity, codec, disk }))).toMatchObject(refused);
}

function openOn(disk: MemoryDisk): Promise<Storage> {
  return openMemoryStorage({ identity, codec, create: true, disk });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
