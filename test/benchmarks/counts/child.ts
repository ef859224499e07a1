import { execFile } from "node:child_process";
import { environmentOf, type SourceChange } from "../../simulator/plant.ts";
import type { Measured } from "./worker.ts";

/**
 * The same instructions for the same source, whatever else goes on: nothing is optimized, or
 * compiled in the background, and nothing is collected while memory is counted.
 */
const flags: readonly string[] = [
  "--single-threaded",
  "--no-opt",
  "--no-sparkplug",
  "--no-lazy-feedback-allocation",
  "--hash-seed=1",
  "--random-seed=1",
  "--expose-gc",
  "--min-semi-space-size=256",
  "--max-semi-space-size=256",
];

const simulator: string = `${import.meta.dirname}/../../simulator`;

/** Starts the sources, with a planted change, if any. */
const loaders: readonly string[] = [
  "--import",
  `${simulator}/plant-loader.mjs`,
  "--import",
  "tsx",
  "--import",
  `${import.meta.dirname}/plain-names.mjs`,
  "--conditions=@meridian/source",
];

/** Counts what workloads take, all of them if none is named, in a process of their own. */
export function measure(
  names: readonly string[],
  change?: SourceChange,
): Promise<readonly Measured[]> {
  const argv = [...flags, ...loaders, `${import.meta.dirname}/worker.ts`, ...names];
  const env = { ...process.env, ...(change === undefined ? {} : environmentOf(change)) };
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 1 << 26 };
    execFile(process.execPath, argv, options, (error, output, errors) => {
      if (error === null) resolve(JSON.parse(output) as readonly Measured[]);
      else reject(new Error(`counting failed: ${errors}`, { cause: error }));
    });
  });
}
