import { setTimeout as sleep } from "node:timers/promises";

import { MeridianError, type HeldLock } from "@meridian/client";

import type { Random } from "../linearizability/support/random.ts";
import type { Recorder } from "./recorder.ts";

/** The part of a client that is needed. */
interface Client {
  lock(path: string): { acquire(options: { readonly signal: AbortSignal }): Promise<Held> };
  renew(): void;
}

type Held = Pick<HeldLock, "fencingToken" | "isHeld" | "release">;

/** Longest wait in the queue. */
const queueMsMax = 8_000;

/** Who holds one lock, as its holders know it, written down as a history of `mutex`. */
export class LockBook {
  readonly path: string;
  readonly #recorder: Recorder;
  readonly #holdMsMax: number;
  /** Holders by process that have not begun to release. */
  readonly #holders = new Map<number, Held>();

  /** `holdMsMax`: longest time for which the lock is held. */
  constructor(path: string, recorder: Recorder, holdMsMax: number) {
    this.path = path;
    this.#recorder = recorder;
    this.#holdMsMax = holdMsMax;
  }

  /** Acquires the lock, holds it for a moment and releases it. */
  async visit(client: Client, random: Random): Promise<void> {
    const process = this.#recorder.nextProcess();
    this.#add(process, "invoke", "acquire");
    let held: Held;
    try {
      held = await client.lock(this.path).acquire({ signal: AbortSignal.timeout(queueMsMax) });
    } catch (error) {
      // Its place in the queue may still become the first one before it is gone.
      this.#add(process, "info", "acquire");
      this.#recover(client, error);
      return;
    }
    this.#settleLost();
    this.#holders.set(process, held);
    this.#recorder.count({ fate: "applied", value: undefined });
    this.#add(process, "ok", "acquire", held.fencingToken);
    await sleep(random.next() * this.#holdMsMax);
    await this.#release(process, held);
  }

  async #release(process: number, held: Held): Promise<void> {
    this.#settleLost();
    const isOwn = this.#holders.delete(process);
    if (isOwn) this.#add(process, "invoke", "release");
    await held.release();
    if (isOwn) this.#add(process, "ok", "release");
  }

  /**
   * Writes down that those who are not certain to hold the lock any more may have lost it. A holder
   * that does not look at its clock has no promise: whoever uses a lock has to.
   */
  #settleLost(): void {
    for (const [process, held] of this.#holders) {
      if (held.isHeld) continue;
      this.#holders.delete(process);
      this.#add(process, "invoke", "release");
      this.#add(process, "info", "release");
    }
  }

  /** After the end of a session only its user can tell that nothing has to be built up again. */
  #recover(client: Client, error: unknown): void {
    if (error instanceof DOMException) {
      this.#recorder.count({ fate: "unknown", code: "GIVEN_UP" });
      return;
    }
    if (!(error instanceof MeridianError)) throw error;
    this.#recorder.count({ fate: "unknown", code: error.code });
    if (error.code === "SESSION_EXPIRED") client.renew();
  }

  #add(process: number, type: "info" | "invoke" | "ok", f: string, value: unknown = null): void {
    this.#recorder.add({ process, type, f, key: this.path, value });
  }
}
