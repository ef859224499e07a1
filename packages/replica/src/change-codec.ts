import type { Change, Stat, Transaction } from "@meridian/tree";
import {
  ChangeKind,
  type Encodable,
  type IChange,
  type IStat,
  type ITransaction,
} from "@meridian/wire";
import { modeNumber, modeOf } from "./modes.ts";

const kinds = {
  created: ChangeKind.CREATED,
  changed: ChangeKind.CHANGED,
  deleted: ChangeKind.DELETED,
} as const;

/** A Stat as sent. */
export function encodeStat(stat: Stat): Encodable<IStat> {
  if (isPlain(stat)) return stat;
  const vector = [...(stat.vector ?? [])].map(([region, counter]) => ({ region, counter }));
  return { ...stat, vector };
}

/** Fields of others have the same names and meanings on both sides. */
function isPlain(stat: Stat): stat is Stat & { readonly vector?: undefined } {
  return stat.vector === undefined;
}

/** A Stat as received. Written out: a million of them are read when a large tree is restored. */
export function decodeStat(stat: IStat): Stat {
  const known = {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    pzxid: stat.pzxid,
    ctimeMs: stat.ctimeMs,
    mtimeMs: stat.mtimeMs,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: stat.ephemeralOwner,
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
  const { origin, vector } = stat;
  if (origin === "") return known;
  return {
    ...known,
    origin,
    vector: new Map(vector.map(({ region, counter }) => [region, counter])),
  };
}

/** A change as sent and stored. */
export function encodeChange(change: Change): Encodable<IChange> {
  return {
    kind: kinds[change.kind],
    path: change.path,
    data: change.data,
    stat: encodeStat(change.stat),
    stamp: change.stamp,
    mode: modeNumber(change.mode),
    ttlMs: change.ttlMs,
  };
}

/**
 * A change as received. @throws {Error} when a newer version sent something that this one does not
 * know.
 */
export function decodeChange(change: IChange): Change {
  const { path, data, stat, stamp, ttlMs } = change;
  const mode = modeOf(change.mode);
  const kind = kindOf(change.kind);
  if (stat === undefined || mode === undefined || kind === undefined) {
    throw new Error(`a change of ${path} has parts that this version does not know`);
  }
  const known = { kind, path, data, stat: decodeStat(stat), mode, ttlMs };
  return stamp === undefined ? known : { ...known, stamp };
}

function kindOf(number: number): Change["kind"] | undefined {
  if (number === ChangeKind.CREATED) return "created";
  if (number === ChangeKind.CHANGED) return "changed";
  return number === ChangeKind.DELETED ? "deleted" : undefined;
}

/** A transaction as sent and stored. */
export function encodeTransaction(transaction: Transaction): Encodable<ITransaction> {
  const { index, origin, incarnation, timeMs, changes } = transaction;
  return { index, origin, incarnation, timeMs, changes: changes.map(encodeChange) };
}

/** A transaction as received. */
export function decodeTransaction(transaction: ITransaction): Transaction {
  const { index, origin, incarnation, timeMs, changes } = transaction;
  return { index, origin, incarnation, timeMs, changes: changes.map(decodeChange) };
}
