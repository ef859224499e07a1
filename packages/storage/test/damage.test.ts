import { mkdir, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Level } from "level";
import { describe, expect, test } from "vitest";
import type { StorageNotice } from "../src/index.ts";
import { rebuildLevelStorage, StorageError } from "../src/index.ts";
import { recordKey } from "../src/keys.ts";
import { DirectoryFiles } from "../src/level-files.ts";
import type { FoundMember } from "../src/member.ts";
import { readMember, writeMember } from "../src/member.ts";
import { copyOf, filesOf, openAt, temporaryDirectory, using } from "./directory.ts";
import type { Content } from "./samples.ts";
import {
  append,
  codec,
  content,
  identity,
  mark,
  promise,
  records,
  refusal,
  seeded,
  voted,
} from "./samples.ts";

describe("a damaged directory", () => {
  test("any flipped bit gives what was written or a named refusal", async () => {
    const seed = 20_240_611;
    const random = seeded(seed);
    const outcomes: string[] = [];
    const failures: string[] = [];
    for (const killed of [false, true]) {
      const { directory, expected, close } = await filledDirectory(killed);
      for (let i = 0; i < 120; i++) {
        const copy = await copyOf(directory);
        const flipped = await flipBit(copy, random);
        const outcome = await reopened(copy, expected);
        outcomes.push(outcome);
        if (!allowed.includes(outcome)) failures.push(`seed ${seed}, ${flipped}: ${outcome}`);
        await rm(copy, { recursive: true });
      }
      await close();
    }
    expect(failures).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === "same").length).toBeGreaterThan(20);
    expect(outcomes.filter((outcome) => outcome === "CORRUPT").length).toBeGreaterThan(20);
  }, 60_000);

  test("a flipped bit in a table is found before level reads it", async () => {
    const { directory, close } = await filledDirectory(false);
    await close();
    for (const path of (await filesOf(directory)).filter((name) => name.endsWith(".ldb"))) {
      const { length } = await readFile(join(directory, path));
      for (const at of [10, length >> 1, length - 60]) {
        const copy = await copyOf(directory);
        const data = await readFile(join(copy, path));
        data[at] = (data[at] as number) ^ 16;
        await writeFile(join(copy, path), data);
        await expect(openAt(copy)).rejects.toThrow(/CORRUPT.* \d+\.ldb/);
      }
    }
  });
});

describe("a directory that lost something", () => {
  test("any deleted file gives what was written or a named refusal", async () => {
    const { directory, expected, close } = await filledDirectory(false);
    const outcomes: Record<string, string> = {};
    for (const path of await filesOf(directory)) {
      const copy = await copyOf(directory);
      await rm(join(copy, path));
      const kind = path.replace(/\d{3,}/, "N").replace(/snapshot-.*/, "snapshot");
      outcomes[kind] = await reopened(copy, expected);
    }
    await close();
    expect(outcomes).toMatchObject({
      "member.json": "same",
      "member-copy.json": "same",
      watermark: "MISSING",
      snapshot: "MISSING",
      "log/CURRENT": "MISSING",
      "log/LOG": "same",
    });
    expect(outcomes["log/N.log"]).not.toBe("same");
    expect(outcomes["log/N.ldb"]).not.toBe("same");
    expect(outcomes["log/MANIFEST-N"]).not.toBe("same");
  });

  test("any file cut short gives what was written or a named refusal", async () => {
    const random = seeded(7);
    const { directory, expected, close } = await filledDirectory(true);
    const failures: string[] = [];
    const paths = await filesOf(await copyOf(directory));
    for (const path of [...paths, ...paths]) {
      const copy = await copyOf(directory);
      const { length } = await readFile(join(copy, path));
      const kept = Math.floor(random() * length);
      await truncate(join(copy, path), kept);
      const outcome = await reopened(copy, expected);
      if (!allowed.includes(outcome)) failures.push(`${path} cut to ${kept}: ${outcome}`);
    }
    await close();
    expect(failures).toEqual([]);
  });
});

