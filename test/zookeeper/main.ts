import { parseArgs } from "node:util";

import { zookeeperInstallation } from "@meridian/bench";

import { Scratch } from "../system/support/scratch.ts";
import { report } from "./report.ts";
import { scriptOf } from "./script.ts";
import { prefix, shrink } from "./shrink.ts";
import { Stage } from "./stage.ts";
import { hasZookeeper } from "./zookeeper-server.ts";

const usage = `Does random scripts in ZooKeeper and in a regional cluster, and compares the
results.

  npm run zookeeper -- [--seed N] [--runs N] [--operations N] [--abandons N] [--real] [--shrink]

  --seed        of the first script, 1 by default; the next ones count on
  --runs        how many scripts, 1 by default
  --operations  of each script, 10000 by default
  --abandons    sessions of each script that end by their timeout, 2 by default
  --real        three server processes instead of a cluster within this process
  --client      through the client that applications use, which orders less
  --snapshots   with --client: members come back from snapshots, and nobody watches
  --shrink      looks for a smaller script that fails, and prints it

Exit code: 0 no difference but the documented ones, 1 others, 2 it cannot be run.`;

/** Attempts at a smaller script; each takes a second or more. */
const shrinkTriesMax = 300;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1" },
    operations: { type: "string", default: "10000" },
    abandons: { type: "string", default: "2" },
    real: { type: "boolean", default: false },
    client: { type: "boolean", default: false },
    snapshots: { type: "boolean", default: false },
    shrink: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) console.log(usage);
else if (!hasZookeeper) {
  console.error(`needs ZooKeeper: ${zookeeperInstallation}`);
  process.exitCode = 2;
} else await runAll();

async function runAll(): Promise<void> {
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.runs); seed += 1) {
    const isSame = await runOne(seed);
    if (!isSame) process.exitCode = 1;
  }
}

async function runOne(seed: number): Promise<boolean> {
  const operations = Number(values.operations);
  const snapshotEntries = values.snapshots ? 200 : undefined;
  // The client always says goodbye.
  const abandons = values.client ? 0 : Number(values.abandons);
  const script = scriptOf({ seed, operations, abandons, watches: !values.snapshots });
  await using scratch = new Scratch("zookeeper");
  const cluster = values.real ? "real" : "emulated";
  const through = values.client ? "client" : "protocol";
  await using stage = await Stage.start({ cluster, through, snapshotEntries, seed, scratch });
  const startedMs = performance.now();
  const verdict = await stage.run(script);
  const elapsedMs = performance.now() - startedMs;
  console.log(`seed ${seed}: ${report(script, verdict, elapsedMs)}`);
  const [mismatch] = verdict.mismatches;
  if (mismatch === undefined) return true;
  if (!values.shrink) return false;
  const fails = async (smaller: typeof script): Promise<boolean> =>
    (await stage.run(smaller)).mismatches.length > 0;
  const failing = prefix(script, mismatch.id);
  const smallest = await shrink((await fails(failing)) ? failing : script, fails, shrinkTriesMax);
  for (const step of smallest) console.log(JSON.stringify(step));
  console.log(report(smallest, await stage.run(smallest), 0));
  return false;
}
