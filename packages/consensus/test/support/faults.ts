import type { Random } from "../../src/index.ts";

/** Probabilities per step of the unsafe phase, drawn once per run so that runs differ in kind. */
export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMax: number;
  readonly diskDelay: number;
  readonly crash: number;
  readonly partition: number;
  readonly transfer: number;
  readonly snapshot: number;
  readonly change: number;
  readonly pause: number;
  /** That a crash takes the log with it. */
  readonly damage: number;
}

/** Nothing goes wrong. */
export const calm: Faults = {
  loss: 0,
  duplication: 0,
  delayMax: 1,
  diskDelay: 0,
  crash: 0,
  partition: 0,
  transfer: 0,
  snapshot: 0,
  change: 0,
  pause: 0,
  damage: 0,
};

/** Draws a kind of run. */
export function drawFaults(random: Random, changing: boolean): Faults {
  const some = (most: number): number => (random() < 0.3 ? 0 : random() * most);
  return {
    loss: some(0.3),
    duplication: some(0.2),
    delayMax: 1 + Math.floor(some(8)),
    diskDelay: some(0.8),
    crash: some(0.03),
    partition: some(0.02),
    transfer: some(0.02),
    snapshot: some(0.05),
    pause: some(0.02),
    damage: some(0.6),
    change: changing ? some(0.1) : 0,
  };
}
