import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type TestProjectInlineConfiguration, defineConfig } from "vitest/config";
import { LongestFirst } from "./longest-first.ts";

const root = resolve(import.meta.dirname, "..");

/** Where `.ci/run` wants the report as JSON; unset: no report. */
const report = process.env["MERIDIAN_TEST_REPORT"];

/** A project that runs the sources of the packages, never what was built of them. */
function fromSource(name: string, directory: string, include: string) {
  const conditions = ["@meridian/source"];
  return {
    extends: true,
    root: `${root}/${directory}`,
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    // A slow machine is no failure: what must not take long is measured by benchmarks.
    // Files of a worker share what they import: nothing below keeps state in modules, and to load
    // everything anew for each of some hundred files took a tenth of the whole run.
    test: { name, include: [include], isolate: false, testTimeout: 60_000, hookTimeout: 60_000 },
  } satisfies TestProjectInlineConfiguration;
}

/** System tests of pauses that have to be short beside a promise: they need the cores alone. */
const timed = ["process-loss", "region-loss", "saturation"];
const timedFiles = timed.map((name) => `${name}.test.ts`);

/** Real processes, started from what was built, after everything else. */
function fromBuilt(
  name: string,
  files: { include: string[]; exclude: string[] },
  order: { maxWorkers: number; groupOrder: number },
) {
  const { maxWorkers, groupOrder } = order;
  const timeouts = { testTimeout: 120_000, hookTimeout: 120_000 };
  return {
    extends: true,
    root: `${root}/test/system`,
    test: { name, ...files, ...timeouts, maxWorkers, sequence: { groupOrder } },
  } satisfies TestProjectInlineConfiguration;
}

export default defineConfig({
  root,
  test: {
    passWithNoTests: true,
    // Without it one core of two would idle.
    maxWorkers: availableParallelism(),
    sequence: { sequencer: LongestFirst },
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      ...readdirSync(`${root}/packages`, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !["decisions", "reference"].includes(entry.name))
        .map(({ name }) => fromSource(name, `packages/${name}`, "test/**/*.test.ts")),
      fromSource("repository", "test", "*.test.ts"),
      fromSource("simulator", "test/simulator", "**/*.test.ts"),
      fromSource("linearizability", "test/linearizability", "**/*.test.ts"),
      fromSource("faults", "test/faults", "**/*.test.ts"),
      fromSource("watch-model", "test/watch-model", "**/*.test.ts"),
      fromSource("benchmarks", "test/benchmarks", "*.test.ts"),
      fromSource("zookeeper", "test/zookeeper", "*.test.ts"),
      // Half of their time they wait, for elections and timeouts: three files run at a time.
      fromBuilt(
        "system",
        { include: ["*.test.ts"], exclude: timedFiles },
        { maxWorkers: 3, groupOrder: 1 },
      ),
      fromBuilt("times", { include: timedFiles, exclude: [] }, { maxWorkers: 1, groupOrder: 2 }),
    ],
  },
});
