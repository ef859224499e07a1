import type { OpenChannel } from "./channel.ts";
import type { TopologySnapshot } from "./directory.ts";
import type { LaneLimits, SessionState } from "./lane-context.ts";
import type { OperationOptions } from "./performer.ts";
import type { ReadConsistency } from "./route.ts";
import type { Runtime } from "./runtime.ts";

/** A session with a cluster began, moved, or ended. */
export interface SessionEvent {
  /** "global", or a region. */
  readonly cluster: string;
  /**
   * `opened`: the cluster knows it. `detached`, `attached`: the connection that carries it was
   * lost, and is back on the same or another node. `expired`: it is over, and with it its ephemeral
   * nodes and locks. `renewed`: a new one has taken its place, and `opened` of it follows.
   * `closed`: the client was closed.
   */
  readonly state: SessionState;
  readonly sessionId: number;
}

/** How to connect. Either `endpoints` or `topology` is needed. */
export interface ConnectOptions {
  /** host:port of any nodes: the rest of the fleet is learned from them. */
  readonly endpoints?: readonly string[] | undefined;
  /** The fleet, if it is known beforehand; it is still refreshed now and then. */
  readonly topology?: TopologySnapshot | undefined;
  /**
   * The caller's region: reads and eventual writes stay there. Default: that of the first node to
   * answer.
   */
  readonly region?: string | undefined;
  /** Causal token of another client: this one sees at least what that one has seen. */
  readonly token?: string | undefined;
  /** Gives up looking for the first node. */
  readonly signal?: AbortSignal | undefined;
  /** Time to find the first node. Default 10 s. */
  readonly connectDeadlineMs?: number | undefined;
  /** For operations that do not say. Default 10 s. */
  readonly deadlineMs?: number | undefined;
  /**
   * Likewise for strict zones, which may have to wait for another region to take over. Default 15
   * s.
   */
  readonly strictDeadlineMs?: number | undefined;
  /** For eventual reads that do not say: see `ReadOptions.hedgeMs`. Default: none asked twice. */
  readonly hedgeMs?: number | "auto" | undefined;
  /** Silence after which the servers end a session. Default 20 s; the servers may grant another. */
  readonly sessionTimeoutMs?: number | undefined;
  /** Bounds that differ from the default. */
  readonly limits?: Partial<LaneLimits> | undefined;
  /** Told of every turn of a session. Must not throw. */
  readonly onSession?: ((event: SessionEvent) => void) | undefined;
  /** Default: gRPC without TLS. */
  readonly openChannel?: OpenChannel | undefined;
  /** Default: the machine's clock, event loop and entropy. */
  readonly runtime?: Runtime | undefined;
}

/**
 * How another client over the same connections differs. What is not said is as for the first; the
 * token: what that one has seen so far.
 */
export type SiblingOptions = Pick<
  ConnectOptions,
  | "token"
  | "deadlineMs"
  | "strictDeadlineMs"
  | "hedgeMs"
  | "sessionTimeoutMs"
  | "limits"
  | "onSession"
>;

/** How to read. */
export interface ReadOptions extends OperationOptions {
  /** Default: what the zone of the path gives. */
  readonly consistency?: ReadConsistency | undefined;
  /**
   * Data older than this is not good enough: the read goes on to a fresher place, or ends with
   * STALE.
   */
  readonly maxStalenessMs?: number | undefined;
  /**
   * When an eventual read has no answer after this long, the next place is asked as well, and the
   * first answer counts. "auto": longer than 95 % of reads took of late. At most one read in ten is
   * asked twice. Default: as `connect` was told.
   */
  readonly hedgeMs?: number | "auto" | undefined;
  /** See at least what this token has seen; the client's own token moves there. */
  readonly after?: string | undefined;
}

/** How to list children. */
export interface ChildrenOptions extends ReadOptions {
  readonly withStats?: boolean | undefined;
  readonly withData?: boolean | undefined;
  /** At most this many. Default: all, in as many requests as it takes. */
  readonly limit?: number | undefined;
  /** Names after this one. */
  readonly startAfter?: string | undefined;
}

/** How a node is created, as one word. */
export type CreateModeName =
  | "persistent"
  | "ephemeral"
  | "persistent-sequential"
  | "ephemeral-sequential"
  | "container"
  | "ttl"
  | "ttl-sequential";

/** What kind of node to create: a mode, or the traits that make it up. */
export interface CreateTraits {
  /** Excludes the three below. */
  readonly mode?: CreateModeName | undefined;
  /** Goes with the session. */
  readonly ephemeral?: boolean | undefined;
  /** Ten digits from the parent's counter are appended to the name. */
  readonly sequential?: boolean | undefined;
  /** Removed when unchanged and childless for this long. */
  readonly ttlMs?: number | undefined;
  /** Creates missing ancestors, persistent and empty, in the same transaction. */
  readonly parents?: boolean | undefined;
}

/** How to create. */
export interface CreateOptions extends OperationOptions, CreateTraits {}

/** How to set and delete. */
export interface VersionOptions extends OperationOptions {
  /** Only if the node's data has this version. Default -1: any. */
  readonly version?: number | undefined;
}

/** One part of a multi. Data must not be changed until the multi has ended. */
export type MultiOperation =
  | ({
      readonly kind: "create";
      readonly path: string;
      readonly data?: string | Uint8Array | undefined;
    } & CreateTraits)
  | {
      readonly kind: "set";
      readonly path: string;
      readonly data: string | Uint8Array;
      readonly version?: number | undefined;
    }
  | { readonly kind: "delete"; readonly path: string; readonly version?: number | undefined }
  /** The node exists, with this version unless -1. */
  | { readonly kind: "check"; readonly path: string; readonly version?: number | undefined };

/** Bounds of a client unless told otherwise. */
export const LANE_LIMITS: LaneLimits = {
  outstandingMax: 16_000, // servers take 16,384 of one stream, and remember as many answers
  outstandingBytesMax: 64 << 20,
  attachTimeoutMs: 2_000,
  sessionTimeoutMs: 20_000,
  breakerOpenMs: 5_000,
};
