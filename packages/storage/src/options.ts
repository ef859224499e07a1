import type { ConfigurationCodec } from "./snapshot-description.ts";
import type { Identity } from "./storage.ts";

/** How a member's storage is opened, whatever it lies on. */
export interface StorageOptions {
  readonly identity: Identity;
  readonly codec: ConfigurationCodec;
  /**
   * A place where nothing is becomes a new member. Without it, that is MISSING: a member that lost
   * its disk must not come back as if it had never promised anything. Default false.
   */
  readonly create?: boolean;
  /** Makes the birth of a new member; random by default. */
  readonly birth?: () => string;
  /**
   * Keeps the log and no state: compaction needs no snapshot, and a snapshot mark no records.
   * Default false.
   */
  readonly witness?: boolean;
  /** Newest entries kept in memory, in bytes; default 4 MiB. */
  readonly cacheBytesMax?: number;
  /** Called now and then while the log is checked on opening. */
  readonly onProgress?: (progress: OpenProgress) => void;
  /** Called for what is worth a line in the log. */
  readonly onNotice?: (notice: StorageNotice) => void;
}

/** How far the check of the log has come. */
export interface OpenProgress {
  readonly checkedIndex: number;
  readonly lastIndex: number;
}

/** What happened on opening that was not in the way. */
export type StorageNotice =
  /** Leftovers of a snapshot that was not finished or not adopted were deleted. */
  | { readonly kind: "snapshot-leftover"; readonly file: string }
  /** Entries that a crash kept from being deleted were deleted. */
  | { readonly kind: "log-leftover"; readonly beforeIndex: number }
  /**
   * Bytes at `at` of the engine's journal are no intact records, and it drops them. Torn: nothing
   * intact follows, as a crash in the middle of a write leaves it; nobody was told that this write
   * was durable. Whether anything is missing that was, the checks of the log and the watermark
   * decide.
   */
  | {
      readonly kind: "journal-dropped";
      readonly file: string;
      readonly at: number;
      readonly bytes: number;
      readonly torn: boolean;
    }
  /** One of the two files with the promises was damaged or gone, and is written anew. */
  | { readonly kind: "member-restored" }
  /** What this member knows of the others was damaged in one place and taken from the other. */
  | { readonly kind: "acquaintances-restored" }
  /** The disk is nearly full: the space kept in reserve was freed, and writes are refused. */
  | { readonly kind: "reserve-freed" };
