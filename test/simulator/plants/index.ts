import type { Plant } from "../plant.ts";
import { consensusPlants } from "./consensus.ts";
import { platformPlants } from "./platform.ts";
import { recipePlants } from "./recipes.ts";
import { replicaPlants } from "./replica.ts";
import { storagePlants } from "./storage.ts";
import { treePlants } from "./tree.ts";
import { watchPlants } from "./watches.ts";

/** All bugs that can be planted. */
export const plants: readonly Plant[] = [
  ...consensusPlants,
  ...storagePlants,
  ...replicaPlants,
  ...treePlants,
  ...watchPlants,
  ...platformPlants,
  ...recipePlants,
];

/** The bug of a name. @throws {Error} when there is none. */
export function plantOf(name: string): Plant {
  const found = plants.find((plant) => plant.name === name);
  if (found === undefined) throw new Error(`no bug is called ${name}`);
  return found;
}
