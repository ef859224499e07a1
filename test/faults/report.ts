import type { Judgement } from "../linearizability/judge.ts";
import type { Report } from "./run.ts";

/** A report for readers. */
export function describeReport(report: Report): string {
  const { faults, operations, strictWrites, longestStrictGap: gap, broken } = report;
  const { applied, refused, unknown, codes } = operations;
  const refusals = Object.entries(codes).map(([code, count]) => `${code} ${count}`);
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
    `registers: ${verdict(report.registers)}`,
    `locks: ${verdict(report.locks)}`,
    broken.length === 0 ? "passed" : `FAILED:\n${broken.map((what) => `  ${what}`).join("\n")}`,
  ].join("\n");
}

function verdict({ verdict: found, operations, keys }: Judgement): string {
  return `${found} (${operations} operations on ${keys} keys)`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
