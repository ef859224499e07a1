import { MeridianError } from "@meridian/wire";
import type { Runtime } from "../runtime.ts";

/** For how long to wait. */
export interface WaitOptions {
  /** Gives up waiting. Default: wait as long as the session lives. */
  readonly signal?: AbortSignal | undefined;
  /** Gives up waiting after this time, with DEADLINE. Default: never. */
  readonly timeoutMs?: number | undefined;
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
  constructor(runtime: Runtime, what: string, { signal, timeoutMs }: WaitOptions) {
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
      throw new MeridianError("BAD_ARGUMENTS", "timeoutMs must not be negative");
    }
    const isBounded = timeoutMs !== undefined && timeoutMs !== Infinity;
    this.#cancel = isBounded
      ? runtime.after(timeoutMs, () => {
          this.#late.abort(new MeridianError("DEADLINE", `${what}: not within ${timeoutMs} ms`));
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
