import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "./crc32c.ts";
import type { StorageNotice } from "./options.ts";

/**
 * Looks through level's journals for what level would drop without a word. Called before level is opened, as it
 * deletes them then.
 */
export async function inspectJournals(directory: string): Promise<StorageNotice[]> {
  const notices: StorageNotice[] = [];
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((candidate) => candidate.endsWith(".log"))) {
    const journal = await readFile(join(directory, name)).catch(() => Buffer.alloc(0));
    const dropped = inspectJournal(journal);
    if (dropped !== undefined) notices.push({ kind: "journal-dropped", file: name, ...dropped });
  }
  return notices;
}

/** The first stretch of a journal that holds no intact record. */
export interface Dropped {
  readonly at: number;
  readonly bytes: number;
  readonly torn: boolean;
}

/**
 * Level's journal is made of blocks of 32 KiB. A record lies in one fragment or, across blocks, in several; each has
 * a checksum, a length and a kind. Level skips the rest of a block after a fragment that is damaged; so does this.
 */
export function inspectJournal(journal: Buffer): Dropped | undefined {
  let dropped: Dropped | undefined;
  /** Where a record begins whose last fragment has not come yet. */
  let begun: number | undefined;
  let at = 0;
  while (at < journal.length) {
    const fragment = readFragment(journal, at);
    if (fragment.kind === "damaged") {
      dropped ??= { at: begun ?? at, bytes: journal.length - (begun ?? at), torn: true };
      begun = undefined;
    } else if (fragment.kind !== "padding") {
      if (dropped?.torn === true) dropped = { at: dropped.at, bytes: at - dropped.at, torn: false };
      if (fragment.kind === "first") begun = at;
      if (fragment.kind === "last") begun = undefined;
    }
    at = fragment.end;
  }
  if (begun !== undefined) {
    dropped ??= { at: begun, bytes: journal.length - begun, torn: true };
  }
  return dropped;
}

interface Fragment {
  readonly kind: (typeof kinds)[number] | "damaged";
  /** Where to go on. */
  readonly end: number;
}

const blockBytes = 32 * 1024;
const headerBytes = 7;
const kinds = ["padding", "full", "first", "middle", "last"] as const;

function blockEnd(at: number): number {
  return at - (at % blockBytes) + blockBytes;
}

function readFragment(journal: Buffer, at: number): Fragment {
  const next = blockEnd(at);
  const damaged: Fragment = { kind: "damaged", end: next };
  if (next - at < headerBytes) return { kind: "padding", end: next };
  if (journal.length - at < headerBytes) return damaged;
  const checksum = journal.readUInt32LE(at);
  const length = journal.readUInt16LE(at + 4);
  const end = at + headerBytes + length;
  const kind = kinds[journal[at + 6] as number];
  if (kind === "padding" && length === 0 && checksum === 0) return { kind, end: next };
  if (kind === undefined || kind === "padding") return damaged;
  if (end > next || end > journal.length) return damaged;
  const intact = masked(crc32c(journal.subarray(at + 6, end))) === checksum;
  return intact ? { kind, end } : damaged;
}

/** Level stores checksums changed, so that data that hold checksums are checked well too. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}
