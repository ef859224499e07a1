import { MeridianError, type ITopologyResponse } from "@meridian/wire";
import type { ChannelPool } from "./channel.ts";
import { Directory, type TopologySnapshot } from "./directory.ts";
import type { Runtime } from "./runtime.ts";

/** Where to learn of the topology, and for whom. */
export interface TopologyOptions {
  readonly runtime: Runtime;
  readonly pool: ChannelPool;
  /** host:port of nodes to ask first. */
  readonly endpoints: readonly string[];
  /** The caller's region; undefined: that of the node that answers first. */
  readonly region: string | undefined;
}

/** If a node has not answered after this, the next one is asked as well. */
const hedgeMs = 250;
const callMs = 3_000;
const refreshMs = 30_000;
/** Nodes are not asked more often than this, whatever goes wrong. */
const refreshMinMs = 1_000;
/** Nodes that are asked in one round. */
const askedMax = 8;

/**
 * Keeps the directory up to date: asks some node for the topology, at the start, now and then, and
 * on demand.
 */
export class TopologySource {
  readonly #options: TopologyOptions;
  #directory: Directory | undefined;
  #snapshot: TopologySnapshot = {};
  #region: string | undefined;
  #refreshedAtMs = -Infinity;
  #refreshing: Promise<void> | undefined;
  #isClosed = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: TopologyOptions) {
    this.#options = options;
    this.#region = options.region;
  }

  /** The directory as last heard. `start` must have succeeded. */
  get directory(): Directory {
    if (this.#directory === undefined) throw new Error("the topology is not known yet");
    return this.#directory;
  }

  /** The caller's region. */
  get region(): string {
    return this.#region ?? "";
  }

  /**
   * Learns the topology for the first time: from `given`, or by asking the endpoints until the
   * deadline.
   * @throws {MeridianError} REGION_UNAVAILABLE when nobody answers.
   */
  async start(given: TopologySnapshot | undefined, deadlineMs: number): Promise<void> {
    if (given !== undefined) this.#adopt(given);
    const { runtime, endpoints } = this.#options;
    const deadlineAtMs = runtime.nowMs() + deadlineMs;
    let last: unknown;
    while (this.#directory === undefined) {
      try {
        await this.#ask(endpoints);
      } catch (error) {
        last = error;
        if (runtime.nowMs() >= deadlineAtMs || this.#isClosed) throw unreachable(endpoints, last);
        await new Promise<void>((resolve) => runtime.after(hedgeMs, resolve));
      }
      if (this.#isClosed) throw unreachable(endpoints, last);
    }
    this.#schedule();
  }

  /** Asks again, soon. Many calls are one round. */
  refresh(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Asks no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  async #refresh(): Promise<void> {
    const { runtime, pool, endpoints } = this.#options;
    const waitMs = this.#refreshedAtMs + refreshMinMs - runtime.nowMs();
    if (waitMs > 0) await new Promise<void>((resolve) => runtime.after(waitMs, resolve));
    this.#refreshedAtMs = runtime.nowMs();
    if (this.#isClosed) return;
    try {
      const near = { kind: "cluster", cluster: this.directory.region } as const;
      const places = this.directory.candidates(near).map(({ address }) => address);
      await this.#ask([...new Set([...pool.addresses(), ...endpoints, ...places])]);
    } catch {
      // What is known stays; whoever needs a node retries and comes here again.
    }
  }

  #schedule(): void {
    const { runtime } = this.#options;
    this.#cancelTimer = runtime.after(refreshMs * (0.75 + runtime.random() / 2), () => {
      void this.refresh();
      if (!this.#isClosed) this.#schedule();
    });
  }

  /** Asks one after the other, the next before the last has given up; the first answer counts. */
  #ask(addresses: readonly string[]): Promise<void> {
    const asked = addresses.slice(0, askedMax);
    return new Promise((resolve, reject) => {
      let open = asked.length;
      let place = 0;
      let isDone = false;
      let cancelHedge = (): void => undefined;
      const askNext = (): void => {
        cancelHedge();
        const address = asked[place];
        place += 1;
        if (address === undefined || isDone) return;
        cancelHedge = this.#options.runtime.after(hedgeMs, askNext);
        this.#askOne(address).then(
          (topology) => {
            if (isDone) return;
            isDone = true;
            cancelHedge();
            this.#adopt(topology);
            resolve();
          },
          (error: unknown) => {
            open -= 1;
            if (isDone) return;
            if (open === 0) {
              cancelHedge();
              reject(error as Error);
            } else askNext();
          },
        );
      };
      if (asked.length === 0) reject(new MeridianError("BAD_ARGUMENTS", "no endpoint is given"));
      else askNext();
    });
  }

  async #askOne(address: string): Promise<ITopologyResponse> {
    const pooled = this.#options.pool.to(address);
    const { channel } = pooled;
    try {
      const topology = await this.#within(channel.topology({ deadlineMs: callMs }));
      pooled.heardAtMs = this.#options.runtime.nowMs();
      // It has just begun: without the zones every path would seem to be the global tier's.
      if (topology.zones.length === 0 && topology.regions.length === 0) {
        throw new MeridianError("REGION_UNAVAILABLE", `${address} does not know the zones yet`);
      }
      this.#region ??= (await this.#within(channel.status({ deadlineMs: callMs }))).region;
      return topology;
    } catch (error) {
      // What other streams go over it shows by itself whether it is dead; an idle one is given up.
      if (pooled.heardAtMs === -Infinity) this.#options.pool.discard(pooled);
      throw error;
    }
  }

  /** Channels keep deadlines by themselves; this holds for those that do not know any. */
  #within<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#options.runtime.after(callMs, () => {
        reject(new MeridianError("DEADLINE", "no answer about the topology"));
      });
      call.finally(cancel).then(resolve, reject);
    });
  }

  #adopt(topology: TopologySnapshot): void {
    if (this.#isClosed) return;
    const known = this.#snapshot;
    const isOlder = (topology.zonesVersion ?? 0) < (known.zonesVersion ?? 0);
    // A node that lags behind may know the nodes better than the zones.
    const zones = isOlder ? known : topology;
    this.#snapshot = {
      nodes: topology.nodes,
      regions: topology.regions,
      zones: zones.zones,
      zonesVersion: zones.zonesVersion,
    };
    const { runtime } = this.#options;
    this.#directory = new Directory(this.#snapshot, this.region, () => runtime.random());
  }
}

function unreachable(endpoints: readonly string[], cause: unknown): MeridianError {
  if (cause instanceof MeridianError && cause.code === "BAD_ARGUMENTS") return cause;
  const message = `no endpoint answers: ${endpoints.join(", ")}`;
  return new MeridianError("REGION_UNAVAILABLE", message, { cause });
}
