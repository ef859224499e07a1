import type { RecoveredAcquaintances } from "./acquaintances.ts";
import { recoverAcquaintances } from "./acquaintances.ts";
import { decodeChecked } from "./checked-lines.ts";
import {
  generationMax,
  identityKey,
  parseRecordKey,
  recordKey,
  snapshotKey,
  stateKey,
} from "./keys.ts";
import type { Medium, Table, TableRecord } from "./medium.ts";
import type { Member } from "./member.ts";
import { identityDifference } from "./member.ts";
import type { StorageOptions } from "./options.ts";
import { carriedState } from "./record.ts";
import { damagedPlace } from "./retirement.ts";
import type { SnapshotDescription } from "./snapshot-description.ts";
import { decodeDescription } from "./snapshot-description.ts";
import { snapshotFilePrefix } from "./snapshot-file.ts";
import type { DurableState } from "./state.ts";
import { decodeState } from "./state.ts";
import { StorageError } from "./storage.ts";
import { StoredLog } from "./stored-log.ts";
import type { Mark } from "./watermark.ts";

/** What was found on the disk and holds together. */
export interface Recovered {
  readonly state: DurableState;
  readonly log: StoredLog;
  readonly snapshot: SnapshotDescription | undefined;
  readonly acquaintances: RecoveredAcquaintances;
}

/**
 * The newest state: the state record or, if newer, what the last log record carries. Undefined if
 * the table is empty. @throws {StorageError} CORRUPT.
 */
export async function readState(table: Table): Promise<DurableState | undefined> {
  const value = table.get(stateKey);
  const last = await table.last(recordKey(0, 0), recordKey(generationMax, 0));
  if (value === undefined && last !== undefined) {
    throw new StorageError("CORRUPT", "the state record of the table is gone");
  }
  if (value === undefined) return undefined;
  const recorded = decodeState(value);
  if (last === undefined) return recorded;
  const carried = readCarriedState(last);
  return carried.sequence > recorded.sequence ? carried : recorded;
}

function readCarriedState([key, value]: TableRecord): DurableState {
  const at = parseRecordKey(key);
  if (at === undefined) throw strayRecord();
  const { chain, state } = carriedState(at.index, value);
  const decoded = decodeState(state);
  return { ...decoded, log: { ...decoded.log, lastChain: chain } };
}

/**
 * Reads and checks everything, and deletes what crashes left lying about.
 * @throws {StorageError} CORRUPT, MISSING, WRONG_IDENTITY.
 */
export async function recover(
  medium: Medium,
  table: Table,
  member: Member,
  mark: Mark | undefined,
  options: StorageOptions,
): Promise<Recovered> {
  const state = await readState(table);
  if (state === undefined) {
    throw new StorageError("MISSING", "the table is empty, but the member is not new");
  }
  checkIdentity(table, member);
  checkMember(state, member);
  checkWatermark(state, member, mark);
  const acquaintances = await recoverAcquaintances(medium.files, table, member);
  if (acquaintances.restored) options.onNotice?.({ kind: "acquaintances-restored" });
  const log = await readLog(table, state, options);
  const snapshot = await readSnapshot(medium, table, state, options);
  if (options.witness !== true) checkCovered(state, snapshot);
  log.setSnapshot(snapshot?.mark);
  await deleteLeftovers(medium, table, state, snapshot, options);
  if (!member.recovering) await medium.files.discard(damagedPlace);
  return { state: { ...state, log: log.extent }, log, snapshot, acquaintances };
}

function checkIdentity(table: Table, { identity, refoundedFrom }: Member): void {
  const value = table.get(identityKey);
  if (value === undefined) throw new StorageError("CORRUPT", "the table does not say whose it is");
  const stored = parseIdentity(value);
  const difference = identityDifference(stored, identity);
  if (difference === undefined) return;
  const before = { ...identity, incarnation: refoundedFrom ?? identity.incarnation };
  if (identityDifference(stored, before) === undefined) return;
  throw new StorageError("WRONG_IDENTITY", `the table is another member's: ${difference}`);
}

function parseIdentity(value: Buffer): Member["identity"] {
  const what = "the table's note of whose it is";
  try {
    // Older releases wrote no checksum, and no second line for it.
    const isChecked = value.includes("\n");
    const identity = isChecked ? decodeChecked(value, what) : JSON.parse(value.toString());
    return identity as Member["identity"];
  } catch (cause) {
    throw new StorageError("CORRUPT", `${what} cannot be read`, { cause });
  }
}

/**
 * The member file is written first: it may be ahead of the table, never behind. One that is behind
 * is an old one that came back, and has forgotten promises.
 */
