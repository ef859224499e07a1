import { randomOf } from "@meridian/replica/harness";

/** Everything that is drawn before a run begins. */
export interface Setup {
  readonly clients: number;
  readonly snapshotEntries: number;
  readonly keptEntries: number;
  /** How far the monotonic clocks of nodes run too fast or too slow, as a share. */
  readonly drift: number;
  /** How long things go wrong. */
  readonly safetyMs: number;
  /** Mean time between two faults. */
  readonly faultGapMs: number;
  /** Mean time between two steps of a client. */
  readonly thinkMs: number;
  /** Names of the faults that strike. */
  readonly faults: readonly string[];
  /** An operator changes the members. */
  readonly operated: boolean;
  /** Chance that a write which was not synced survives a crash. */
  readonly keepUnsynced: number;
}

/** Draws what a run is made of, always the same for a seed. */
export class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = randomOf(seed ^ 0x5e7_0000);
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  /** One of the items. */
  pick<T>(...items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** Each seed has another mix of faults: all of them at once hide each other. */
  setup(faults: readonly string[]): Setup {
    const often = 0.25 + this.random() * 0.5;
    const some = faults.filter(() => this.random() < often);
    return {
      clients: 1 + this.below(3),
      snapshotEntries: 8 + this.below(25),
      keptEntries: this.below(8),
      drift: this.pick(0, 0, 0.01, 0.05),
      safetyMs: 4_000 + this.below(4_000),
      faultGapMs: 200 + this.below(600),
      thinkMs: 60 + this.below(200),
      faults: some.length > 0 ? some : ["crash"],
      operated: this.random() < 0.65,
      keepUnsynced: this.random() < 0.5 ? 0 : this.random() * 0.2,
    };
  }
}

/** One line a field. */
export function describe(drawn: object): readonly string[] {
  return Object.entries(drawn).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
}
