import { createHash } from "node:crypto";
import type { Failure, Outcome, Scenario } from "./scenario.ts";

/** A seed that failed, and why. */
export interface FailedSeed extends Failure {
  readonly seed: number;
}

/** How much of a kind of thing was exercised. */
export interface Exercised {
  readonly kind: string;
  /** How often in all. */
  readonly total: number;
  /** Share of seeds in which it happened at all. */
  readonly share: number;
  /** What the share must be; undefined: anything. */
  readonly required: number | undefined;
}

/** Runs of fewer seeds prove nothing by what they did not exercise. */
const vacuitySeedsMin = 100;
/** A run with more failures than this ends: they are one failure, most likely. */
const failuresMax = 25;

/** Adds outcomes up. */
export class Tally {
  readonly hashes: Map<number, string> = new Map();
  readonly failures: FailedSeed[] = [];
  readonly #totals = new Map<string, { total: number; seeds: number }>();
  readonly #required: Scenario["required"];

  constructor(required: Scenario["required"]) {
    this.#required = required;
  }

  /** Takes an outcome in. True: too much failed for going on to be of use. */
  add({ seed, hash, counts, failure }: Outcome): boolean {
    this.hashes.set(seed, hash);
    if (failure !== undefined) this.failures.push({ seed, ...failure });
    for (const [kind, count] of Object.entries(counts)) {
      const known = this.#totals.get(kind) ?? { total: 0, seeds: 0 };
      known.total += count;
      if (count > 0) known.seeds += 1;
      this.#totals.set(kind, known);
    }
    return this.failures.length >= failuresMax;
  }

  /** Seeds that were run. */
  get seeds(): number {
    return this.hashes.size;
  }

  /** One hash over those of all seeds, in the order of the seeds. */
  get hash(): string {
    const hash = createHash("sha256");
    for (const [seed, one] of this.#inOrder()) hash.update(`${seed} ${one}\n`);
    return hash.digest("hex").slice(0, 16);
  }

  /** Hashes of the seeds, in their order. */
  get seedHashes(): readonly { readonly seed: number; readonly hash: string }[] {
    return this.#inOrder().map(([seed, hash]) => ({ seed, hash }));
  }

  /** All kinds that were counted or are required, by name. */
  get exercised(): readonly Exercised[] {
    const passed = Math.max(1, this.seeds - this.failures.length);
    const kinds = new Set([...this.#totals.keys(), ...Object.keys(this.#required)]);
    return [...kinds].sort().map((kind) => {
      const { total, seeds } = this.#totals.get(kind) ?? { total: 0, seeds: 0 };
      return { kind, total, share: seeds / passed, required: this.#required[kind] };
    });
  }

  /** What was exercised too rarely for the run to say anything. */
  get missing(): readonly Exercised[] {
    if (this.seeds < vacuitySeedsMin) return [];
    return this.exercised.filter(
      ({ share, required }) => required !== undefined && share < required,
    );
  }

  #inOrder(): readonly (readonly [number, string])[] {
    return [...this.hashes].sort(([a], [b]) => a - b);
  }
}
