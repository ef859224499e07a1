import { MeridianError } from "@meridian/wire";
import type { Standing } from "../standing.ts";
import type { OwnNode } from "./own-node.ts";
import { Patience } from "./patience.ts";
import { hasCode } from "./retry.ts";

/**
 * An item that was taken out of a queue, and is nobody else's until it is acknowledged, released,
 * or the session ends. What is not acknowledged is given out again: it has to be safe to do its
 * work twice. Each item is acknowledged once.
 */
export class QueueItem implements AsyncDisposable {
  /** Of the item's node. */
  readonly path: string;
  readonly data: Uint8Array;
  /** Aborted when the session ends: others may get the item. */
  readonly lost: AbortSignal;
  /** Grows each time that the item is given out; see `HeldLock.fencingToken`. */
  readonly fencingToken: number;
  readonly #standing: Standing;
  readonly #claim: OwnNode;
  #isOver = false;

  /** Use the methods of a queue. */
  constructor(standing: Standing, path: string, data: Uint8Array, claim: OwnNode) {
    this.#standing = standing;
    this.path = path;
    this.data = data;
    this.#claim = claim;
    this.lost = claim.lost;
    this.fencingToken = claim.fencingToken;
  }

  /** The data as UTF-8 text; bytes that are not become U+FFFD. */
  get text(): string {
    return new TextDecoder().decode(this.data);
  }

  /** Certain to be ours now, by the client's own clock. */
  get isHeld(): boolean {
    return !this.#isOver && this.#claim.isHeld;
  }

  /**
   * The work is done: takes the item out for good.
   * @throws {MeridianError} SESSION_EXPIRED when the item is not ours any more, and will be given
   * out again; UNKNOWN when the session ended while the item was taken out, which may have
   * happened.
   */
  async ack(): Promise<void> {
    const { client, context } = this.#standing.get();
    const patience = new Patience(context.runtime);
    let isTried = false;
    for (;;) {
      if (!this.isHeld) throw this.#gone(isTried);
      try {
        await client.multi([
          { kind: "delete", path: this.#claim.path },
          { kind: "delete", path: this.path },
        ]);
        break;
      } catch (error) {
        // As long as our session lives nobody else takes our claim away: we have, with the item.
        if (hasCode(error, "NO_NODE") && isTried && this.isHeld) break;
        if (hasCode(error, "NO_NODE")) throw this.#gone(isTried);
        if (hasCode(error, "UNKNOWN")) isTried = true;
        if (!this.#standing.isPassing(error)) throw error;
        await patience.wait(error);
      }
    }
    this.#isOver = true;
    this.#claim.leave();
  }

  /**
   * Gives the item back: it is the first of those that wait, as before. Nothing when it is not ours
   * any more. Never rejects.
   */
  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#claim.remove();
  }

  /** Gives it back unless it was acknowledged. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  #gone(isTried: boolean): MeridianError {
    const message = `${this.path} is not ours any more`;
    if (!isTried) return new MeridianError("SESSION_EXPIRED", `${message}: it is given out again`);
    return new MeridianError("UNKNOWN", `${message}, and may have been acknowledged`);
  }
}