describe("a directory that is not whole", () => {
  test("a member whose log is gone does not start as a new one", async () => {
    const { directory, close } = await filledDirectory(false);
    await close();
    await rm(join(directory, "log"), { recursive: true });
    expect(await refusal(openAt(directory, { create: true }))).toBe("MISSING");
    for (const file of promises) await rm(join(directory, file));
    expect(await refusal(openAt(directory, { create: true }))).toBe("MISSING");
  });

  test("what a member leaves of itself keeps it from being made anew", async () => {
    const { directory, close } = await filledDirectory(false);
    await close();
    for (const lost of [["log"], ["watermark"], ["watermark", "log/CURRENT"]]) {
      const copy = await copyOf(directory);
      for (const path of [...promises, ...lost]) await rm(join(copy, path), { recursive: true });
      expect(await refusal(openAt(copy, { create: true }))).toBe("MISSING");
    }
  });

  test("a log that begins after what its snapshot holds is refused", async () => {
    const directory = join(await temporaryDirectory(), "member");
    const options = { create: true, witness: true };
    await using(
      directory,
      async (storage) => {
        await storage.write(append(1, 9));
        await storage.compact(5);
      },
      options,
    );
    const files = new DirectoryFiles(directory);
    const found = await readMember(files, codec, () => "");
    await writeMember(files, codec, { ...(found as FoundMember).member, witness: false });
    const attempt = openAt(directory);
    await expect(attempt).rejects.toThrow("no snapshot holds what is before");
    expect(await refusal(attempt)).toBe("MISSING");
  });

  test("a member file from before the last vote is refused", async () => {
    const directory = join(await temporaryDirectory(), "member");
    await using(directory, (storage) => storage.write(promise(3, "n2")), { create: true });
    const old = await readFile(join(directory, "member.json"));
    await using(directory, (storage) => storage.write(promise(4, "n3")));
    await writeFile(join(directory, "member.json"), old);
    await using(directory, async (storage) => expect(storage.hardState().vote).toBe("n3"));
    for (const file of promises) await writeFile(join(directory, file), old);
    expect(await refusal(openAt(directory))).toBe("CORRUPT");
  });

  test("the log of another member is refused", async () => {
    const root = await temporaryDirectory();
    const [mine, other] = [join(root, "mine"), join(root, "other")];
    await using(mine, (storage) => storage.write(append(1, 5)), { create: true });
    const identity = { cluster: "c1", node: "n9", incarnation: 1 };
    await using(other, (storage) => storage.write(append(1, 5)), { create: true, identity });
    await rm(join(mine, "log"), { recursive: true });
    await rename(join(other, "log"), join(mine, "log"));
    expect(await refusal(openAt(mine))).toBe("WRONG_IDENTITY");
  });
});

describe("what a rebuild set aside", () => {
  test("lies beside the member until it has recovered, and never longer", async () => {
    const { directory, close } = await filledDirectory(false);
    await close();
    await rm(join(directory, "watermark"));
    const options = { identity, codec, directory, reserveBytes: 0 };
    const storage = await rebuildLevelStorage(options);
    const aside = async (): Promise<number> => (await filesOf(join(directory, "damaged"))).length;
    expect(await aside()).toBeGreaterThan(3);
    await storage.close();
    await using(directory, async (again) => {
      expect(await aside()).toBeGreaterThan(3);
      await again.recovered();
    });
    await expect(aside()).rejects.toThrow("ENOENT");
    // A crash may have come between.
    await mkdir(join(directory, "damaged"));
    await using(directory, async () => undefined);
    await expect(aside()).rejects.toThrow("ENOENT");
  });
});

describe("a log record", () => {
  test.each([
    ["with a flipped bit", (level, key) => flipValue(level, key)],
    ["cut short", async (level, key) => level.put(key, (await level.get(key)).subarray(0, 30))],
    ["that is empty", (level, key) => level.put(key, Buffer.alloc(0))],
    ["that is gone", (level, key) => level.del(key)],
    ["in the place of another", async (level, key) => level.put(key, await firstRecord(level))],
  ] satisfies [string, (level: Level<Buffer, Buffer>, key: Buffer) => Promise<void>][])(
    "%s is damage, in the middle and at the end",
    async (_, harm) => {
      for (const index of [5, 9, 13]) {
        const directory = join(await temporaryDirectory(), "member");
        await using(
          directory,
          async (storage) => {
            for (const from of [1, 5, 9, 13]) await storage.write(append(from, from + 4));
          },
          { create: true },
        );
        await withLevel(directory, (level) => harm(level, recordKey(0, index)));
        const attempt = openAt(directory);
        await expect(attempt).rejects.toThrow(/index \d+/);
        expect(await refusal(attempt)).toBe("CORRUPT");
        expect(await refusal(openAt(directory))).toBe("CORRUPT");
      }
    },
  );
});

