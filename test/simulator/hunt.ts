import { availableParallelism } from "node:os";
import { Fleet } from "./fleet.ts";
import { environmentOf, occurrences, type Plant } from "./plant.ts";
import { nodeArguments, seedMsMax } from "./run.ts";
import type { Outcome } from "./scenario.ts";

/** What became of one planted bug. */
export interface Hunted {
  readonly plant: Plant;
  /** Seed that noticed it; undefined: it escaped. */
  readonly seed: number | undefined;
  /** Seeds that were run until then. */
  readonly tried: number;
  /** First line of what was noticed. */
  readonly noticed: string;
  readonly elapsedMs: number;
}

/** Failures of the harness itself, which prove nothing about the bug. */
class PlantError extends Error {
  override readonly name = "PlantError";
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
  const found = occurrences(plant);
  if (found !== 1) {
    throw new PlantError(`the text of ${plant.name} is ${found} times in ${plant.file}, not once`);
  }
  const startedMs = performance.now();
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
  return { plant, seed, tried, noticed, elapsedMs: performance.now() - startedMs };
}
