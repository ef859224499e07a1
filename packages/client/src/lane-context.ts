import type { ChannelPool } from "./channel.ts";
import type { PositionMap } from "./position.ts";
import type { Runtime } from "./runtime.ts";

/** What can happen to a session. */
export type SessionState = "opened" | "attached" | "detached" | "expired" | "renewed" | "closed";

/** Bounds and periods of the lanes of a client. */
export interface LaneLimits {
  /** Requests that may be open on one lane. */
  readonly outstandingMax: number;
  /** Bytes that they may hold. */
  readonly outstandingBytesMax: number;
  /** Time for a node to welcome us. */
  readonly attachTimeoutMs: number;
  /** Session timeout to ask for. */
  readonly sessionTimeoutMs: number;
  /** Without success for this long, operations fail fast. */
  readonly breakerOpenMs: number;
}

/** What lanes need of their client. */
export interface LaneContext {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly limits: LaneLimits;
  /** The caller's region. */
  readonly region: string;
  /** Positions that the client has seen; answers move it. */
  readonly token: PositionMap;
  /** Nodes that were tried did not answer, or are not who they were: look for others. */
  refreshTopology(): void;
  onSession(cluster: string, state: SessionState, session: number): void;
}
