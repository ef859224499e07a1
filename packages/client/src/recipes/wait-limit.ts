import { MeridianError } from "@meridian/wire";
import type { Runtime } from "../runtime.ts";

/** For how long to wait. */
export interface WaitOptions {
  /** Gives up waiting. Default: wait as long as the session lives. */
  readonly signal?: AbortSignal | undefined;
  /** Gives up waiting after this time, with DEADLINE. Default: never. */
  readonly deadlineMs?: number | undefined;
}

/**
 * How long a caller is willing to wait: a signal that is aborted when the caller gives up, or when
 * the time is over. Has to be disposed of, so that no timer outlives the wait.
 */
export class WaitLimit implements Disposable {
  readonly #late = new AbortController();
  readonly #cancel: () => void;
  /** Aborted with the caller's own reason, or with a DEADLINE when the time is over. */
  readonly signal: AbortSignal;

  /** @throws {MeridianError} BAD_ARGUMENTS for a time that is none. */
  constructor(runtime: Runtime, what: string, { signal, deadlineMs }: WaitOptions) {
    if (deadlineMs !== undefined && !(deadlineMs >= 0)) {
      throw new MeridianError("BAD_ARGUMENTS", "deadlineMs must not be negative");
    }
    const isBounded = deadlineMs !== undefined && deadlineMs !== Infinity;
    this.#cancel = isBounded
      ? runtime.after(deadlineMs, () => {
          this.#late.abort(new MeridianError("DEADLINE", `${what}: not within ${deadlineMs} ms`));
        })
      : () => undefined;
    const own = this.#late.signal;
    this.signal = signal === undefined ? own : AbortSignal.any([signal, own]);
  }

  /** The time is over. */
  get isOver(): boolean {
    return this.#late.signal.aborted;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }
}
