import { MeridianError } from "@meridian/wire";

/** Log indexes of one incarnation, 2^43: at a million writes a second, 278 years. */
const indexesPerIncarnation = 2 ** 43;
/** Beyond it a token would not be a safe integer any more. */
const incarnationMax = 2 ** 10;

/**
 * The fencing token of a node: it grows from each node of a cluster to the next, also through a
 * change of leader, the failover of the global tier, and a forced promotion, which begins a new
 * incarnation with lower indexes.
 *
 * A safe integer above 0. Tokens of different clusters cannot be compared: the path of a lock has
 * to stay in one zone.
 * @throws {MeridianError} CORRUPT for what cannot be the place of a node in a history.
 */
export function fencingToken(incarnation: number, czxid: number): number {
  if (!isWithin(incarnation, incarnationMax) || !isWithin(czxid, indexesPerIncarnation - 1)) {
    throw new MeridianError("CORRUPT", `no node was made at ${incarnation}:${czxid}`);
  }
  return (incarnation - 1) * indexesPerIncarnation + czxid;
}

function isWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= max;
}
