import type { LoadEvents, LoadResult, Workload } from "./workload.ts";

/** The systems that are compared. */
export type SystemName = "meridian" | "zookeeper" | "etcd";

/** In the order in which they are measured and shown. */
export const systemNames: readonly SystemName[] = ["meridian", "zookeeper", "etcd"];

/** One server of a cluster, in a process of its own. */
export interface ServerProcess {
  readonly name: string;
  /** host:port for clients. */
  readonly address: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Directory of its data. */
  readonly data: string;
  /** Starts it again, on the data that it has; resolves at once. */
  start(): void;
  /** Kills it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /**
   * Bytes that it holds, without what nobody needs any more: servers with a collector grow to the
   * memory they are given whatever they hold. Where it is missing, resident memory says it.
   */
  liveBytes?(): Promise<number>;
}

/**
 * A cluster of three voters of one system on loopback, with its defaults and every write on disk
 * before it is acknowledged. Disposing ends its processes; the directory is the owner's to remove.
 */
export interface System extends AsyncDisposable {
  readonly name: SystemName;
  readonly servers: readonly ServerProcess[];
  /** The server that leads now; undefined when none says so. */
  leader(): Promise<ServerProcess | undefined>;
  /** Resolves when a write was acknowledged; @throws {Error} when none is within half a minute. */
  untilWritable(signal: AbortSignal): Promise<void>;
  /**
   * Runs a workload in a loader process, the system's own client in it.
   * @throws {Unmeasured} when the system has no such operation.
   */
  run(workload: Workload, events: LoadEvents): Promise<LoadResult>;
}

/** Why there is no figure for a system: it does not offer what a row measures. */
export class Unmeasured extends Error {
  override readonly name = "Unmeasured";
}

/** Where a cluster is to live. */
export interface Place {
  /** An empty directory. */
  readonly directory: string;
  /** First of `portsOfSystem` ports that are free. */
  readonly basePort: number;
  readonly signal: AbortSignal;
}

/** How many ports a cluster may take from its base port on. */
export const portsOfSystem = 20;

/** What is known of a system on this machine. */
export type Installation =
  | {
      readonly installed: true;
      readonly version: string;
      /** The client that makes the load, and settings that are not the system's defaults. */
      readonly notes: readonly string[];
    }
  | {
      readonly installed: false;
      /** What is missing, and the command that installs it. */
      readonly reason: string;
    };

/** Finds and starts the clusters of one system. */
export interface Starter {
  readonly name: SystemName;
  find(): Promise<Installation>;
  /** Resolves when the cluster takes writes. Nothing is left when it rejects. */
  start(place: Place): Promise<System>;
}
