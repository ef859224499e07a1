import type { Standing } from "../standing.ts";
import { hasCode } from "./retry.ts";

/** For so long the difference between the clocks is taken to stay as it was measured. */
const validMs = 60_000;

/**
 * The wall clock of the servers, as their answers tell it: of a write they say when it was done.
 * Clients so go by one clock, or rather by those of the servers of one cluster, however wrong their
 * own are. Off by at most half of the time that a write takes, and by as much as the servers differ
 * among each other.
 */
export class ServerClock {
  readonly #standing: Standing;
  readonly #path: string;
  #offsetMs = 0;
  #measuredAtMs = -Infinity;

  /** Writes to the node at `path`, once a minute at most, to hear what time it is. */
  constructor(standing: Standing, path: string) {
    this.#standing = standing;
    this.#path = path;
  }

  /** Milliseconds since 1970. */
  async nowMs(signal: AbortSignal): Promise<number> {
    const { runtime } = this.#standing.get().context;
    if (runtime.nowMs() - this.#measuredAtMs > validMs) await this.#measure(signal);
    return runtime.nowMs() + this.#offsetMs;
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#standing.get().context;
    const sentAtMs = runtime.nowMs();
    const toldMs = await this.#write(signal);
    const heardAtMs = runtime.nowMs();
    this.#offsetMs = toldMs - (sentAtMs + heardAtMs) / 2;
    this.#measuredAtMs = heardAtMs;
  }

  async #write(signal: AbortSignal): Promise<number> {
    const { client } = this.#standing.get();
    for (;;) {
      try {
        return (await client.set(this.#path, "", { signal })).stat.mtimeMs;
      } catch (error) {
        if (!hasCode(error, "NO_NODE")) throw error;
      }
      try {
        return (await client.create(this.#path, "", { parents: true, signal })).stat.mtimeMs;
      } catch (error) {
        if (!hasCode(error, "NODE_EXISTS")) throw error;
      }
    }
  }
}
