import type { Hunted } from "./hunt.ts";
import type { Plant } from "./plant.ts";

/** Names and meanings of all bugs. */
export function listOf(plants: readonly Plant[], json: boolean): string {
  if (json) {
    const documents = plants.map(({ name, what, file, scenario, seedsMax }) => {
      return { name, what, file, scenario, seedsMax };
    });
    return `${JSON.stringify(documents, undefined, 2)}\n`;
  }
  const lines = plants.map(({ name, what, scenario }) => {
    return `${name.padEnd(nameWidth)}${scenario.padEnd(10)} ${what}`;
  });
  return `${lines.join("\n")}\n`;
}

/** One line of the score. */
export function huntedLine({ plant, seed, tried, noticed, elapsedMs }: Hunted): string {
  const { name, scenario } = plant;
  const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
  const found = seed === undefined ? "ESCAPED" : `seed ${seed}`;
  const what = noticed === "" ? `${tried} seeds noticed nothing` : noticed.slice(0, 120);
  const place = `${scenario.padEnd(10)} ${found.padEnd(9)}${seconds.padStart(7)}`;
  return `${name.padEnd(nameWidth)}${place}  ${what}`;
}

/** The whole score, for programs or as a last line for people. */
export function scoreOf(hunted: readonly Hunted[], elapsedMs: number, json: boolean): string {
  const caught = hunted.filter(({ seed }) => seed !== undefined).length;
  if (!json) {
    const seconds = (elapsedMs / 1000).toFixed(0);
    return `${caught} of ${hunted.length} planted bugs were caught, in ${seconds} s\n`;
  }
  const plants = hunted.map(({ plant, seed, tried, noticed }) => {
    return { name: plant.name, scenario: plant.scenario, seed, tried, noticed };
  });
  return `${JSON.stringify({ caught, of: hunted.length, plants }, undefined, 2)}\n`;
}

const nameWidth = 34;
