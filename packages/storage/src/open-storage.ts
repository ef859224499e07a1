import { DurableStorage } from "./durable-storage.ts";
import { identityKey, stateKey } from "./keys.ts";
import type { Medium, Table } from "./medium.ts";
import type { Member } from "./member.ts";
import { identityDifference, memberFile, readMember, writeMember } from "./member.ts";
import type { StorageOptions } from "./options.ts";
import { readState, recover } from "./recovery.ts";
import type { DurableState } from "./state.ts";
import { emptyExtent, encodeState } from "./state.ts";
import type { Storage } from "./storage.ts";
import { StorageError } from "./storage.ts";
import { readWatermark, Watermark } from "./watermark.ts";

/**
 * Opens or makes a member's storage on a medium.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export async function openStorage(medium: Medium, options: StorageOptions): Promise<Storage> {
  const found = await readMember(medium.files);
  if (found === undefined) await checkNew(medium);
  else checkIdentity(found, options);
  const table = await medium.openTable(found === undefined && options.create === true);
  try {
    const member = found ?? (await makeMember(medium, table, options));
    return await openTable(medium, table, member, options);
  } catch (error) {
    await table.close();
    await medium.release();
    throw error;
  }
}

const firstSequence = 1;

const firstState: DurableState = {
  sequence: firstSequence,
  log: emptyExtent(0, 0, 0),
  commitIndex: 0,
  term: 0,
  vote: undefined,
  snapshotChecksum: undefined,
};

async function openTable(
  medium: Medium,
  table: Table,
  member: Member,
  options: StorageOptions,
): Promise<Storage> {
  const mark = await readWatermark(medium.files);
  const recovered = await recover(medium, table, member, mark, options);
  return await DurableStorage.begin(medium, table, member, recovered, options);
}

/**
 * Table, watermark, member file, in this order: a crash in between leaves a member that has never
 * promised anything, and that may be made once more.
 */
async function makeMember(
  medium: Medium,
  table: Table,
  { identity, witness, create }: StorageOptions,
): Promise<Member> {
  const left = await readState(table);
  if (left !== undefined && left.sequence > firstSequence) throw memberFileGone();
  if (create !== true) throw new StorageError("MISSING", "no member was ever made here");
  const operations = [
    { type: "put", key: identityKey, value: Buffer.from(JSON.stringify(identity)) },
    { type: "put", key: stateKey, value: encodeState(firstState) },
  ] as const;
  await table.batch(operations);
  const watermark = await Watermark.begin(medium.files, firstState);
  await watermark.close();
  const member: Member = { identity, witness: witness === true, term: 0, vote: undefined };
  await writeMember(medium.files, member);
  return member;
}

/** The watermark outlives a table that is gone together with the member file. */
async function checkNew({ files }: Medium): Promise<void> {
  const mark = await readWatermark(files);
  if (mark !== undefined && mark.sequence > firstSequence) throw memberFileGone();
}

function checkIdentity(member: Member, { identity, witness }: StorageOptions): void {
  const difference = identityDifference(member.identity, identity);
  if (difference !== undefined) throw new StorageError("WRONG_IDENTITY", difference);
  if (member.witness === (witness === true)) return;
  const kind = member.witness ? "a witness" : "a full member";
  throw new StorageError("WRONG_IDENTITY", `it was made as ${kind}`);
}

function memberFileGone(): StorageError {
  const what = `${memberFile} is gone, but the member is not new`;
  return new StorageError("MISSING", `${what}: it may have voted, and must not start empty`);
}
