import { availableParallelism } from "node:os";
import { Fleet } from "./fleet.ts";
import { environmentOf, misfit, type Plant } from "./plant.ts";
import { nodeArguments, seedMsMax } from "./run.ts";
import type { Outcome } from "./scenario.ts";

/** What became of one planted bug. */
export interface Hunted {
  readonly plant: Plant;
  /** Seed that noticed it; undefined: it escaped. */
  readonly seed: number | undefined;
  /** Seeds that were run until then. */
  readonly tried: number;
  /** First line of what was noticed; of a bug that could not be put in, why not. */
  readonly noticed: string;
  readonly elapsedMs: number;
}

/** Hunts bugs, as many at a time as there are cores; tells of each as it is done. */
export async function huntAll(
  plants: readonly Plant[],
  workers: number | undefined,
  signal: AbortSignal,
  onHunted: (hunted: Hunted) => void,
): Promise<readonly Hunted[]> {
  const rest = [...plants];
  const done: Hunted[] = [];
  const hunter = async (): Promise<void> => {
    for (let plant = rest.shift(); plant !== undefined; plant = rest.shift()) {
      if (signal.aborted) return;
      const hunted = await hunt(plant, signal);
      done.push(hunted);
      onHunted(hunted);
    }
  };
  const count = Math.min(workers ?? availableParallelism(), plants.length);
  await Promise.all(Array.from({ length: count }, hunter));
  return done;
}

/** Runs seeds from 1 on with a bug in place, one after the other, until one fails. */
async function hunt(plant: Plant, signal: AbortSignal): Promise<Hunted> {
  const startedMs = performance.now();
  const unfit = misfit(plant);
  if (unfit !== undefined) {
    return { plant, seed: undefined, tried: 0, noticed: unfit, elapsedMs: 0 };
  }
  let seed: number | undefined;
  let noticed = "";
  let tried = 0;
  const fleet = new Fleet({
    scenario: plant.scenario,
    from: 1,
    to: plant.seedsMax,
    workers: 1,
    seedMsMax,
    nodeArguments,
    environment: environmentOf(plant),
    onOutcome: ({ seed: of, failure }: Outcome) => {
      tried += 1;
      if (failure === undefined) return false;
      seed = of;
      noticed = failure.error.split("\n")[0] ?? "";
      return true;
    },
  });
  const stop = (): void => fleet.stop();
  signal.addEventListener("abort", stop);
  await fleet.run();
  signal.removeEventListener("abort", stop);
  const elapsedMs = performance.now() - startedMs;
  // Sources that were edited meanwhile make every seed fail, which proves nothing about the bug.
  const grown = misfit(plant);
  if (grown !== undefined) return { plant, seed: undefined, tried, noticed: grown, elapsedMs };
  return { plant, seed, tried, noticed, elapsedMs };
}
