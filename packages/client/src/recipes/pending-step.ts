import { MeridianError } from "@meridian/wire";

/** A step that somebody waits for, and may give up waiting for. */
export class PendingStep<T> {
  readonly #signal: AbortSignal;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: Error) => void;
  readonly #onAbort = (): void => this.#giveUp();
  #isSent = false;
  #isSettled = false;

  /** @throws the reason of the signal if it is aborted already. */
  constructor(signal: AbortSignal, resolve: (value: T) => void, reject: (error: Error) => void) {
    signal.throwIfAborted();
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Nobody waits for it any more. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** From now on it may have been taken: who gives it up now hears UNKNOWN. */
  send(): void {
    this.#isSent = true;
  }

  resolve(value: T): void {
    if (this.#end()) this.#resolve(value);
  }

  reject(error: Error): void {
    if (this.#end()) this.#reject(error);
  }

  #end(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#signal.removeEventListener("abort", this.#onAbort);
    return true;
  }

  #giveUp(): void {
    const { reason } = this.#signal;
    const cause = reason instanceof Error ? reason : new Error(String(reason));
    this.reject(this.#isSent ? unknownFate("the caller gave it up", cause) : cause);
  }
}

/** The error of a write that may have been done. */
export function unknownFate(why: string, cause?: unknown): MeridianError {
  const message = `it is not known whether it was written: ${why}`;
  return new MeridianError("UNKNOWN", message, cause === undefined ? {} : { cause });
}
