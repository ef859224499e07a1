import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Storage } from "../src/index.ts";
import { openAt, temporaryDirectory, using } from "./directory.ts";
import { append, mark, records, recordTexts, refusal } from "./samples.ts";

const large = "x".repeat(300_000);

describe("a snapshot file", () => {
  test("is the only one, whatever was written, staged or given up before", async () => {
    const directory = join(await temporaryDirectory(), "member");
    await using(directory, writeSnapshots, { create: true });
    expect(await snapshotFiles(directory)).toHaveLength(1);
    const storage = await openAt(directory);
    await storage.stageSnapshot(mark(40), records(["forty"]));
    await storage.close();
    expect(await snapshotFiles(directory)).toHaveLength(2);
    await using(directory, async ({ log }) => expect(log.snapshot()?.index).toBe(20));
    expect(await snapshotFiles(directory)).toHaveLength(1);
  });

  test("that is damaged gives nothing out from the damage on", async () => {
    const directory = await withSnapshot([large, large, "end"]);
    const path = join(directory, (await snapshotFiles(directory))[0] as string);
    const data = await readFile(path);
    for (const [at, intact] of [
      [30, 0],
      [200_000, 0],
      [400_000, 1],
      [data.length - 2, 2],
    ] as const) {
      const damaged = Buffer.from(data);
      damaged[at] = (damaged[at] as number) ^ 1;
      await writeFile(path, damaged);
      await using(directory, async (storage) => {
        let batches = 0;
        const reading = (async (): Promise<void> => {
          for await (const batch of storage.readSnapshot())
            batches += Math.sign(batch.bytes.length);
        })();
        expect(await refusal(reading)).toBe("CORRUPT");
        expect(batches).toBe(intact);
      });
    }
  });

  test("that is another one of the same size is refused at its end", async () => {
    const [directory, other] = [await withSnapshot(["mine"]), await withSnapshot(["them"])];
    const [mine, them] = [await snapshotFiles(directory), await snapshotFiles(other)];
    const content = await readFile(join(other, them[0] as string));
    await writeFile(join(directory, mine[0] as string), content);
    await using(directory, async (storage) => {
      expect(await refusal(recordTexts(storage))).toBe("CORRUPT");
    });
  });

  test("that is cut short is refused on opening", async () => {
    const directory = await withSnapshot([large]);
    const path = join(directory, (await snapshotFiles(directory))[0] as string);
    const data = await readFile(path);
    await writeFile(path, data.subarray(0, -1));
    expect(await refusal(openAt(directory))).toBe("CORRUPT");
  });
});

async function withSnapshot(texts: string[]): Promise<string> {
  const directory = join(await temporaryDirectory(), "member");
  await using(
    directory,
    async (storage) => {
      await storage.write(append(1, 9));
      await storage.saveSnapshot(mark(6), records(texts));
    },
    { create: true },
  );
  return directory;
}

async function writeSnapshots(storage: Storage): Promise<void> {
  await storage.write(append(1, 9));
  await storage.saveSnapshot(mark(4), records(["four"]));
  await storage.saveSnapshot(mark(6), records(["six"]));
  await storage.stageSnapshot(mark(15), records(["fifteen"]));
  await storage.stageSnapshot(mark(20), records(["twenty"]));
  await storage.write({ hardState: undefined, entries: [], reset: mark(20) });
}

async function snapshotFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.startsWith("snapshot-"));
}
