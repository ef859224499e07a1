import type { Entry, HardState, Log, SnapshotMark } from "@meridian/consensus";

/** Whose data a directory holds; fixed when it is created. */
export interface Identity {
  readonly cluster: string;
  readonly node: string;
  readonly incarnation: number;
}

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
  /** Synchronous reads of what is durable. */
  readonly log: Log;
  /** As last written; term 0 for a new member. */
  hardState(): HardState;
  /** @throws {StorageError} IO, FULL. */
  write(write: Write): Promise<void>;
  /**
   * Stores a snapshot of the own state and makes it the current one; older ones go. `mark.index`
   * must not exceed `log.lastIndex()`. The log is left alone: see `compact`.
   */
  saveSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void>;
  /**
   * Stores a snapshot that came from the leader beside the current one, until `write({ reset })`
   * adopts it.
   */
  stageSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void>;
  /**
   * Records of the current snapshot, checked against its digest. @throws {StorageError} CORRUPT,
   * NO_SNAPSHOT.
   */
  readSnapshot(): SnapshotRecords;
  /**
   * Drops entries up to and including `index`, at most up to the current snapshot's (witnesses:
   * any).
   */
  compact(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Snapshot records in order, in batches of about 256 KiB. */
export type SnapshotRecords = AsyncIterable<readonly Uint8Array[]>;

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
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(`[${code}] ${message}`, options);
    this.code = code;
  }
}
