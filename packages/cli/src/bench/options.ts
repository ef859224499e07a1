import type { ReadConsistency } from "@meridian/client";

import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";

/** Options of `bench run`. */
export interface RunOptions extends PlatformChoice {
  readonly mix: string;
  readonly rate?: number | undefined;
  readonly outstanding?: number | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly valueBytes: number;
  readonly keys: number;
  readonly prefix?: string | undefined;
  readonly consistency?: ReadConsistency | undefined;
  readonly keep?: true;
  readonly output: Output;
}

/** Options of `bench compare`. */
export interface CompareOptions {
  readonly peers: string;
  readonly only?: string | undefined;
  readonly seconds: number;
  readonly warmUp: number;
  readonly rounds: number;
  readonly data?: string | undefined;
  readonly basePort: number;
  readonly from?: string | undefined;
  readonly embed?: string | undefined;
  readonly output: Output | "markdown";
}
