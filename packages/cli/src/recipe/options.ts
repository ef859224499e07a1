import { hostname } from "node:os";

import type { PlatformChoice } from "../connection/whereabouts.ts";
import { usageError } from "../failure/command-error.ts";

/** Options of commands that run another one while they hold something. */
export interface GuardOptions extends PlatformChoice {
  /** Milliseconds to wait for it; undefined: as long as it takes. */
  readonly wait?: number | undefined;
  /** The same under the name that other programs have for it. */
  readonly timeout?: number | undefined;
  /** What others see. */
  readonly name?: string | undefined;
  /** Silence in milliseconds after which the servers give it to the next. */
  readonly sessionTimeout?: number | undefined;
}

/** Options of `lock`. */
export interface LockOptions extends GuardOptions {
  readonly shared?: true;
}

/**
 * Silence after which the servers end the session under a lock or a leadership. Long enough for a
 * change of leader of the global tier, short enough to take over soon.
 */
const sessionTimeoutMs = 10_000;

/** How to connect for what is held. */
export function sessionOf(options: GuardOptions): GuardOptions & {
  readonly output: "text";
  readonly sessionTimeoutMs: number;
} {
  const { sessionTimeout = sessionTimeoutMs } = options;
  // The time to wait is not the deadline of the operations that the waiting is made of.
  return { ...options, timeout: undefined, output: "text", sessionTimeoutMs: sessionTimeout };
}

/** For how long to wait for it; undefined: as long as it takes. */
export function waitMsOf({ wait, timeout }: GuardOptions): number | undefined {
  if (wait === undefined || timeout === undefined) return wait ?? timeout;
  throw usageError("--wait and --timeout mean the same: give one of them");
}

/** What others who look see of us. */
export function nameOf({ name }: GuardOptions): string {
  return name ?? `${hostname()}:${process.pid}`;
}
