import { readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { MemberRecord, StorageError } from "../src/index.ts";
import { openLevelStorage } from "../src/index.ts";
import { judge, open } from "./judgement.ts";
import { copyOf, filesOf, temporaryDirectory } from "./directory.ts";
import type { Content } from "./samples.ts";
import { append, codec, content, identity, mark, records, seeded, voted } from "./samples.ts";

type Random = () => number;

describe("a real directory", () => {
  test("with any of 500 random damages is harmless, or named and rebuilt", async () => {
    const seed = 20_261_120;
    const random = seeded(seed);
    const tally: Record<string, number> = {};
    const failures: string[] = [];
    for (const killed of [false, true]) {
      const { directory, expected, close } = await filledDirectory(killed);
      for (let i = 0; i < 250; i++) {
        const copy = await copyOf(directory);
        const damage = await harm(copy, random);
        const { kind, what } = await judge(copy, expected);
        tally[kind] = (tally[kind] ?? 0) + 1;
        if (kind === "wrong") failures.push(`seed ${seed}, ${i}: ${damage}: ${what}`);
        await rm(copy, { recursive: true });
      }
      await close();
    }
    expect(failures).toEqual([]);
    expect(Math.min(tally["harmless"] ?? 0, tally["repaired"] ?? 0)).toBeGreaterThan(100);
    // One damage is never beyond repair.
    expect(tally["refused"]).toBeUndefined();
  }, 120_000);

  test("without any file, or any two, is harmless, or named and rebuilt", async () => {
    const { directory, expected, close } = await filledDirectory(false);
    const files = await filesOf(directory);
    const failures: string[] = [];
    const lost: string[][] = [];
    for (const [i, one] of files.entries()) {
      lost.push([one], ...files.slice(i + 1).map((other) => [one, other]));
    }
    for (const names of lost) {
      const copy = await copyOf(directory);
      for (const name of names) await rm(join(copy, name));
      const { kind, what } = await judge(copy, expected);
      const isRight = isBeyondRepair(names) ? kind !== "wrong" : isMended(kind);
      if (!isRight) failures.push(`without ${names.join(" and ")}: ${kind}, ${what}`);
      await rm(copy, { recursive: true });
    }
    await close();
    expect(failures).toEqual([]);
    expect(lost.length).toBeGreaterThan(50);
  }, 120_000);
});

describe("a real directory that is not whole,", () => {
  test("with any file under the name of another is harmless, or named and rebuilt", async () => {
    const { directory, expected, close } = await filledDirectory(false);
    const files = await filesOf(directory);
    const failures: string[] = [];
    for (const from of files) {
      for (const to of files.filter((name) => name !== from)) {
        const copy = await copyOf(directory);
        await rename(join(copy, from), join(copy, to));
        const { kind, what } = await judge(copy, expected);
        const isRight = isBeyondRepair([from, to]) ? kind !== "wrong" : isMended(kind);
        if (!isRight) failures.push(`${from} as ${to}: ${kind}, ${what}`);
        await rm(copy, { recursive: true });
      }
    }
    await close();
    expect(failures).toEqual([]);
  }, 120_000);

  test("of which any one file is left never becomes a new member unseen", async () => {
    const { directory, close } = await filledDirectory(false);
    await close();
    const files = await filesOf(directory);
    const made: string[] = [];
    const failures: string[] = [];
    for (const kept of files) {
      const copy = await copyOf(directory);
      for (const name of files) if (name !== kept) await rm(join(copy, name));
      const { member, refused } = await opened(copy);
      if (refused?.repairable === true) failures.push(`${kept} is not enough to rebuild it`);
      if (member?.admitted === true) failures.push(`with ${kept} it takes part`);
      if (member !== undefined) made.push(kept.replace(/\d{3,}/, "N"));
    }
    expect(failures).toEqual([]);
    // Nothing in these tells of a member: it must be admitted by the others, who know it.
    expect(made.toSorted()).toEqual(["log/LOG", "log/LOG.old"]);
  });
});

/** Promises are in two files, births in one and in the table: whether both of either were hit. */
function isBeyondRepair(names: readonly string[]): boolean {
  const isHit = (name: string): boolean => names.includes(name);
  const births = isHit("acquaintances.json") && names.some((name) => name.startsWith("log/"));
  return births || (isHit("member.json") && isHit("member-copy.json"));
}

function isMended(kind: string): boolean {
  return kind === "harmless" || kind === "repaired";
}

/** The member that is opened, or what it is refused with. */
async function opened(
  directory: string,
): Promise<{ readonly member?: MemberRecord; readonly refused?: StorageError }> {
  try {
    const storage = await open(directory);
    await storage.close();
    return { member: storage.member };
  } catch (error) {
    return { refused: error as StorageError };
  }
}

/** Flips a bit of a file, cuts it short or deletes it. */
async function harm(directory: string, random: Random): Promise<string> {
  const files = await filesOf(directory);
  const name = files[Math.floor(random() * files.length)] as string;
  const path = join(directory, name);
  const data = await readFile(path);
  const choice = random();
  if (choice < 0.1) {
    await rm(path);
    return `${name} deleted`;
  }
  if (choice < 0.25) {
    const length = Math.floor(random() * data.length);
    await truncate(path, length);
    return `${name} cut to ${length} bytes`;
  }
  const bit = Math.floor(random() * data.length * 8);
  data[bit >>> 3] = (data[bit >>> 3] as number) ^ (1 << (bit & 7));
  await writeFile(path, data);
  return `${name}, bit ${bit}`;
}

/** Snapshot, compacted log, tables, a journal, an acquaintance; `killed`: as a kill leaves it. */
async function filledDirectory(
  killed: boolean,
): Promise<{ directory: string; expected: Content; close: () => Promise<void> }> {
  const directory = join(await temporaryDirectory(), "member");
  const options = { identity, codec, directory, create: true, reserveBytes: 0 };
  let storage = await openLevelStorage({ ...options, birth: () => "b1" });
  await storage.write({ ...append(1, 60, 1, 100), ...voted(2, "n2") });
  for (let i = 60; i < 100; i++) await storage.write(append(i, i + 1, 2, 50));
  await storage.saveSnapshot(mark(30), records(["a".repeat(2000), "b"], ["c".repeat(3000)]));
  await storage.compact(25);
  await storage.acquaint("n2", "b2");
  await storage.admit();
  await storage.close();
  storage = await open(directory);
  await storage.write(append(90, 130, 3, 40));
  await storage.close();
  storage = await open(directory);
  await storage.write({ ...append(130, 140, 4, 70), ...voted(4, "n3", 70) });
  for (let i = 140; i < 160; i++) await storage.write(append(i, i + 1, 4, 30));
  const expected = await content(storage);
  if (!killed) await storage.close();
  return { directory, expected, close: () => storage.close() };
}