describe("an old log record", () => {
  test("that was replaced and comes back is damage", async () => {
    const directory = join(await temporaryDirectory(), "member");
    let old = Buffer.alloc(0);
    await using(
      directory,
      async (storage) => {
        await storage.write(append(1, 5));
        await storage.write(append(5, 9));
      },
      { create: true },
    );
    await withLevel(directory, async (level) => {
      old = Buffer.from(await level.get(recordKey(0, 5)));
    });
    await using(directory, async (storage) => {
      await storage.write(append(5, 9, 2));
      await storage.write(append(9, 13, 2));
    });
    await withLevel(directory, (level) => level.put(recordKey(0, 5), old));
    const attempt = openAt(directory);
    await expect(attempt).rejects.toThrow("index 9 does not follow the record before it");
    expect(await refusal(attempt)).toBe("CORRUPT");
  });

  test("that a crash kept from being deleted is no damage", async () => {
    const directory = join(await temporaryDirectory(), "member");
    const compacting = async (level: Level<Buffer, Buffer>): Promise<void> => {
      await level.put(recordKey(0, 1), Buffer.from("left over"));
    };
    await using(
      directory,
      async (storage) => {
        await storage.write(append(1, 5));
        await storage.write(append(5, 9));
        await storage.saveSnapshot(mark(6), records(["six"]));
        await storage.compact(6);
      },
      { create: true },
    );
    await withLevel(directory, compacting);
    const notices: StorageNotice[] = [];
    const onNotice = (notice: StorageNotice): number => notices.push(notice);
    await using(directory, async (storage) => expect(storage.log.firstIndex()).toBe(7), {
      onNotice,
    });
    expect(notices).toEqual([{ kind: "log-leftover", beforeIndex: 5 }]);
  });
});

/** Snapshot, compacted log, tables and a journal; `killed`: as a killed process leaves it. */
async function filledDirectory(
  killed: boolean,
): Promise<{ directory: string; expected: Content; close: () => Promise<void> }> {
  const directory = join(await temporaryDirectory(), "member");
  await using(
    directory,
    async (storage) => {
      await storage.write({ ...append(1, 60, 1, 100), ...voted(2, "n2") });
      for (let i = 60; i < 100; i++) await storage.write(append(i, i + 1, 2, 50));
      await storage.saveSnapshot(mark(30), records(["a".repeat(2000), "b"], ["c".repeat(3000)]));
      await storage.compact(25);
    },
    { create: true },
  );
  await using(directory, async (storage) => {
    await storage.write(append(90, 130, 3, 40));
  });
  const storage = await openAt(directory);
  await storage.write({ ...append(130, 140, 4, 70), ...voted(4, "n3", 70) });
  for (let i = 140; i < 160; i++) await storage.write(append(i, i + 1, 4, 30));
  const expected = await content(storage);
  if (!killed) await storage.close();
  return { directory, expected, close: () => storage.close() };
}

/**
 * What reopening gave: the same content, a refusal by its code, or something that must never be.
 */
async function reopened(directory: string, expected: Content): Promise<string> {
  try {
    const found = await using(directory, content);
    return isDeepStrictEqual(found, expected) ? "same" : "WRONG CONTENT";
  } catch (error) {
    return error instanceof StorageError ? error.code : `UNNAMED ERROR ${String(error)}`;
  }
}

/** Both files with what the member promised. */
const promises = ["member.json", "member-copy.json"];
const allowed = ["same", "CORRUPT", "MISSING", "WRONG_IDENTITY", "IO"];

async function flipBit(directory: string, random: () => number): Promise<string> {
  const paths = await filesOf(directory);
  const path = paths[Math.floor(random() * paths.length)] as string;
  const data = await readFile(join(directory, path));
  const bit = Math.floor(random() * data.length * 8);
  data[bit >>> 3] = (data[bit >>> 3] as number) ^ (1 << (bit & 7));
  const file = await open(join(directory, path), "r+");
  await file.write(data, bit >>> 3, 1, bit >>> 3);
  await file.close();
  return `${path}, bit ${bit}`;
}

async function withLevel(
  directory: string,
  use: (level: Level<Buffer, Buffer>) => Promise<void>,
): Promise<void> {
  const options = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;
  const level = new Level<Buffer, Buffer>(join(directory, "log"), options);
  await level.open();
  await use(level);
  await level.close();
}

async function flipValue(level: Level<Buffer, Buffer>, key: Buffer): Promise<void> {
  const value = Buffer.from(await level.get(key));
  value[20] = (value[20] as number) ^ 4;
  await level.put(key, value);
}

async function firstRecord(level: Level<Buffer, Buffer>): Promise<Buffer> {
  return await level.get(recordKey(0, 1));
}
