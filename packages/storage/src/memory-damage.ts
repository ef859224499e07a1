import type { Random } from "@meridian/consensus";
import { acquaintancesFile } from "./acquaintances.ts";
import { acquaintancesKey, identityKey, snapshotKey, stateKey } from "./keys.ts";
import { memberCopyFile, memberFile } from "./member.ts";
import { snapshotFilePrefix } from "./snapshot-file.ts";
import { watermarkFile } from "./watermark.ts";

/** How a crash comes. */
export interface Crash {
  /** Chance that a write which was not synced is there afterwards; 1 when only the process dies. */
  readonly keepUnsynced: number;
  readonly random: Random;
}

/** What a crash did; for counting what was exercised. */
export interface CrashOutcome {
  /** Batches of the table that were not acknowledged and are gone. */
  readonly batchesLost: number;
  /** The first of them had been written in part: a torn tail. */
  readonly torn: boolean;
  /** Files that lost something that was not synced. */
  readonly filesLost: readonly string[];
  /** Of these the ones of which a write is there in part. */
  readonly filesTorn: readonly string[];
}

/** The kinds of things on a disk that can be damaged apart. */
export type DiskPart =
  /** A log record. */
  | "log"
  /** The state record. */
  | "state"
  /** Who the table belongs to. */
  | "identity"
  /** What the current snapshot must be. */
  | "description"
  /** A snapshot file. */
  | "snapshot"
  /** The member file, or its copy. */
  | "member"
  | "watermark"
  /** What is known of other members, in the table and in its file. */
  | "births"
  | "acquaintances";

/** Which part a record of the table is, by its key in Latin-1. */
export function partOfRecord(key: string): DiskPart {
  return recordParts.get(key) ?? "log";
}

/** Which part a file is, by its name. */
export function partOfFile(name: string): DiskPart {
  if (name.startsWith(snapshotFilePrefix)) return "snapshot";
  return fileParts.get(name) ?? "member";
}

const recordParts: ReadonlyMap<string, DiskPart> = new Map([
  [identityKey.toString("latin1"), "identity"],
  [stateKey.toString("latin1"), "state"],
  [snapshotKey.toString("latin1"), "description"],
  [acquaintancesKey.toString("latin1"), "births"],
]);
const fileParts: ReadonlyMap<string, DiskPart> = new Map([
  [memberFile, "member"],
  [memberCopyFile, "member"],
  [watermarkFile, "watermark"],
  [acquaintancesFile, "acquaintances"],
]);
