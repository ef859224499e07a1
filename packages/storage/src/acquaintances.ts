import type { NodeId } from "@meridian/consensus";
import { membersOf } from "@meridian/consensus";
import { decodeChecked, encodeChecked, readChecked } from "./checked-lines.ts";
import { acquaintancesKey } from "./keys.ts";
import type { Files, Table, TableOperation } from "./medium.ts";
import type { Member } from "./member.ts";
import { StorageError } from "./storage.ts";

/** Births of other members by name. */
export type Births = ReadonlyMap<NodeId, string>;

/** What is known, and the operation that makes the table say so too. */
export interface RecoveredAcquaintances {
  readonly births: Births;
  readonly operation: TableOperation;
  /** One of the two places was damaged or lost. */
  readonly restored: boolean;
}

/** Name of the file. */
export const acquaintancesFile = "acquaintances.json";

/** More than any cluster has had members. */
export const acquaintancesMax = 4096;

/**
 * A wiped member must meet somebody who knows its earlier birth, so this must not be lost: it lies
 * in a file, written first, and in the table. Births are only ever added, so that the union of both
 * is right, whichever is older. After a refounding only members of the forced configuration are
 * still known: the others are to come again, as new ones.
 * @throws {StorageError} CORRUPT, not repairable, if neither place has it.
 */
export async function recoverAcquaintances(
  files: Files,
  table: Table,
  member: Member,
): Promise<RecoveredAcquaintances> {
  const inFile = await readPlace(() => readChecked(files, acquaintancesFile));
  const inTable = await readPlace(async () => readTable(table));
  // Older releases knew of no births.
  if (inFile === undefined && inTable === undefined && member.revision > 0) throw lost();
  const births = new Map([...bornIn(inTable, member), ...bornIn(inFile, member)]);
  const value = encodeBirths(births, member);
  if (!encodeOf(inFile).equals(value)) await files.replace(acquaintancesFile, value);
  const restored = member.revision > 0 && (inFile === undefined || inTable === undefined);
  return { births, operation: { type: "put", key: acquaintancesKey, value }, restored };
}

/**
 * Whether the file has it, so that the table can go; if it has not, it is written from the table,
 * if that is open and has it. A member of an older release knows of nobody.
 */
export async function keepAcquaintances(
  files: Files,
  table: Table | undefined,
  { revision }: Member,
): Promise<boolean> {
  if (revision === 0) return true;
  if ((await readPlace(() => readChecked(files, acquaintancesFile))) !== undefined) return true;
  const inTable = table && (await readPlace(async () => readTable(table)));
  if (inTable === undefined) return false;
  await files.replace(acquaintancesFile, encodeOf(inTable));
  return true;
}

/** As it lies in both places. */
export function encodeBirths(births: Births, { identity }: Pick<Member, "identity">): Buffer {
  return encodeOf({ incarnation: identity.incarnation, births: [...births] });
}

/** What the file says, empty without one. */
export async function readBirths(files: Files, member: Member): Promise<Births> {
  const stored = await readPlace(() => readChecked(files, acquaintancesFile));
  return new Map(bornIn(stored, member));
}

/** Whether somebody has been met, as far as the file says. */
export async function hasMet(files: Files): Promise<boolean> {
  const stored = await readPlace(() => readChecked(files, acquaintancesFile));
  return stored !== undefined && stored.births.length > 0;
}

interface Stored {
  readonly incarnation: number;
  readonly births: readonly (readonly [NodeId, string])[];
}

/** Undefined if it is gone, damaged, or intact and something else. */
async function readPlace(read: () => Promise<unknown>): Promise<Stored | undefined> {
  try {
    const stored = (await read()) as Partial<Stored> | undefined;
    const isRight = stored?.incarnation !== undefined && Array.isArray(stored.births);
    return isRight ? (stored as Stored) : undefined;
  } catch (error) {
    if (error instanceof StorageError && error.code === "CORRUPT") return undefined;
    throw error;
  }
}

function readTable(table: Table): unknown {
  const value = table.get(acquaintancesKey);
  return value && decodeChecked(value, "the table's note of other members");
}

function bornIn(stored: Stored | undefined, { identity, forced }: Member): Stored["births"] {
  if (stored === undefined) return [];
  if (stored.incarnation === identity.incarnation) return stored.births;
  const kept = forced === undefined ? [] : membersOf(forced.configuration);
  return stored.births.filter(([node]) => kept.includes(node));
}

function encodeOf(stored: Stored | undefined): Buffer {
  return stored === undefined ? Buffer.alloc(0) : encodeChecked(stored);
}

function lost(): StorageError {
  const what = `what this member knows of the others is lost (${acquaintancesFile})`;
  const why = "it could not tell a wiped member from a new one";
  return new StorageError("CORRUPT", `${what}: ${why}`, { repairable: false });
}
