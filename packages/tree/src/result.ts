import type { Transaction } from "./change.ts";
import type { Stat } from "./stat.ts";

/** Codes that the tree itself gives; a subset of the platform's error codes. */
export type TreeErrorCode =
  | "NO_NODE"
  | "NODE_EXISTS"
  | "BAD_VERSION"
  | "NOT_EMPTY"
  | "NO_CHILDREN_FOR_EPHEMERALS"
  | "BAD_PATH"
  | "BAD_ARGUMENTS"
  | "TOO_LARGE"
  | "QUOTA_EXCEEDED"
  | "SESSION_EXPIRED"
  | "SESSION_MOVED"
  | "MOVED"
  | "UNSUPPORTED"
  | "UNKNOWN";

/**
 * What became of one part of a multi. Of a multi that failed one part `failed`; those before it
 * were done and taken back, those behind it were not tried.
 */
export type PartOutcome = "done" | "undone" | "failed" | "untried";

/** Result of one part of a multi. `code` is set on the part that failed, "" on the others. */
export interface PartResult {
  readonly path: string;
  readonly stat: Stat | undefined;
  readonly code: TreeErrorCode | "";
  readonly outcome: PartOutcome;
}

/** Outcome of a command, deterministic, remembered for repetition. */
export type Result =
  /** create, set: path as made and Stat after. */
  | { readonly kind: "node"; readonly path: string; readonly stat: Stat }
  | { readonly kind: "done" }
  | { readonly kind: "multi"; readonly parts: readonly PartResult[] }
  | {
      readonly kind: "failed";
      readonly code: TreeErrorCode;
      readonly message: string;
      /** MOVED: owning cluster. */
      readonly hint: string;
      /** Failed multi: outcome part by part. */
      readonly parts: readonly PartResult[];
    };

/** Who holds a session from some entry on. */
export interface Attached {
  readonly session: number;
  /** As its client counts streams; 0: it does not. */
  readonly attachment: number;
  /** Of the server of that stream. 0: a write told of it, which came by that stream. */
  readonly ticket: number;
}

/** What applying one entry did. */
export interface Applied {
  readonly result: Result;
  /** Log index of the first application: lower than the entry's when it repeats a command. */
  readonly index: number;
  /** Changes to deliver to watches and change streams, in order; empty when nothing changed. */
  readonly transactions: readonly Transaction[];
  /** Sessions that ended with this entry. */
  readonly endedSessions: readonly number[];
  /** The session was opened by this very entry, not found open. */
  readonly isOpened?: true;
  /** Another stream holds a session from this entry on. */
  readonly attached?: Attached;
}
