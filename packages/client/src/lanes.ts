import type { Directory } from "./directory.ts";
import type { LaneContext } from "./lane-context.ts";
import { Lane } from "./lane.ts";
import { GLOBAL, type Destination } from "./route.ts";

/**
 * All lanes of a client, opened when first used: one with a session for each cluster that is
 * written to, and one without for each place that is only read. Bounded by the number of clusters.
 */
export class Lanes {
  readonly #context: LaneContext;
  readonly #directory: () => Directory;
  readonly #sessions = new Map<string, Lane>();
  readonly #readers = new Map<string, Lane>();
  #isClosed = false;

  constructor(context: LaneContext, directory: () => Directory) {
    this.#context = context;
    this.#directory = directory;
  }

  /** The lane with the session of a cluster. */
  session(cluster: string): Lane {
    let lane = this.#sessions.get(cluster);
    if (lane === undefined) {
      lane = new Lane(this.#context, {
        name: cluster,
        hasSession: true,
        followsLeader: true,
        unavailable: unavailable(cluster),
        candidates: () => this.#directory().candidates({ kind: "cluster", cluster }, "write"),
      });
      this.#sessions.set(cluster, lane);
      if (this.#isClosed) void lane.close();
    }
    return lane;
  }

  /**
   * The lane to read at a destination. Where there is a session, reads stay in order with its
   * writes.
   */
  reader(destination: Destination): Lane {
    if (destination.kind === "cluster") {
      const session = this.#sessions.get(destination.cluster);
      if (session?.isUsable === true) return session;
    }
    return this.stranger(destination);
  }

  /** The lane without a session to a destination. */
  stranger(destination: Destination): Lane {
    const cluster = destination.kind === "cluster" ? destination.cluster : "";
    const name = cluster === "" ? destination.kind : cluster;
    // Cluster names cannot hold a space, so that no cluster is taken for the edges.
    const key = cluster === "" ? ` ${name}` : name;
    let lane = this.#readers.get(key);
    if (lane === undefined) {
      lane = new Lane(this.#context, {
        name,
        hasSession: false,
        // Far away, a member that is no leader only adds its own way to the leader's.
        followsLeader: cluster !== "" && cluster !== this.#directory().region,
        unavailable: unavailable(cluster),
        candidates: () => this.#directory().candidates(destination),
      });
      this.#readers.set(key, lane);
      if (this.#isClosed) void lane.close();
    }
    return lane;
  }

  /** All lanes with a session. */
  sessions(): readonly Lane[] {
    return [...this.#sessions.values()];
  }

  /** Ends all sessions and everything that is open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#sessions.values(), ...this.#readers.values()];
    await Promise.all(all.map((lane) => lane.close()));
  }
}

function unavailable(cluster: string): "GLOBAL_UNAVAILABLE" | "REGION_UNAVAILABLE" {
  return cluster === GLOBAL ? "GLOBAL_UNAVAILABLE" : "REGION_UNAVAILABLE";
}
