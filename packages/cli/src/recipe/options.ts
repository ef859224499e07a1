import type { PlatformChoice } from "../connection/whereabouts.ts";

/** Options of commands that run another one while they hold something. */
export interface GuardOptions extends PlatformChoice {
  /** Milliseconds to wait for it; undefined: as long as it takes. */
  readonly wait?: number | undefined;
}

/**
 * Silence after which the servers end the session under a lock or a leadership. Long enough for a
 * change of leader of the global tier, short enough to take over soon.
 */
export const guardSessionTimeoutMs: number = 10_000;
