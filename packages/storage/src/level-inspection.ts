import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { tableDamage } from "./level-blocks.ts";
import { toReadError } from "./level-error.ts";
import { readJournal } from "./level-journal.ts";
import type { LiveTables } from "./level-manifest.ts";
import { liveTables } from "./level-manifest.ts";
import type { StorageNotice } from "./options.ts";
import { StorageError } from "./storage.ts";

/**
 * Reads level's files before level does, as it would drop damaged records of its journal without a
 * word and believe damaged tables. A damaged table is refused; what is wrong with a journal is only
 * told, as the checks of the log decide whether anything is missing.
 * @throws {StorageError} CORRUPT, MISSING, IO.
 */
export async function inspectLevel(directory: string): Promise<StorageNotice[]> {
  const current = await readNamed(directory, "CURRENT");
  const manifest = current.toString("latin1").trim();
  if (!/^MANIFEST-\d+$/.test(manifest)) {
    throw new StorageError("CORRUPT", "CURRENT names no manifest");
  }
  const live = liveTables(readJournal(await readNamed(directory, manifest)).records);
  const names = await readdir(directory);
  await checkTables(directory, names, live);
  return await inspectJournals(directory, names);
}

async function checkTables(
  directory: string,
  names: readonly string[],
  live: LiveTables,
): Promise<void> {
  for (const [number, bytes] of live) {
    const stem = String(number).padStart(6, "0");
    const name = names.includes(`${stem}.sst`) ? `${stem}.sst` : `${stem}.ldb`;
    const table = await readNamed(directory, name);
    if (table.length !== bytes) {
      const what = `${name} has ${table.length} bytes instead of ${bytes}`;
      throw new StorageError("CORRUPT", what);
    }
    const damage = tableDamage(table);
    if (damage !== undefined) throw new StorageError("CORRUPT", `${name} ${damage}`);
  }
}

async function inspectJournals(
  directory: string,
  names: readonly string[],
): Promise<StorageNotice[]> {
  const notices: StorageNotice[] = [];
  for (const file of names.filter((name) => name.endsWith(".log"))) {
    const { dropped } = readJournal(await readNamed(directory, file));
    if (dropped !== undefined) notices.push({ kind: "journal-dropped", file, ...dropped });
  }
  return notices;
}

async function readNamed(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw toReadError(error, `reading ${name}`);
    }
    throw new StorageError("MISSING", `${name} is gone`, { cause: error });
  }
}
