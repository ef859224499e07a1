import { cp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readJournal } from "../src/level-journal.ts";
import type { Storage, StorageNotice } from "../src/index.ts";
import { copyOf, openAt, temporaryDirectory, using } from "./directory.ts";
import { append, content, promise, refusal, seeded } from "./samples.ts";

/** What a directory looked like after a write. */
interface Moment {
  readonly copy: string;
  readonly journalBytes: number;
  readonly lastIndex: number;
}

const writes = 6;
const cutWrites = 3;
const sectorBytes = 512;

test("a journal cut at any byte loses the write that was under way and nothing else", async () => {
  const { journal, moments } = await writtenDirectory();
  const notices: StorageNotice[] = [];
  const onNotice = (notice: StorageNotice): number => notices.push(notice);
  for (let i = writes - cutWrites; i < writes; i++) {
    const [before, after] = [moments[i - 1] as Moment, moments[i] as Moment];
    for (let bytes = before.journalBytes; bytes < after.journalBytes; bytes++) {
      const copy = await copyOf(after.copy);
      // The watermark of the moment before: it is written when the write is durable, and this one
      // never was.
      await cp(join(before.copy, "watermark"), join(copy, "watermark"));
      await truncate(join(copy, journal), bytes);
      const { entries } = await using(copy, content, { onNotice });
      expect(entries).toHaveLength(before.lastIndex);
    }
    const cuts = after.journalBytes - before.journalBytes - 1;
    expect(notices.splice(0)).toHaveLength(cuts);
  }
}, 60_000);

test("a journal that lost an acknowledged write at its end is refused", async () => {
  const { journal, moments } = await writtenDirectory();
  for (let i = writes - cutWrites; i < writes; i++) {
    const { copy, journalBytes } = moments[i] as Moment;
    const cut = await copyOf(copy);
    await truncate(join(cut, journal), journalBytes - 1);
    const attempt = openAt(cut);
    await expect(attempt).rejects.toThrow("acknowledged writes are gone");
    expect(await refusal(attempt)).toBe("CORRUPT");
  }
});

test("the notice of a torn tail says where it is", async () => {
  const { journal, moments } = await writtenDirectory();
  const [before, last] = [moments.at(-2) as Moment, moments.at(-1) as Moment];
  await cp(join(before.copy, "watermark"), join(last.copy, "watermark"));
  await truncate(join(last.copy, journal), last.journalBytes - 1);
  const notices: StorageNotice[] = [];
  await using(last.copy, content, { onNotice: (notice) => notices.push(notice) });
  const at = before.journalBytes;
  const bytes = last.journalBytes - 1 - at;
  const file = journal.replace("log/", "");
  expect(notices).toEqual([{ kind: "journal-dropped", file, at, bytes, torn: true }]);
});

test("what level drops from the middle of a journal is not called torn", async () => {
  const { journal, moments } = await writtenDirectory(30_000);
  const data = await readFile(join((moments.at(-1) as Moment).copy, journal));
  expect(readJournal(data)).toMatchObject({ dropped: undefined });
  const { length } = readJournal(data).records;
  data[40_000] = (data[40_000] as number) ^ 1;
  const { records, dropped } = readJournal(data);
  expect(records.length).toBeLessThan(length);
  expect(dropped?.torn).toBe(false);
  expect(dropped?.at).toBeLessThanOrEqual(40_000);
});

test("a journal that is zeros or rubbish from any byte on loses what a cut would", async () => {
  const { journal, moments } = await writtenDirectory();
  const random = seeded(11);
  const [before, after] = [moments.at(-2) as Moment, moments.at(-1) as Moment];
  const whole = await readFile(join(after.copy, journal));
  for (let at = before.journalBytes; at < after.journalBytes; at++) {
    for (const fill of [() => 0, () => Math.floor(random() * 256)]) {
      const copy = await copyOf(after.copy);
      await cp(join(before.copy, "watermark"), join(copy, "watermark"));
      // Some file systems make the file longer before its content is there.
      const tail = Array.from({ length: whole.length - at + 40 }, fill);
      await writeFile(
        join(copy, journal),
        Buffer.concat([whole.subarray(0, at), Buffer.from(tail)]),
      );
      const { entries } = await using(copy, content);
      expect(entries).toHaveLength(before.lastIndex);
    }
  }
}, 60_000);

test("a write of many blocks of which any did not reach the disk is lost whole", async () => {
  const { journal, moments } = await writtenDirectory(45_000);
  const [before, after] = [moments.at(-2) as Moment, moments.at(-1) as Moment];
  const whole = await readFile(join(after.copy, journal));
  const from = Math.ceil(before.journalBytes / sectorBytes) * sectorBytes;
  let lost = 0;
  for (let at = from; at < after.journalBytes; at += 7 * sectorBytes) {
    const copy = await copyOf(after.copy);
    await cp(join(before.copy, "watermark"), join(copy, "watermark"));
    // Pages reach the disk in any order: what comes later may be there.
    const holed = Buffer.from(whole).fill(0, at, Math.min(at + sectorBytes, whole.length));
    await writeFile(join(copy, journal), holed);
    const { entries } = await using(copy, content);
    expect(entries).toHaveLength(before.lastIndex);
    lost += 1;
  }
  expect(lost).toBeGreaterThan(20);
}, 60_000);

/**
 * A directory after each of some writes, as a process that is killed would leave it, and its
 * journal.
 */
async function writtenDirectory(
  entryBytes = 8,
): Promise<{ journal: string; moments: readonly Moment[] }> {
  const directory = join(await temporaryDirectory(), "member");
  const storage = await openAt(directory, { create: true });
  await storage.write(promise(1, "n1"));
  const moments: Moment[] = [];
  const journal = await journalOf(directory);
  for (let i = 0; i < writes; i++) {
    await storage.write(append(2 * i + 1, 2 * i + 3, 1, entryBytes));
    moments.push(await momentOf(directory, journal, storage));
  }
  await storage.close();
  return { journal, moments };
}

async function momentOf(directory: string, journal: string, storage: Storage): Promise<Moment> {
  const copy = await copyOf(directory);
  const journalBytes = (await readFile(join(copy, journal))).length;
  return { copy, journalBytes, lastIndex: storage.log.lastIndex() };
}

async function journalOf(directory: string): Promise<string> {
  const names = await readdir(join(directory, "log"));
  const journals = names.filter((name) => name.endsWith(".log"));
  expect(journals).toHaveLength(1);
  return join("log", journals[0] as string);
}
