import { Consistency, Tier, type IResponse, type IStat, type IWelcome } from "@meridian/wire";
import type { Position } from "./position.ts";
import type { ReadConsistency } from "./route.ts";

/** Metadata of a znode, as ZooKeeper's users know it. */
export type Stat = IStat;

/** Who served an answer. */
export interface ServedBy {
  readonly region: string;
  readonly node: string;
  /** "cache": a near cache of this process; then there is no node. */
  readonly tier: "global" | "regional" | "edge" | "cache";
}

/** What an answer delivered. */
export interface Receipt {
  readonly consistency: ReadConsistency;
  readonly servedBy: ServedBy;
  /** Place in the history of the cluster that owns the path, or of the serving one. */
  readonly position: Position;
  /** Upper bound of the age of the data in milliseconds; 0 when read at its owner. */
  readonly stalenessMs: number;
  /** The write is not final. */
  readonly provisional: boolean;
}

/** Makes the receipt of a response that came over a stream with this welcome. */
export function receiptOf(
  response: IResponse,
  welcome: IWelcome,
  servedBy: ServedBy,
  owner: string,
): Receipt {
  return {
    consistency: consistencyName(response.consistency),
    servedBy,
    position: positionOf(response, welcome, owner),
    stalenessMs: response.stalenessMs,
    provisional: response.provisional,
  };
}

/** The name of a consistency on the wire. What a newer server calls otherwise promises least. */
function consistencyName(number: number): ReadConsistency {
  switch (number) {
    case Consistency.STRICT:
      return "strict";
    case Consistency.REGIONAL:
      return "regional";
    case Consistency.QUORUM:
      return "quorum";
    default:
      return "eventual";
  }
}

/** The number of a consistency on the wire. */
export function consistencyNumber(name: ReadConsistency): number {
  switch (name) {
    case "strict":
      return Consistency.STRICT;
    case "regional":
      return Consistency.REGIONAL;
    case "eventual":
      return Consistency.EVENTUAL;
    case "quorum":
      return Consistency.QUORUM;
  }
}

/** Who is at the other end of a stream. */
export function servedByOf(welcome: IWelcome): ServedBy {
  return Object.freeze({
    region: welcome.region,
    node: welcome.node,
    tier: tierName(welcome.tier),
  });
}

function tierName(tier: number): ServedBy["tier"] {
  if (tier === Tier.GLOBAL) return "global";
  return tier === Tier.EDGE ? "edge" : "regional";
}

function positionOf(response: IResponse, welcome: IWelcome, owner: string): Position {
  if (owner !== welcome.cluster) {
    for (const position of response.positions) if (position.cluster === owner) return position;
  }
  const { cluster, incarnation } = welcome;
  return { cluster, incarnation, index: response.index };
}
