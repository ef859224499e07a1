import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, in that order: begun last, one of them would be all that still runs at
 * the end.
 */
const longest: readonly string[] = [
  "zookeeper/differential.test.ts",
  "simulator/simulator.test.ts",
  "consensus/test/exploration.test.ts",
  "benchmarks/counts.test.ts",
  "bench/test/peers/systems.test.ts",
  "storage/test/system-calls.test.ts",
  "storage/test/damage-sweep.test.ts",
  "consensus/test/convergence.test.ts",
  "storage/test/torn-tail.test.ts",
  "system/tour.test.ts",
  "system/force-promote.test.ts",
  "system/faults.test.ts",
  "system/reference.test.ts",
  "system/lifecycle.test.ts",
  "system/reads-and-writes.test.ts",
  "system/partition.test.ts",
  "system/damage.test.ts",
  "system/bench.test.ts",
  "system/command.test.ts",
  "system/membership.test.ts",
  "system/scale.test.ts",
  "system/refusals.test.ts",
];

/** Begins with the files that take longest, so that no core idles while the last one ends. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      return place < 0 ? longest.length : place;
    };
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
