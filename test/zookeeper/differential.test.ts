/**
 * The same random script in ZooKeeper and in a regional cluster. `MERIDIAN_ZOOKEEPER_SEED` chooses
 * other scripts than the usual ones, `MERIDIAN_ZOOKEEPER_OPERATIONS` how long the first one is.
 */
import { zookeeperInstallation } from "@meridian/bench";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { Scratch } from "../system/support/scratch.ts";
import { differencesOf, type Verdict } from "./comparison.ts";
import { report } from "./report.ts";
import { scriptOf, type ScriptOptions } from "./script.ts";
import { Stage, type StageOptions, startZookeeper } from "./stage.ts";
import { hasZookeeper, type ZookeeperServer } from "./zookeeper-server.ts";

vi.setConfig({ testTimeout: 300_000 });

const seed = Number(process.env["MERIDIAN_ZOOKEEPER_SEED"] ?? 1);
const operations = Number(process.env["MERIDIAN_ZOOKEEPER_OPERATIONS"] ?? 10_000);
const clientOperations = 2_000;
const snapshotOperations = 1_500;
const realOperations = 1_000;
/** From here on every documented difference has to turn up. */
const manyOperations = 10_000;

let zookeeperScratch: Scratch | undefined;
/** One for all tests: each begins at a node of its own. */
let server: ZookeeperServer | undefined;

beforeAll(async () => {
  if (!hasZookeeper) return;
  zookeeperScratch = new Scratch("zookeeper");
  server = await startZookeeper(zookeeperScratch);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await zookeeperScratch?.[Symbol.asyncDispose]();
});

test(`${operations} operations do the same as in ZooKeeper (seed ${seed})`, async (context) => {
  context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
  const how = { cluster: "emulated", through: "protocol" } as const;
  const { mismatches, used } = await outcome("", how, { operations, abandons: 1 });
  expect(mismatches).toEqual([]);
  if (operations < manyOperations) return;
  const names = differencesOf("protocol").map(({ name }) => name);
  const unused = names.filter((name) => used.get(name) === 0);
  expect(unused, "documented differences that nothing shows").toEqual([]);
});

test(`so they do through the client, while members are killed (seed ${seed})`, async (context) => {
  context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
  const how = { cluster: "emulated", through: "client" } as const;
  const { mismatches } = await outcome("--client", how, { operations: clientOperations });
  expect(mismatches).toEqual([]);
});

test(`so they do while members come back from snapshots (seed ${seed})`, async (context) => {
  context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
  const how = { cluster: "emulated", through: "client", snapshotEntries: 200 } as const;
  const script = { operations: snapshotOperations, watches: false };
  const { mismatches } = await outcome("--client --snapshots", how, script);
  expect(mismatches).toEqual([]);
});

test(`so they do with three server processes (seed ${seed})`, async (context) => {
  context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
  const how = { cluster: "real", through: "protocol" } as const;
  const { mismatches } = await outcome("--real", how, { operations: realOperations });
  expect(mismatches).toEqual([]);
});

/** Does a script at both sides. Prints what came of it, and how to have it again. */
async function outcome(
  option: string,
  how: Omit<StageOptions, "seed" | "scratch" | "server">,
  of: Partial<ScriptOptions> & Pick<ScriptOptions, "operations">,
): Promise<Verdict> {
  const options = { seed, abandons: 0, ...of };
  const script = scriptOf(options);
  await using scratch = new Scratch("zookeeper");
  await using stage = await Stage.start({ ...how, server, seed, scratch });
  const startedMs = performance.now();
  const verdict = await stage.run(script);
  console.info(report(script, verdict, performance.now() - startedMs));
  const { operations: length, abandons } = options;
  const chosen = `--seed ${seed} --operations ${length} --abandons ${abandons} ${option}`;
  if (verdict.mismatches.length > 0) console.info(`npm run zookeeper -- ${chosen} --shrink`);
  return verdict;
}
