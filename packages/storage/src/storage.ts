import type {
  Configuration,
  Entry,
  HardState,
  Log,
  NodeId,
  SnapshotMark,
} from "@meridian/consensus";
import type { PackedRecords } from "./packed-records.ts";

/** Whose data a directory holds; fixed when it is created. */
export interface Identity {
  readonly cluster: string;
  readonly node: string;
  readonly incarnation: number;
}

/** A configuration put in force by hand, over everything that the log says up to `index`. */
export interface ForcedConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}

/** What the member file says beside term and vote. */
export interface MemberRecord {
  /** Random; made with the member. One under the same name on an emptied disk has another one. */
  readonly birth: string;
  /** The others know this member: it may take part. A new one is not. See `admit`. */
  readonly admitted: boolean;
  /** Part of what this member acknowledged is lost: its storage was rebuilt. See `recovered`. */
  readonly recovering: boolean;
  /** Until it is in the log and committed. See `settleForced`. */
  readonly forced: ForcedConfiguration | undefined;
}

/** What is known of the birth of another member that was met: nothing before, this one, another. */
export type Acquaintance = "new" | "same" | "other";

/** One durable write. */
export interface Write {
  readonly hardState: HardState | undefined;
  /** Appended; stored entries at or after the first one's index are replaced. */
  readonly entries: readonly Entry[];
  /**
   * The staged snapshot of this mark becomes the current one (a witness has none staged: only the
   * mark counts) and the log is emptied to begin after it, in one atomic step, before `entries`.
   */
  readonly reset: SnapshotMark | undefined;
}

/**
 * What one member keeps: hard state, log, newest snapshot. Writes are called one at a time and
 * resolve when durable (fsync). A rejected write leaves the outcome open: the process must stop and
 * start again.
 */
export interface Storage {
  readonly identity: Identity;
  /** As last written. */
  readonly member: MemberRecord;
  /** Births of the other members that ever met this one, by name; not a copy. */
  readonly acquaintances: ReadonlyMap<NodeId, string>;
  /** Synchronous reads of what is durable. */
  readonly log: Log;
  /** As last written; term 0 for a new member. */
  hardState(): HardState;
  /**
   * @throws {StorageError} FULL, retryable, when too little space is left for entries; votes are
   * still taken. Any other one ends the storage: all that follows fails with it.
   */
  write(write: Write): Promise<void>;
  /**
   * Stores a snapshot of the own state and makes it the current one; older ones go. `mark.index`
   * must not exceed `log.lastIndex()`. The log is left alone: see `compact`. What `records` fails
   * with leaves everything as it was, as does FULL.
   */
  saveSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void>;
  /**
   * Stores a snapshot that came from the leader beside the current one, until `write({ reset })`
   * adopts it. Of those staged the last two are kept: one that comes late takes no newer one's
   * place.
   */
  stageSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void>;
  /**
   * Records of the current snapshot, checked against its digest, in pieces of about 256 KiB.
   * @throws {StorageError} CORRUPT, NO_SNAPSHOT.
   */
  readSnapshot(): AsyncIterable<PackedRecords>;
  /**
   * Drops entries up to and including `index`, at most up to the current snapshot's (witnesses:
   * any).
   */
  compact(index: number): Promise<void>;
  /** The others know this member. Durable when it resolves, as are the next three. */
  admit(): Promise<void>;
  /**
   * The member holds everything again that it can ever have acknowledged. What a rebuild set aside
   * is deleted.
   */
  recovered(): Promise<void>;
  /** The forced configuration is in the log and committed. */
  settleForced(): Promise<void>;
  /**
   * Notes the birth of another member unless one is known.
   * @throws {StorageError} FULL when more are known than a cluster ever has members.
   */
  acquaint(node: NodeId, birth: string): Promise<Acquaintance>;
  close(): Promise<void>;
}

/** Snapshot records in order, in batches of up to about 256 KiB. */
export type SnapshotRecords = AsyncIterable<readonly Uint8Array[] | PackedRecords>;

/** API; messages are not. */
export type StorageErrorCode =
  | "IO"
  | "FULL"
  | "CORRUPT"
  | "IN_USE"
  | "NO_SNAPSHOT"
  | "WRONG_IDENTITY"
  | "MISSING";

/** Why storage could not do what was asked. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;
  /**
   * Whether the member can be rebuilt, empty but with its promises: something other than the member
   * file is CORRUPT or MISSING. True exactly when `rebuild…Storage` would do it.
   */
  readonly repairable: boolean;
  /**
   * Whether the same may be asked again of the same storage: it was FULL and nothing was begun.
   * After any other failure of a write the storage must be closed, as nobody knows what the disk
   * holds.
   */
  readonly retryable: boolean;

  constructor(code: StorageErrorCode, message: string, options: StorageErrorOptions = {}) {
    const { repairable, retryable, ...rest } = options;
    super(`[${code}] ${message}`, rest);
    this.code = code;
    this.repairable = repairable ?? (code === "CORRUPT" || code === "MISSING");
    this.retryable = retryable ?? false;
  }
}

/** What is known of a failure beside its code. */
export interface StorageErrorOptions extends ErrorOptions {
  /** By default true of CORRUPT and MISSING. */
  readonly repairable?: boolean;
  /** Default false. */
  readonly retryable?: boolean;
}

/** The same failure, of which nothing can be repaired. */
export function asUnrepairable(error: StorageError): StorageError {
  const message = error.message.slice(`[${error.code}] `.length);
  return new StorageError(error.code, message, { cause: error, repairable: false });
}
