import { parseArgs } from "node:util";
import { compare, readBaseline, writeBaseline } from "./baseline.ts";
import { measure } from "./child.ts";
import { counters } from "./counter.ts";
import type { Measured } from "./worker.ts";

const usage = `Counts what the operations of fixed workloads take, and compares with baseline.json.

  npm run benchmark:counts -- [NAME...] [--update] [--functions]

  NAME          workloads; default: all
  --update      writes what was counted into baseline.json
  --functions   prints calls by function: compare those of two commits to see what was added

Status: 0; 1 when a count has grown; 2 when nothing could be counted.
`;

/** The command line. @returns the status to end with. */
async function main(argv: readonly string[]): Promise<number> {
  const flag = { type: "boolean" } as const;
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { update: flag, functions: flag, help: flag },
    allowPositionals: true,
  });
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const measured = await measure(positionals);
  if (values.functions === true) process.stdout.write(functionsOf(measured));
  else process.stdout.write(tableOf(measured));
  if (values.update === true) {
    writeBaseline(measured, positionals.length === 0);
    return 0;
  }
  const compared = measured.map((one) => compare(one, readBaseline()));
  for (const line of compared.flatMap(({ fallen }) => fallen)) process.stdout.write(`${line}\n`);
  const grown = compared.flatMap((one) => one.grown);
  for (const line of grown) process.stderr.write(`${line}\n`);
  return grown.length === 0 ? 0 : 1;
}

/** One column a workload. */
function tableOf(measured: readonly Measured[]): string {
  const width = Math.max(...counters.map((counter) => counter.length)) + 2;
  const widths = measured.map(({ name }) => Math.max(name.length, 8) + 2);
  const row = (first: string, cells: readonly string[]): string => {
    const padded = cells.map((cell, place) => cell.padStart(widths[place] ?? 0));
    return `${first.padEnd(width)}${padded.join("")}\n`;
  };
  const head = row(
    "per operation",
    measured.map(({ name }) => name),
  );
  const rows = counters.map((counter) =>
    row(
      counter,
      measured.map(({ counts }) => String(counts[counter])),
    ),
  );
  return head + rows.join("");
}

function functionsOf(measured: readonly Measured[]): string {
  return measured
    .map(({ name, calls }) => {
      const sorted = Object.entries(calls).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return `${name}\n${sorted.map(([key, count]) => `  ${key} ${count}\n`).join("")}`;
    })
    .join("");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
