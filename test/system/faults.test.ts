/** A short run of `test/faults`: the leader killed, the leader stopped, the leading region lost. */
import { expect, test } from "vitest";

import { describeReport } from "../faults/report.ts";
import { run } from "../faults/run.ts";
import { printFigure } from "./support/figures.ts";
import { Scratch } from "./support/scratch.ts";

const seed = 20_261_120;
/** Half a minute when nothing else runs; every fault may take its time to heal. */
const timeoutMs = 300_000;

test(
  "histories stay linearizable while leaders die, stop and lose their region",
  async () => {
    await using scratch = new Scratch("faults");
    const say = (line: string): void => printFigure(`seed ${seed}`, line);
    const report = await run({ seed, seconds: 20, profile: "compact", scratch, say });
    printFigure(`seed ${seed}`, describeReport(report));
    if (report.broken.length > 0) scratch.keep();
    expect(report.broken, `history: ${report.history}`).toEqual([]);
  },
  timeoutMs,
);
