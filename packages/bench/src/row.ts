import type { Place, System, SystemName } from "./system.ts";
import type { LoadResult, Workload } from "./workload.ts";

/**
 * One row of the comparison: one figure of each system, and a goal for Meridian's. Rows are values
 * in the registry (`rows.ts`); a row that needs another arrangement than a shared cluster makes it
 * from what its stage offers.
 */
export interface Row {
  /** Kebab-case; what `--only` takes. */
  readonly name: string;
  /** As in the table. */
  readonly title: string;
  /** Of the figure: "op/s", "ms", … */
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** In words, as in the table. */
  readonly goal: string;
  readonly systems: readonly SystemName[];
  /** Fewer rounds than asked for, for what is long and has many samples in itself. */
  readonly roundsMax?: number;
  /** One figure. @throws {Unmeasured} when the system has no such thing. */
  measure(stage: Stage): Promise<Measurement>;
  /** Whether the goal is met; null when that cannot be said, as for want of a peer. */
  judge(figures: Figures): boolean | null;
}

/** A figure, and whatever explains it. */
export interface Measurement {
  readonly value: number;
  /** Plain JSON: shares of the processors, percentiles, samples. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Medians over the rounds; null where there is none. */
export type Figures = Readonly<Record<SystemName, number | null>>;

/** What a row has to work with: one system, in one round. */
export interface Stage {
  readonly system: SystemName;
  readonly round: number;
  /** Of load to count, as asked for. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  /** The `meridian` program, to be run with `process.execPath`. */
  readonly program: string;
  /**
   * The cluster that rows of this system share in this round, with `standardKeys` keys; started
   * when first asked for.
   */
  cluster(): Promise<System>;
  /**
   * A cluster for the caller alone, and its to dispose of. The shared one is ended before, so that
   * it does not disturb; it begins anew when somebody asks for it.
   */
  ownCluster(): Promise<System>;
  /** An empty directory and free ports for other arrangements; removed at the end of the round. */
  place(): Promise<Place>;
  /** Runs a workload and notes the processor time of the servers beside that of the loader. */
  load(system: System, workload: Workload): Promise<MeasuredLoad>;
  /** What several rows share: done once in a round of a system. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** A line of progress. */
  say(line: string): void;
}

/** What came of a workload, and what it cost. */
export interface MeasuredLoad extends LoadResult {
  readonly operationsPerSecond: number;
  /** Processors that the loader kept busy: 1 is one core. */
  readonly loaderShare: number;
  /** Likewise of all servers together. */
  readonly serversShare: number;
  readonly serverProcessorUsPerOperation: number;
}

/** Bytes of values, and keys that they go over, unless a row says otherwise. */
export const standardValueBytes = 256;
/** See `standardValueBytes`. */
export const standardKeys = 10_000;
