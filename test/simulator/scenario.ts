/** How often each kind of thing happened in a seed. */
export type Counts = Readonly<Record<string, number>>;

/** Where a scenario tells what happens. The same seed tells the same in every process. */
export interface Trace {
  /** Something happened. All is hashed; the last ones are kept for the report of a failure. */
  event(text: string): void;
  /** What was derived from the seed before anything happened; kept for the report of a failure. */
  setup(text: string): void;
}

/** Something that can be run under any seed. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly description: string;
  /** @throws {Error} when an invariant does not hold. @returns what was exercised. */
  run(seed: number, trace: Trace): Promise<Counts>;
  /**
   * What a long run must have exercised: least share of seeds in which the count is above 0. A run
   * of a hundred seeds or more fails without.
   */
  readonly required: Readonly<Record<string, number>>;
}

/** What became of one seed. */
export interface Outcome {
  readonly seed: number;
  /** Of everything that happened, up to the failure if there was one. */
  readonly hash: string;
  readonly counts: Counts;
  readonly failure: Failure | undefined;
}

/** Why a seed failed, and what to begin with. */
export interface Failure {
  /** With the stack, if there is one. */
  readonly error: string;
  readonly setup: readonly string[];
  readonly lastEvents: readonly string[];
}

/**
 * Runs one seed; whatever it throws is in the outcome. `stray` rejects with what is thrown where
 * nobody catches it.
 */
export async function outcomeOf(
  scenario: Scenario,
  seed: number,
  makeTrace: () => HashedTrace,
  stray: Promise<never> = new Promise(() => undefined),
): Promise<Outcome> {
  const trace = makeTrace();
  try {
    const counts = await Promise.race([scenario.run(seed, trace), stray]);
    return { seed, hash: trace.hash(), counts, failure: undefined };
  } catch (thrown) {
    const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const { setupLines: setup, lastEvents } = trace;
    return { seed, hash: trace.hash(), counts: {}, failure: { error, setup, lastEvents } };
  }
}

/** A trace that can be compared and shown. */
export interface HashedTrace extends Trace {
  readonly setupLines: readonly string[];
  readonly lastEvents: readonly string[];
  hash(): string;
}
