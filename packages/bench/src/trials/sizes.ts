/** How large the trials are. */
export interface TrialSizes {
  /** Leaders killed in a region, one after the other. */
  readonly leaderCrashes: number;
  /** Times that the primary region is lost. */
  readonly regionLosses: number;
  /** Writes that are followed on their way to other regions and edges. */
  readonly propagatedWrites: number;
  /** Reads at an edge. */
  readonly edgeReads: number;
  /** Nodes of the largest tree. */
  readonly znodes: number;
  /** Sessions of the largest crowd. */
  readonly sessions: number;
}

const defaults: TrialSizes = {
  leaderCrashes: 10,
  regionLosses: 3,
  propagatedWrites: 500,
  edgeReads: 2_000,
  znodes: 1_000_000,
  sessions: 10_000,
};

const variables: Readonly<Record<keyof TrialSizes, string>> = {
  leaderCrashes: "MERIDIAN_BENCH_CRASHES",
  regionLosses: "MERIDIAN_BENCH_REGION_LOSSES",
  propagatedWrites: "MERIDIAN_BENCH_PROPAGATED",
  edgeReads: "MERIDIAN_BENCH_EDGE_READS",
  znodes: "MERIDIAN_BENCH_ZNODES",
  sessions: "MERIDIAN_BENCH_SESSIONS",
};

/**
 * The sizes that an environment asks for.
 * @throws {RangeError} when one of its variables is no positive whole number.
 */
export function sizesOf(environment: NodeJS.ProcessEnv): TrialSizes {
  const size = (key: keyof TrialSizes): number => {
    const text = environment[variables[key]];
    if (text === undefined || text === "") return defaults[key];
    const value = Number(text);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw new RangeError(`${variables[key]} has to be a positive whole number: found ${text}`);
  };
  return {
    leaderCrashes: size("leaderCrashes"),
    regionLosses: size("regionLosses"),
    propagatedWrites: size("propagatedWrites"),
    edgeReads: size("edgeReads"),
    znodes: size("znodes"),
    sessions: size("sessions"),
  };
}
