import { parseArgs } from "node:util";

import { Scratch } from "../system/support/scratch.ts";
import { describeReport } from "./report.ts";
import { run } from "./run.ts";

const usage = `Runs checked reads and writes on a local platform while faults go on, and judges what
the clients saw.

  npm run faults -- [--seconds N] [--seed N] [--profile full|compact] [--keep]

  --seconds  how long faults begin, 300 by default; the end takes up to two minutes more
  --seed     decides the faults; by default another one each time, printed at the beginning
  --profile  full, by default: a process for every node; compact: one for every site
  --keep     keep data, logs, history and report; after a failure they are kept in any case

Exit code: 0 everything as promised, 1 not, 2 wrong arguments.

Examples:
  npm run faults -- --seconds 300
  npm run faults -- --seconds 60 --seed 7 --keep`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = optionsOf();
  if (typeof options === "string") {
    console.error(options);
    return options === usage ? 0 : 2;
  }
  const { seconds, seed, profile, keep } = options;
  // The platform goes with this process: the scratch directory sees to it when it exits.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  await using scratch = new Scratch("faults");
  console.info(`seed ${seed}, ${seconds} s, in ${scratch.path}`);
  let isKept = keep;
  try {
    const report = await run({
      seed,
      seconds,
      profile,
      scratch,
      say: (line) => console.info(line),
    });
    console.info(describeReport(report));
    isKept ||= report.broken.length > 0;
    return report.broken.length > 0 ? 1 : 0;
  } catch (error) {
    isKept = true;
    throw error;
  } finally {
    if (isKept) {
      scratch.keep();
      console.info(`kept: ${scratch.path}
judge again: npm run judge -- ${scratch.path}/history.jsonl ${scratch.path}/locks.jsonl
same faults: npm run faults -- --seconds ${seconds} --seed ${seed} --profile ${profile}`);
    }
  }
}

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly profile: "compact" | "full";
  readonly keep: boolean;
}

function optionsOf(): Options | string {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "300" },
        seed: { type: "string", default: String(Date.now() % 1_000_000) },
        profile: { type: "string", default: "full" },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return usage;
    const seconds = Number(values.seconds);
    const seed = Number(values.seed);
    if (!(seconds > 0)) return `--seconds ${values.seconds}: expected a number above 0\n\n${usage}`;
    if (!Number.isSafeInteger(seed)) return `--seed ${values.seed}: expected a whole number`;
    const { profile, keep } = values;
    if (profile !== "full" && profile !== "compact") return `--profile ${profile}: full or compact`;
    return { seconds, seed, profile, keep };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}
