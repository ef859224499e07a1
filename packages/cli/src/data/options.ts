import type { ReadConsistency, WatchKindName } from "@meridian/client";

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

/** Options of `ls`. */
export interface ListOptions extends ReadOptions {
  readonly stats?: true;
  readonly withData?: true;
  /** At most this many. */
  readonly limit?: number | undefined;
  /** Names after this one. */
  readonly after?: string | undefined;
}

/** How events are told. */
interface EventOptions {
  readonly withData?: true;
  /** In text output; JSON has it always. */
  readonly withToken?: true;
  /** Ends after this many events. */
  readonly count?: number | undefined;
  readonly once?: true;
}

/** Options of `watch`. */
export interface WatchOptions extends DataOptions, EventOptions {
  readonly consistency?: Exclude<ReadConsistency, "quorum"> | undefined;
  readonly depth?: "self" | "subtree";
  readonly recursive?: true;
  readonly kind?: WatchKindName | undefined;
  /** Token of an event: goes on after it. */
  readonly from?: string | undefined;
}

/** Options of `changes`. */
export interface ChangesOptions extends DataOptions, EventOptions {
  /** Token of an event, "now", "start" or "beginning". */
  readonly from?: string | undefined;
  readonly prefix?: readonly string[] | undefined;
  readonly cluster?: string | undefined;
  readonly ownOnly?: true;
  /** False: ends where only a snapshot could go on. */
  readonly snapshots: boolean;
  readonly bookmarks?: true;
}
