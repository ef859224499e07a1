import type { PlatformChoice } from "../connection/whereabouts.ts";

/** Options of commands that run another one while they hold something. */
export interface GuardOptions extends PlatformChoice {
  /** Milliseconds to wait for it; undefined: as long as it takes. */
  readonly wait?: number | undefined;
}
