import type { LoadResult } from "../workload.ts";
import { ClosedLoop, type Send } from "./closed-loop.ts";
import { OpenLoop } from "./open-loop.ts";
import { Tally } from "./tally.ts";

/** How a load is told of. */
export interface DriveEvents {
  /** The warm-up is over. */
  readonly onMeasuring: (tally: Tally) => void;
  /** Nothing more is counted. */
  readonly onMeasured?: (tally: Tally) => void;
  /** Ends the load early; what was counted so far is the result. */
  readonly signal?: AbortSignal | undefined;
}

/** How much load, and for how long: see `Workload`. */
export interface Load {
  readonly outstanding: number;
  /** Undefined: a closed loop. */
  readonly ratePerSecond?: number | undefined;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Makes load, over one sender for each connection; what came of it. */
export async function drive(
  senders: readonly Send[],
  load: Load,
  events: DriveEvents,
): Promise<LoadResult> {
  const { outstanding, ratePerSecond, warmUpSeconds, seconds } = load;
  const tally = new Tally();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const options = { outstandingMax: outstanding };
  const loop =
    ratePerSecond === undefined
      ? new ClosedLoop(senders, outstanding, tally)
      : new OpenLoop(senders, { ...options, ratePerSecond }, tally, (error) => fail(error));
  await Promise.race([failed, rest(warmUpSeconds, events.signal)]);
  tally.begin();
  events.onMeasuring(tally);
  await Promise.race([failed, rest(seconds, events.signal)]);
  const result = tally.result();
  events.onMeasured?.(tally);
  await Promise.race([failed, loop.stop()]);
  return result;
}

/** Resolves after a time, or as soon as the signal is aborted. */
function rest(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1_000);
    signal?.addEventListener("abort", end);
  });
}
