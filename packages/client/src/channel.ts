import type { FrameHandler, FrameStream } from "@meridian/transport";
import type {
  Encodable,
  IChangeFrame,
  IClientFrame,
  IFollowFrame,
  IServerFrame,
  IStatusResponse,
  ITopologyResponse,
} from "@meridian/wire";

/** How long a call may take. */
export interface ChannelCallOptions {
  readonly deadlineMs?: number;
}

/** A connection to one node, as far as the client needs it. The transport's `Channel` is one. */
export interface ClientChannel {
  /**
   * Opens a stream of frames. Never throws: a stream that cannot be opened closes with an error.
   */
  session(handler: FrameHandler<IServerFrame>): FrameStream<Encodable<IClientFrame>>;
  /** Opens a change stream; likewise. */
  follow(handler: FrameHandler<IChangeFrame>): FrameStream<Encodable<IFollowFrame>>;
  /** Nodes and zones, as this node knows them. Rejects with a MeridianError. */
  topology(options?: ChannelCallOptions): Promise<ITopologyResponse>;
  /** How the node is. Rejects with a MeridianError. */
  status(options?: ChannelCallOptions): Promise<IStatusResponse>;
  /** Breaks all streams and calls. */
  close(): unknown;
}

/** Makes a channel to `host:port`. Connects lazily, never throws for an unreachable address. */
export type OpenChannel = (address: string) => ClientChannel;

/** A channel and when it last proved to be alive. */
export interface PooledChannel {
  readonly address: string;
  readonly channel: ClientChannel;
  /** Runtime clock; -Infinity until something has arrived. */
  heardAtMs: number;
}

/** One channel an address, shared by all streams to it. Bounded by the number of nodes known. */
export class ChannelPool {
  readonly #open: OpenChannel;
  readonly #channels = new Map<string, PooledChannel>();

  constructor(open: OpenChannel) {
    this.#open = open;
  }

  /** The channel to an address, opened if need be. */
  to(address: string): PooledChannel {
    let pooled = this.#channels.get(address);
    if (pooled === undefined) {
      pooled = { address, channel: this.#open(address), heardAtMs: -Infinity };
      this.#channels.set(address, pooled);
    }
    return pooled;
  }

  /** Addresses to which there is a channel, the one heard last first. */
  addresses(): readonly string[] {
    return [...this.#channels.values()]
      .sort((a, b) => (a.heardAtMs < b.heardAtMs ? 1 : -1))
      .map((pooled) => pooled.address);
  }

  /**
   * Gives a channel up: a new stream on a connection that has gone silent would hang just as
   * the old one did. Its other streams break now and not after their own wait.
   */
  discard(pooled: PooledChannel): void {
    if (this.#channels.get(pooled.address) !== pooled) return;
    this.#channels.delete(pooled.address);
    pooled.channel.close();
  }

  /** Closes all channels. */
  close(): void {
    const all = [...this.#channels.values()];
    this.#channels.clear();
    for (const { channel } of all) channel.close();
  }
}
