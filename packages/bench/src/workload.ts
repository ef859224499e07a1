/**
 * What a loader does to a cluster: the same for every system.
 *
 * | kind          | loop                                                                     |
 * | ------------- | ------------------------------------------------------------------------ |
 * | `create`      | creates the keys that do not exist, and ends then, whatever `seconds` is |
 * | `write`       | overwrites one key after the other; whatever fails is done again         |
 * | `read`        | reads where the connection leads, as this system reads by default        |
 * | `strict-read` | reads that see every write acknowledged before they were sent            |
 * | `paced-write` | writes at `ratePerSecond`, whether or not earlier ones are answered      |
 * | `fan-out`     | changes one key `changes` times; each time all `watchers` have to know   |
 */
export interface Workload {
  readonly kind: "create" | "write" | "read" | "strict-read" | "paced-write" | "fan-out";
  /** Clients, each with a connection and, where there is such a thing, a session of its own. */
  readonly connections: number;
  /** Operations under way at any time, in total over all connections. */
  readonly outstanding: number;
  /** Of `paced-write`, over all connections. */
  readonly ratePerSecond?: number;
  readonly valueBytes: number;
  /** Keys that the operations go round. All kinds but `create` expect them to exist. */
  readonly keys: number;
  /** Of load that is not counted, before the load that is. */
  readonly warmUpSeconds: number;
  /** Of load that is counted. */
  readonly seconds: number;
  /**
   * Of `fan-out`: clients, each with a session (where there is such a thing) and one watch of its
   * own on the one key. Several watches of one session would be told of a change once. Where
   * sessions can share a connection, they are spread over `connections`.
   */
  readonly watchers?: number;
  /** Of `fan-out`: how often the key is changed, one change after the other. */
  readonly changes?: number;
}

/** What came of a workload, without its warm-up. */
export interface LoadResult {
  /** Operations that were answered well; of `fan-out`: notifications that arrived. */
  readonly operations: number;
  /** Operations that were refused or lost. */
  readonly failures: number;
  /** How long it took. */
  readonly seconds: number;
  /**
   * Microseconds from when an operation was sent to its answer; of `paced-write` from when it was
   * due; of `fan-out` from when a change was sent until the last watcher had it, for each change.
   */
  readonly latencyUs: Latency;
  /** Processor time of the loader, of all its threads. */
  readonly processorMs: number;
  /** Longest time without a successful answer, over all connections. */
  readonly longestGapMs: number;
}

/** Percentiles of latencies, in microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** How the one who asked for a workload is told of it. */
export interface LoadEvents {
  /** Ends the load; `run` rejects with its reason. */
  readonly signal: AbortSignal;
  /** Called once: the warm-up is over, from now on it counts. */
  readonly onMeasuring?: () => void;
}
