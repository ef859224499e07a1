import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Storage } from "../src/index.ts";
import { openLevelStorage } from "../src/index.ts";
import { copyOf, filesOf, temporaryDirectory } from "./directory.ts";
import type { Outcome } from "./judgement.ts";
import { judge } from "./judgement.ts";
import type { Content } from "./samples.ts";
import { append, codec, content, identity, mark, records, voted } from "./samples.ts";

describe("an older version that comes back", () => {
  test("of any one file is harmless, or named, and rebuilt where it says so", async () => {
    const { moments, now, expected } = await story();
    const names = new Set(await filesOf(now));
    const outcomes: Record<string, string> = {};
    for (const [i, moment] of moments.entries()) {
      for (const name of await filesOf(moment)) {
        if (!names.has(name)) continue;
        const { kind, what } = await judge(await mixed(now, moment, [name]), expected);
        outcomes[`${i} ${name}`] = kind === "wrong" ? what : kind;
      }
    }
    const kinds = new Set(Object.values(outcomes));
    expect(kinds).toEqual(new Set(["harmless", "repaired"]));
    expect(outcomes).toMatchObject({
      "0 member.json": "harmless",
      "0 member-copy.json": "harmless",
      "0 watermark": "harmless",
      "0 acquaintances.json": "harmless",
    });
  }, 60_000);

  test("of the log is known by the watermark, and of both by the last promise", async () => {
    const { moments, now, expected } = await story();
    const kinds: string[][] = [];
    for (const moment of moments) {
      const log = await judge(await mixed(now, moment, ["log"]), expected);
      const both = await judge(await mixed(now, moment, ["log", "watermark"]), expected);
      kinds.push([log.kind, both.kind]);
    }
    // Log and watermark lie in different files. If what was written to both since the last promise
    // was reported durable and went nowhere, what is left is what was true before it.
    expect(kinds).toEqual([
      ["repaired", "repaired"],
      ["repaired", "wrong"],
      ["repaired", "wrong"],
    ]);
  }, 60_000);

  test("of both files with the promises is known by the table, or else the watermark", async () => {
    const { moments, now, expected } = await story();
    for (const lost of ["log/CURRENT", "log", "owner.json"]) {
      const copy = await mixed(now, moments[0] as string, ["member.json", "member-copy.json"]);
      await rm(join(copy, lost), { recursive: true, force: true });
      const outcome: Outcome = await judge(copy, expected);
      expect(outcome.kind).toBe("refused");
    }
  });
});

/** A copy of a directory in which some things are from an older one. */
async function mixed(now: string, before: string, names: readonly string[]): Promise<string> {
  const copy = await copyOf(now);
  for (const name of names) {
    await rm(join(copy, name), { recursive: true });
    await cp(join(before, name), join(copy, name), { recursive: true });
  }
  return copy;
}

/** A member's life in three parts, and what its directory was like within them and at the end. */
async function story(): Promise<{
  readonly moments: readonly string[];
  readonly now: string;
  readonly expected: Content;
}> {
  const directory = join(await temporaryDirectory(), "member");
  const moments: string[] = [];
  const live = async (part: (storage: Storage) => Promise<unknown>): Promise<Content> => {
    const options = { identity, codec, directory, create: true, reserveBytes: 0 };
    const storage = await openLevelStorage({ ...options, birth: () => "b1" });
    await part(storage);
    moments.push(await copyOf(directory));
    const found = await content(storage);
    await storage.close();
    return found;
  };
  await live(async (storage) => {
    await storage.write({ ...append(1, 60, 1, 100), ...voted(2, "n2") });
    await storage.acquaint("n2", "b2");
    await storage.admit();
    await storage.saveSnapshot(mark(30), records(["a".repeat(2000)]));
    await storage.write(append(60, 100, 2, 50));
  });
  await live(async (storage) => {
    await storage.write({ ...append(100, 130, 3, 40), ...voted(3, "n1") });
  });
  const expected = await live(async (storage) => {
    await storage.write({ ...append(130, 140, 4, 70), ...voted(4, "n3", 70) });
    moments.push(await copyOf(directory));
    await storage.write(append(140, 150, 4, 70));
  });
  return { moments: moments.slice(0, -1), now: moments.at(-1) as string, expected };
}
