import type { ChannelPool } from "./channel.ts";
import type { TopologySource } from "./topology-source.ts";

/** What clients of one process may share: channels, and the view of the fleet. */
export class Connections {
  readonly #pool: ChannelPool;
  readonly #topology: TopologySource;
  #users = 0;

  constructor(parts: { readonly pool: ChannelPool; readonly topology: TopologySource }) {
    this.#pool = parts.pool;
    this.#topology = parts.topology;
  }

  /** One more client uses them. */
  enter(): void {
    this.#users += 1;
  }

  /**
   * A client uses them no more; the last one closes them, once its goodbyes have been said: when
   * `goodbyes` has settled.
   */
  async leave(goodbyes: Promise<unknown>): Promise<void> {
    this.#users -= 1;
    const isLast = this.#users === 0;
    if (isLast) this.#topology.close();
    await goodbyes;
    if (isLast) this.#pool.close();
  }
}
