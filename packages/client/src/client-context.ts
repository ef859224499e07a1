import type { ChannelPool } from "./channel.ts";
import type { Meridian } from "./client.ts";
import type { Connections } from "./connections.ts";
import type { Lanes } from "./lanes.ts";
import type { SessionEvent, SiblingOptions } from "./options.ts";
import type { Performer } from "./performer.ts";
import type { PositionMap } from "./position.ts";
import type { Runtime } from "./runtime.ts";
import type { Standing } from "./standing.ts";
import type { TopologySource } from "./topology-source.ts";

/** The parts of a client. */
export interface ClientContext {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  readonly topology: TopologySource;
  /** The two above, with the clients that use them. */
  readonly connections: Connections;
  readonly lanes: Lanes;
  readonly performer: Performer;
  /** What the client has seen. */
  readonly token: PositionMap;
  readonly listeners: Set<(event: SessionEvent) => void>;
  /** Default deadline of operations, milliseconds. */
  readonly deadlineMs: number;
  /**
   * The client for what comes back by itself. Undefined: this is that client, and what both share
   * belongs to the other.
   */
  readonly standing: Standing | undefined;
  /** Makes another client over the same connections; likewise. */
  readonly sibling: ((options: SiblingOptions) => Meridian) | undefined;
}
