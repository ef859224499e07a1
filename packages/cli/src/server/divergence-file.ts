import { mkdir, open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Text that is written at once, in letters. */
const batchMax = 256 * 1024;

/** Writes lines into a file, a batch in memory at a time; whole and durable, or not at all. */
export async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(`${path}.part`, "w");
  try {
    let batch = "";
    for (const line of lines) {
      batch += line;
      if (batch.length < batchMax) continue;
      await file.appendFile(batch);
      batch = "";
    }
    await file.appendFile(batch);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  await syncDirectory(dirname(path));
}

/** A name that is not synced may vanish in a power failure. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
