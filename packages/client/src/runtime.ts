import { randomBytes } from "node:crypto";
import { MeridianError } from "@meridian/wire";

/**
 * Time, chance and the order of work: everything the client takes from its surroundings beside
 * its channels. A simulator passes its own and the client runs on virtual time.
 */
export interface Runtime {
  /** Monotonic milliseconds from an arbitrary origin. */
  nowMs(): number;
  /** Runs `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Runs `callback` when the input that has already arrived has been read. */
  defer(callback: () => void): void;
  /** A number in [0, 1): jitter and the order of equals. */
  random(): number;
  /** Bytes nobody can guess: session ids, secrets, names of lock nodes. */
  randomBytes(length: number): Uint8Array;
}

/** The machine's clock, event loop and entropy. */
export const systemRuntime: Runtime = {
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  defer(callback) {
    setImmediate(callback);
  },
  random: () => Math.random(),
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
};

/** Resolves after `delayMs`; rejects with the signal's reason when that comes first. */
export function pause(runtime: Runtime, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = runtime.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** As the promise; rejects with DEADLINE when that takes longer. */
export function endingWithin<T>(
  runtime: Runtime,
  deadlineMs: number,
  promise: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (!(deadlineMs > 0)) throw new MeridianError("BAD_ARGUMENTS", "deadlineMs must be positive");
    const cancel = runtime.after(deadlineMs, () => {
      reject(new MeridianError("DEADLINE", `it was not done within ${deadlineMs} ms`));
    });
    promise.finally(cancel).then(resolve, reject);
  });
}

/** As the promise; rejects with the reason of the signal when that comes first. */
export function endingWith<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.finally(() => signal.removeEventListener("abort", onAbort)).then(resolve, reject);
  });
}
