import type { Change, Transaction } from "./change.ts";
import type { CreateMode } from "./stat.ts";

/**
 * One committed command. Everything that decides its outcome is in it or in the tree: no clock, no
 * chance. The tree keeps its data and must not see it changed.
 */
export interface Command {
  /** Session that issued it; 0: none. */
  readonly session: number;
  /** Number of the write in its session, from 1; 0: none, no protection against repetition. */
  readonly sequence: number;
  /** The client has received all answers up to this number; their records are dropped. */
  readonly acknowledged: number;
  /**
   * Attachment of the session that it came by: void once the session has had a higher one. Default
   * 0: not counted.
   */
  readonly attachment?: number;
  /** Wall clock of the server that took it. Feeds ctime, mtime and the hybrid logical clock. */
  readonly timeMs: number;
  readonly operation: Operation;
}

/** A write of one node, alone or in a multi. `version` -1 matches any. */
export type NodeOperation =
  | {
      readonly kind: "create";
      readonly path: string;
      readonly data: Uint8Array;
      readonly mode: CreateMode;
      readonly ttlMs: number;
      /** Makes missing ancestors, persistent and empty, in the same transaction. */
      readonly parents: boolean;
    }
  | {
      readonly kind: "set";
      readonly path: string;
      readonly data: Uint8Array;
      readonly version: number;
    }
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number };

/** What a command does. */
export type Operation =
  | Exclude<NodeOperation, { kind: "check" }>
  | { readonly kind: "multi"; readonly operations: readonly NodeOperation[] }
  | {
      readonly kind: "open-session";
      readonly session: number;
      readonly secret: Uint8Array;
      readonly timeoutMs: number;
    }
  /** Another stream holds a session from now on; void when it has had a higher attachment. */
  | {
      readonly kind: "attach-session";
      readonly session: number;
      /** 0: its client does not count. */
      readonly attachment: number;
      readonly ticket: number;
    }
  | { readonly kind: "close-session"; readonly session: number }
  /** Void unless the entry's term is `term`: a deposed leader expires nobody. */
  | {
      readonly kind: "expire-sessions";
      readonly sessions: readonly number[];
      readonly term: number;
    }
  /** Containers without children and TTL nodes that are due by `timeMs`; others are passed over. */
  | { readonly kind: "reap"; readonly paths: readonly string[] }
  /** First command of a cluster's log; later ones are void. */
  | {
      readonly kind: "bootstrap";
      readonly cluster: string;
      readonly regions: readonly string[];
      /** Zone table as JSON, as stored in /meridian/zones. */
      readonly zones: Uint8Array;
    }
  /** Void unless the cursor of the origin is exactly at (`incarnation`, `from`). */
  | {
      readonly kind: "apply-remote";
      readonly origin: string;
      readonly incarnation: number;
      readonly from: number;
      readonly to: number;
      readonly transactions: readonly Transaction[];
    }
  /**
   * A range of a snapshot of another cluster: nodes of that origin in (`afterPath`, `toPath`]
   * become exactly `nodes` (mirrored zones), or are merged with them (eventual zones). The last one
   * sets the cursor to `index`. Void when the mirror is further already.
   */
  | {
      readonly kind: "seed-remote";
      readonly origin: string;
      readonly incarnation: number;
      readonly index: number;
      readonly afterPath: string;
      /** Empty: to the end. */
      readonly toPath: string;
      readonly nodes: readonly Change[];
      readonly last: boolean;
    };
