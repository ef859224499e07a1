import { MeridianError } from "@meridian/wire";
import type { TransportClock } from "../clock.ts";
import type { Caller } from "../stream.ts";
import type { ConnectionEnd } from "./connection.ts";

/** A caller within the process. */
export class MemoryCaller implements Caller {
  readonly address: string;
  readonly #clock: TransportClock;
  readonly #deadlineAtMs: number | undefined;
  readonly #controller = new AbortController();

  constructor(
    address: string,
    end: ConnectionEnd,
    clock: TransportClock,
    deadlineMs: number | undefined,
  ) {
    this.address = address;
    this.#clock = clock;
    const gone = (): void => {
      const text = "the caller went away or its deadline passed";
      this.#controller.abort(new MeridianError("DEADLINE", text));
    };
    end.whenGone(gone);
    if (deadlineMs === undefined) return;
    this.#deadlineAtMs = clock.nowMs() + deadlineMs;
    clock.after(deadlineMs, gone);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get deadlineMs(): number | undefined {
    if (this.#deadlineAtMs === undefined) return undefined;
    return Math.max(0, this.#deadlineAtMs - this.#clock.nowMs());
  }
}
