import type { Counts } from "./counter.ts";

/** What a workload runs on, as far as counting goes. */
export interface Ground {
  /** What it has counted itself since the beginning. */
  tally(): Partial<Counts>;
  /** Lets so many turns pass in which nothing happens; absent where nobody counts turns. */
  idle?(turns: number): Promise<void>;
}
