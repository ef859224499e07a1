import type { Report } from "./run.ts";

/** A report for readers. */
export function describeReport(report: Report): string {
  const { faults, operations, strictWrites, longestStrictGap: gap, judgement, broken } = report;
  const { applied, refused, unknown, codes } = operations;
  const refusals = Object.entries(codes).map(([code, count]) => `${code} ${count}`);
  const { verdict, keys } = judgement;
  return [
    `faults (${faults.length}):`,
    ...faults.map(({ what, fromMs, toMs, healedMs }) => {
      const times = `${seconds(fromMs)} to ${seconds(toMs)} s, whole after ${seconds(healedMs)} s`;
      return `  ${what}: ${times}`;
    }),
    `operations: ${applied} done, ${refused} refused, ${unknown} of unknown fate`,
    `  ${refusals.length === 0 ? "all succeeded" : refusals.join(", ")}`,
    `strict writes: ${strictWrites}; longest time without one: ` +
      `${seconds(gap.toMs - gap.fromMs)} s, from ${seconds(gap.fromMs)} s on`,
    `registers: ${verdict} (${judgement.operations} operations on ${keys} keys)`,
    broken.length === 0 ? "passed" : `FAILED:\n${broken.map((what) => `  ${what}`).join("\n")}`,
  ].join("\n");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
