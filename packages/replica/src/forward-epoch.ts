/** Epochs that one member may begin within a term. */
const epochsPerTerm = 2 ** 20;

/**
 * First epoch of a term. Epochs of later terms are greater, so that a leader can tell a late
 * forward.
 */
export function firstEpochOf(term: number): number {
  return term * epochsPerTerm;
}

/** Term that an epoch belongs to. */
export function termOfEpoch(epoch: number): number {
  return Math.floor(epoch / epochsPerTerm);
}
