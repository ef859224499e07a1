import { randomOf } from "@meridian/replica/harness";

/** Kinds of trouble that a seed may draw from. */
export const faultKinds = [
  "crash",
  "torn write",
  "power cut",
  "partition",
  "one-way cut",
  "clog",
  "delay",
  "flaky",
  "pause",
  "wall jump",
  "slow disk",
  "broken disk",
  "full disk",
  "transfer",
  "damage",
  "wipe",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Everything that is drawn before a run begins. */
export interface Setup {
  readonly voters: number;
  readonly learners: number;
  readonly clients: number;
  readonly snapshotEntries: number;
  readonly keptEntries: number;
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly jitterTicks: number;
  /** How far the monotonic clocks of nodes run too fast or too slow, as a share. */
  readonly drift: number;
  /** How long things go wrong. */
  readonly safetyMs: number;
  /** Mean time between two faults. */
  readonly faultGapMs: number;
  /** Mean time between two operations of a client. */
  readonly thinkMs: number;
  readonly faults: readonly FaultKind[];
  /** An operator changes the members. */
  readonly operated: boolean;
  /** Chance that a write which was not synced survives a crash. */
  readonly keepUnsynced: number;
}

/** Draws a setup. Each seed has another mix of faults: all of them at once hide each other. */
export function setupOf(seed: number): Setup {
  const random = randomOf(seed ^ 0x5e7_0000);
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <T>(...items: readonly T[]): T => items[below(items.length)] as T;
  const voters = pick(1, 2, 3, 3, 3, 3, 3, 4, 5, 5);
  const often = 0.25 + random() * 0.5;
  const faults = faultKinds.filter(() => random() < often);
  return {
    voters,
    learners: pick(0, 0, 1, 2),
    clients: 1 + below(3),
    snapshotEntries: 8 + below(25),
    keptEntries: below(8),
    tickMs: pick(50, 100),
    electionTicks: 6 + below(4),
    jitterTicks: 4 + below(4),
    drift: pick(0, 0, 0.01, 0.05),
    safetyMs: 4_000 + below(4_000),
    faultGapMs: 200 + below(600),
    thinkMs: 60 + below(200),
    faults: faults.length > 0 ? faults : ["crash"],
    operated: random() < 0.5,
    keepUnsynced: random() < 0.5 ? 0 : random() * 0.2,
  };
}

/** One line a field. */
export function describe(setup: Setup): readonly string[] {
  return Object.entries(setup).map(([name, value]) => `${name}: ${String(value)}`);
}
