import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EntryCache } from "../src/entry-cache.ts";
import { MemoryRecords } from "../src/memory-records.ts";
import { filesOf, temporaryDirectory, using } from "./directory.ts";
import { append, mark, records, sampleEntries } from "./samples.ts";

test("compaction gives the space back to the disk", async () => {
  const directory = join(await temporaryDirectory(), "member");
  await using(
    directory,
    async (storage) => {
      for (let from = 1; from < 3000; from += 100) {
        await storage.write(append(from, from + 100, 1, 10_000));
      }
      await storage.saveSnapshot(mark(2950), records(["snapshot"]));
      await storage.compact(2950);
    },
    { create: true },
  );
  let bytes = 0;
  for (const path of await filesOf(directory)) bytes += (await stat(join(directory, path))).size;
  expect(bytes).toBeLessThan(6_000_000);
});

test("the newest entries stay in memory, up to the limit", () => {
  const cache = new EntryCache(10_000);
  for (const entry of sampleEntries(1, 5000, 1, 100)) cache.push(entry);
  const cached = (from: number, to: number): number =>
    sampleEntries(from, to).filter(({ index }) => cache.get(index) !== undefined).length;
  expect(cached(4980, 5000)).toBe(20);
  expect(cached(1, 5000)).toBeLessThan(100);
  cache.truncate(4990);
  expect(cache.get(4990)).toBeUndefined();
  expect(cache.get(4989)?.index).toBe(4989);
  cache.dropBefore(4985);
  expect(cache.get(4984)).toBeUndefined();
  expect(cache.get(4985)?.index).toBe(4985);
});

test("of the batches that the memory disk did not sync, a crash keeps the first ones", () => {
  const disk = new MemoryRecords();
  const [first, second] = [Buffer.from("first"), Buffer.from("second")];
  for (const key of [first, second]) disk.write([{ type: "put", key, value: key }]);
  const chances = [0.9, 0];
  disk.crash({ keepUnsynced: 0.5, random: () => chances.shift() ?? 0 });
  expect(disk.isEmpty()).toBe(true);
});
