import type { ReadConsistency } from "@meridian/client";

import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";

/** Options of every data command. */
export interface DataOptions extends PlatformChoice {
  /** Causal token to begin with. */
  readonly token?: string | undefined;
  /** Milliseconds until the command gives up; undefined: what the client thinks fit. */
  readonly timeout?: number | undefined;
  readonly output: Output;
}

/** Options of commands that read. */
export interface ReadOptions extends DataOptions {
  readonly consistency?: ReadConsistency | undefined;
  /** Milliseconds. */
  readonly maxStaleness?: number | undefined;
}

/** Options of commands that write. */
export interface WriteOptions extends DataOptions {
  /** Only if the node has this version. */
  readonly version?: number | undefined;
}

/** Options of `create`. */
export interface CreateOptions extends DataOptions {
  readonly parents?: true;
  readonly ephemeral?: true;
  readonly sequential?: true;
  readonly container?: true;
  /** Milliseconds. */
  readonly ttl?: number | undefined;
}

/** Options of `watch`. */
export interface WatchOptions extends ReadOptions {
  readonly depth: "self" | "subtree";
  readonly withData?: true;
  /** Ends after this many events. */
  readonly count?: number | undefined;
}
