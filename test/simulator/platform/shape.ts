import type { GroupPlan, VotersPlan } from "@meridian/replica/harness";

/** A source of numbers in [0, 1). */
export type Chance = () => number;

/** Regions of every platform: the first three hold primary, secondary and witnesses. */
export const regions = ["us-east", "eu-central", "us-central", "ap-south", "us-west"] as const;

/** Groups of the global tier, in the order of their preference; each in the region at its place. */
export const globalGroups = ["primary", "secondary", "witness"] as const;

/** Sizes of a platform. */
export interface Shape {
  readonly global: GroupPlan;
  readonly regional: readonly GroupPlan[];
  /** Region of each edge. */
  readonly edges: readonly string[];
  /** Region of each client. */
  readonly clients: readonly string[];
  /** Entries between two snapshots of a member, and kept behind one. */
  readonly snapshotEntries: number;
  readonly keptEntries: number;
  /** One-way delays between two regions, by their places in `regions`. */
  readonly delaysMs: ReadonlyMap<string, number>;
}

/** An integer in [from, to). */
export function between(chance: Chance, from: number, to: number): number {
  return from + Math.floor(chance() * (to - from));
}

/** One of several. */
export function oneOf<T>(chance: Chance, items: readonly T[]): T {
  const item = items[Math.floor(chance() * items.length)];
  if (item === undefined) throw new Error("there is nothing to choose from");
  return item;
}

/** One of several, by their weights. */
export function weighted<T>(chance: Chance, items: readonly (readonly [number, T])[]): T {
  let left = chance() * items.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, item] of items) {
    left -= weight;
    if (left < 0) return item;
  }
  const first = items[0];
  if (first === undefined) throw new Error("there is nothing to choose from");
  return first[1];
}

/** Draws the sizes of a platform: mostly small, for speed; one in fifty is as large as can be. */
export function drawShape(chance: Chance): Shape {
  const isFull = chance() < 0.02;
  const voters = isFull ? [5, 5, 3] : [between(chance, 2, 4), between(chance, 2, 4), 0];
  if (!isFull) voters[2] = between(chance, 1, 4);
  const groups = globalGroups.map((name, rank): VotersPlan => {
    const region = regions[rank] ?? "";
    return { name, region, voters: voters[rank] ?? 1, witness: name === "witness" };
  });
  const edges = Array.from({ length: isFull ? 5 : between(chance, 2, 4) }, () => {
    return oneOf(chance, regions);
  });
  return {
    global: { cluster: "global", voters: 0, groups },
    regional: regions.map((cluster) => {
      if (isFull) return { cluster, voters: 3, observers: 1 };
      const observers = chance() < 0.15 ? 1 : 0;
      return { cluster, voters: chance() < 0.5 ? 1 : 3, observers };
    }),
    edges,
    clients: Array.from({ length: between(chance, 3, 6) }, () => oneOf(chance, regions)),
    snapshotEntries: oneOf(chance, [40, 100, 400]),
    keptEntries: oneOf(chance, [5, 20, 100]),
    delaysMs: drawDelays(chance),
  };
}

/** The key of the way from one region to another. */
export function wayBetween(a: string, b: string): string {
  return [a, b].sort().join(" ");
}

function drawDelays(chance: Chance): ReadonlyMap<string, number> {
  const delays = new Map<string, number>();
  for (const a of regions) {
    for (const b of regions) {
      if (a < b) delays.set(wayBetween(a, b), between(chance, 8, 90));
    }
  }
  return delays;
}
