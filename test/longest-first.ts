import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest: begun last, one of them would be all that still runs at the end. */
const long: readonly string[] = [
  "tour.test.ts",
  "faults.test.ts",
  "force-promote.test.ts",
  "partition.test.ts",
  "reference.test.ts",
  "differential.test.ts",
  "exploration.test.ts",
  "simulator.test.ts",
];

/** Begins with the files that take longest, so that no core idles while the last one ends. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      long.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
