/**
 * `worker.ts NAME...`: runs workloads in this process and prints what each operation of them took
 * as JSON, all of them if none is named. Started by `child.ts`, with the flags that it needs.
 */
import { type Case, cases } from "./cases.ts";
import { counters, type Counts } from "./counter.ts";
import { Meters } from "./meters.ts";

/** What the operations of one workload took, each, on average. */
export interface Measured {
  readonly name: string;
  /** How many were counted. */
  readonly operations: number;
  readonly counts: Counts;
  /** Calls by function, as "package/file function". */
  readonly calls: Readonly<Record<string, number>>;
}

/** Before it is counted, each workload runs for a part of that. */
const warmUpShare = 0.2;

async function measured({ name, operations, start }: Case): Promise<Measured> {
  const { ground, run } = await start();
  await run(Math.ceil(operations * warmUpShare));
  const { counts, calls } = await new Meters(ground).measure(() => run(operations));
  const each = (count: number): number => Math.round((count / operations) * 1_000) / 1_000;
  return {
    name,
    operations,
    counts: Object.fromEntries(counters.map((one) => [one, each(counts[one])])) as Counts,
    calls: Object.fromEntries([...calls].map(([of, count]) => [of, each(count)])),
  };
}

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (cases.some((one) => one.name === name)) continue;
  const known = cases.map((one) => JSON.stringify(one.name)).join(", ");
  process.stderr.write(`there is no workload ${JSON.stringify(name)}; known are: ${known}\n`);
  process.exit(2);
}
const chosen = cases.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const results: Measured[] = [];
for (const one of chosen) results.push(await measured(one));
process.stdout.write(JSON.stringify(results));
process.exit(0);
