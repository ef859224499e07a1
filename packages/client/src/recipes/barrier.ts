import type { ClientContext } from "../client-context.ts";
import type { Meridian } from "../client.ts";
import type { OperationOptions } from "../performer.ts";
import { untilChanged } from "./departure.ts";
import { requireOrder } from "./ordered-zone.ts";
import { WaitLimit, type WaitOptions } from "./wait-limit.ts";
import { hasCode, untilDone } from "./retry.ts";

/**
 * A barrier that holds up whoever comes to it for as long as its node is there. Whoever waits needs
 * no session, and is told in the moment when it is lifted, whatever becomes of connections.
 *
 * ```ts
 * const barrier = meridian.barrier("/jobs/import/ready");
 * await barrier.wait({ deadlineMs: 60_000 });
 * ```
 */
export class Barrier {
  readonly path: string;
  readonly #client: Meridian;
  readonly #context: ClientContext;

  /** Use `Meridian.barrier`. */
  constructor(client: Meridian, context: ClientContext, path: string) {
    this.#client = client;
    this.#context = context;
    this.path = path;
  }

  /**
   * Puts the barrier up, unless it is up. It stays until it is lifted, also when the client that
   * put it up is gone.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; DEADLINE after `deadlineMs`; the
   * reason of the signal.
   */
  async raise(options: WaitOptions = {}): Promise<void> {
    requireOrder(this.#context, this.path, "barriers");
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    await untilDone(this.#context, signal, async () => {
      try {
        await this.#client.create(this.path, "", { parents: true, signal });
      } catch (error) {
        if (!hasCode(error, "NODE_EXISTS")) throw error;
      }
    });
  }

  /**
   * Lets all through who wait, and all who come.
   * @throws {MeridianError} likewise.
   */
  async lift(options: WaitOptions = {}): Promise<void> {
    requireOrder(this.#context, this.path, "barriers");
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    await untilDone(this.#context, signal, async () => {
      try {
        await this.#client.delete(this.path, { signal });
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
      }
    });
  }

  /** Whether it is up now. */
  async isRaised(options: OperationOptions = {}): Promise<boolean> {
    requireOrder(this.#context, this.path, "barriers");
    const strict = { ...options, consistency: "strict" } as const;
    return (await this.#client.exists(this.path, strict)).exists;
  }

  /**
   * Resolves when the barrier is not up: at once, or when it is lifted.
   * @throws {MeridianError} UNSUPPORTED in an eventual zone; DEADLINE after `deadlineMs`; the
   * reason of the signal.
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    requireOrder(this.#context, this.path, "barriers");
    using limit = new WaitLimit(this.#context.runtime, this.path, options);
    const { signal } = limit;
    await untilDone(this.#context, signal, async () => {
      for (;;) {
        const reading = { consistency: "strict", signal } as const;
        if (!(await this.#client.exists(this.path, reading)).exists) return;
        await untilChanged(this.#client, this.path, signal);
      }
    });
  }
}