function checkMember(state: DurableState, member: Member): void {
  if (state.memberRevision > member.revision) throw oldMember(state.memberRevision, member);
  const sameTerm = state.term === member.term;
  if (state.term < member.term) return;
  if (sameTerm && (state.vote === undefined || state.vote === member.vote)) return;
  const stored = `term ${state.term}, vote ${state.vote ?? "none"}`;
  const promised = `term ${member.term}, vote ${member.vote ?? "none"}`;
  const what = `the member file says ${promised}, the table ${stored}`;
  throw new StorageError("CORRUPT", what, { repairable: false });
}

/** Table or watermark know of a newer version of the member file. */
export function oldMember(known: number, { revision }: Member): StorageError {
  const what = `the member file is an old one: it has revision ${revision}, not ${known}`;
  return new StorageError("CORRUPT", what, { repairable: false });
}

function checkWatermark(state: DurableState, member: Member, mark: Mark | undefined): void {
  if (mark === undefined) throw new StorageError("MISSING", "the watermark file is gone");
  if (mark.memberRevision > member.revision) throw oldMember(mark.memberRevision, member);
  const { lastIndex, lastChain } = state.log;
  const atMark =
    state.sequence === mark.sequence &&
    lastIndex === mark.lastIndex &&
    lastChain === mark.lastChain;
  if ((state.sequence > mark.sequence || atMark) && state.sequence >= member.sequence) return;
  const durable = Math.max(mark.sequence, member.sequence);
  throw new StorageError(
    "CORRUPT",
    `acknowledged writes are gone: the table ends with write ${state.sequence} at index ` +
      `${lastIndex}, but write ${durable} was durable`,
  );
}

async function readLog(
  table: Table,
  state: DurableState,
  { cacheBytesMax, onProgress }: StorageOptions,
): Promise<StoredLog> {
  const { generation, recordsFrom, lastIndex, lastChain } = state.log;
  const log = new StoredLog(table, state.log, cacheBytesMax ?? cacheBytesDefault);
  const end = recordKey(generationMax, 0);
  for await (const batch of table.scan(recordKey(generation, recordsFrom), end)) {
    for (const [key, value] of batch) {
      const at = parseRecordKey(key);
      if (at === undefined || at.generation !== generation || at.index > lastIndex) {
        throw strayRecord();
      }
      log.load(at.index, value);
    }
    onProgress?.({ checkedIndex: log.lastIndex(), lastIndex });
  }
  if (log.extent.lastIndex !== lastIndex || log.extent.lastChain !== lastChain) {
    const found = `the log ends at index ${log.extent.lastIndex}`;
    throw new StorageError("CORRUPT", `${found}, but it was written up to ${lastIndex}`);
  }
  return log;
}

async function readSnapshot(
  { files }: Medium,
  table: Table,
  { snapshotChecksum }: DurableState,
  { codec }: StorageOptions,
): Promise<SnapshotDescription | undefined> {
  if (snapshotChecksum === undefined) return undefined;
  const snapshot = decodeDescription(table.get(snapshotKey), snapshotChecksum, codec);
  if (snapshot.file === undefined) return snapshot;
  const { name, bytes } = snapshot.file;
  const file = await files.open(name);
  if (file === undefined) throw new StorageError("MISSING", `the snapshot file ${name} is gone`);
  try {
    const size = await file.size();
    if (size === bytes) return snapshot;
    throw new StorageError("CORRUPT", `${name} has ${size} bytes instead of ${bytes}`);
  } finally {
    await file.close();
  }
}

/** What is no longer in the log must be in the snapshot. */
function checkCovered({ log }: DurableState, snapshot: SnapshotDescription | undefined): void {
  const covered = snapshot?.file === undefined ? 0 : snapshot.mark.index;
  if (covered >= log.firstIndex - 1) return;
  throw new StorageError(
    "MISSING",
    `the log begins at index ${log.firstIndex}, and no snapshot holds what is before: ` +
      "this can only be a witness's",
  );
}

async function deleteLeftovers(
  { files }: Medium,
  table: Table,
  { log }: DurableState,
  snapshot: SnapshotDescription | undefined,
  { onNotice }: StorageOptions,
): Promise<void> {
  for (const name of await files.list()) {
    if (!name.startsWith(snapshotFilePrefix) || name === snapshot?.file?.name) continue;
    await files.remove(name);
    onNotice?.({ kind: "snapshot-leftover", file: name });
  }
  const from = recordKey(0, 0);
  const to = recordKey(log.generation, log.recordsFrom);
  for await (const batch of table.scan(from, to)) {
    if (batch.length === 0) continue;
    await table.clear(from, to);
    onNotice?.({ kind: "log-leftover", beforeIndex: log.recordsFrom });
    return;
  }
}

function strayRecord(): StorageError {
  return new StorageError("CORRUPT", "the table holds a record that belongs nowhere");
}

const cacheBytesDefault = 4 * 1024 * 1024;
