import { randomUUID } from "node:crypto";
import type { Births } from "./acquaintances.ts";
import { acquaintancesFile, encodeBirths, hasMet, keepAcquaintances } from "./acquaintances.ts";
import { encodeChecked } from "./checked-lines.ts";
import { DurableStorage } from "./durable-storage.ts";
import { acquaintancesKey, identityKey, stateKey } from "./keys.ts";
import type { Medium, Table } from "./medium.ts";
import type { FoundMember, Member } from "./member.ts";
import { checkIdentity, firstMember, memberFile, writeMember } from "./member.ts";
import type { StorageOptions } from "./options.ts";
import type { Recovered } from "./recovery.ts";
import { oldMember, readState, recover } from "./recovery.ts";
import { findMember } from "./retirement.ts";
import { snapshotFilePrefix } from "./snapshot-file.ts";
import type { DurableState } from "./state.ts";
import { emptyExtent, encodeState } from "./state.ts";
import { asUnrepairable, StorageError } from "./storage.ts";
import { readWatermark, Watermark } from "./watermark.ts";

/**
 * Opens or makes a member's storage on a medium.
 * @throws {StorageError} IN_USE, WRONG_IDENTITY, MISSING, CORRUPT, FULL, IO.
 */
export async function openStorage(
  medium: Medium,
  options: StorageOptions,
): Promise<DurableStorage> {
  const found = await findMember(medium, options);
  const before = found?.member;
  if (before !== undefined) checkIdentity(before, options);
  let table: Table | undefined;
  try {
    if (before === undefined) await checkNew(medium);
    table = await medium.openTable(before === undefined && options.create === true);
    const member = before ?? (await makeMember(medium, table, options));
    const mark = await readWatermark(medium.files);
    const recovered = await recover(medium, table, member, mark, options);
    const current = found === undefined ? member : await mend(medium, found, recovered, options);
    return await DurableStorage.begin(medium, table, current, recovered, options);
  } catch (error) {
    const judged = await judge(medium, table, before, error);
    await table?.close();
    if (table !== undefined) await medium.release();
    throw judged;
  }
}

/**
 * Fills an empty table for a member that holds nothing. The watermark comes after it: a table
 * without one is not believed.
 */
export async function furnish(
  { files }: Medium,
  table: Table,
  member: Member,
  sequence: number,
  births: Births,
): Promise<void> {
  const { identity, term, vote, revision } = member;
  const state: DurableState = {
    sequence,
    log: emptyExtent(0, 0, 0),
    commitIndex: 0,
    term,
    vote,
    memberRevision: revision,
    snapshotChecksum: undefined,
  };
  const acquaintances = encodeBirths(births, member);
  await table.batch([
    { type: "put", key: identityKey, value: encodeChecked(identity) },
    { type: "put", key: acquaintancesKey, value: acquaintances },
    { type: "put", key: stateKey, value: encodeState(state) },
  ]);
  await files.replace(acquaintancesFile, acquaintances);
  const watermark = await Watermark.begin(files, state);
  await watermark.close();
}

/** Sequence of the first batch of a member that has never promised anything. */
export const firstSequence = 1;

/**
 * The member file comes last: a crash before leaves a member that has never promised anything, and
 * that may be made once more.
 */
async function makeMember(
  medium: Medium,
  table: Table,
  { identity, codec, witness, create, birth = randomUUID }: StorageOptions,
): Promise<Member> {
  const left = await readState(table);
  if (left !== undefined && left.sequence > firstSequence) throw memberFileGone();
  if (create !== true) throw new StorageError("MISSING", "no member was ever made here");
  const member = firstMember(identity, witness === true, birth());
  await furnish(medium, table, member, firstSequence, new Map());
  await writeMember(medium.files, codec, member);
  return member;
}

/**
 * What a crash, damage or an older release left of the member's files is made good: both say the
 * same afterwards.
 */
async function mend(
  { files }: Medium,
  { member, differ, restored }: FoundMember,
  { state }: Recovered,
  { codec, onNotice }: StorageOptions,
): Promise<Member> {
  if (!differ) return member;
  const first = { revision: 1, sequence: state.sequence };
  const mended = member.revision > 0 ? member : { ...member, ...first };
  await writeMember(files, codec, mended);
  if (restored) onNotice?.({ kind: "member-restored" });
  return mended;
}

/** What a member leaves of itself outlives a table that is gone together with the member file. */
async function checkNew({ files }: Medium): Promise<void> {
  const mark = await readWatermark(files);
  if (mark !== undefined && mark.sequence > firstSequence) throw memberFileGone();
  const names = await files.list();
  if (names.some((name) => name.startsWith(snapshotFilePrefix))) throw memberFileGone();
  if (await hasMet(files)) throw memberFileGone();
}

/**
 * Whether it can be repaired: not without a member file, not with an old one, and not if what was
 * to be kept of the rest cannot be.
 */
async function judge(
  { files }: Medium,
  table: Table | undefined,
  found: Member | undefined,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof StorageError) || !error.repairable) return error;
  const mark = await readWatermark(files).catch(() => undefined);
  if (found !== undefined && mark !== undefined && mark.memberRevision > found.revision) {
    return oldMember(mark.memberRevision, found);
  }
  if (found !== undefined && (await keepAcquaintances(files, table, found))) return error;
  return asUnrepairable(error);
}

function memberFileGone(): StorageError {
  const what = `${memberFile} is gone, but the member is not new`;
  const why = "it may have voted, and must not start empty";
  return new StorageError("MISSING", `${what}: ${why}`, { repairable: false });
}
