/**
 * The same random script in ZooKeeper and in a regional cluster. `MERIDIAN_ZOOKEEPER_SEED` and
 * `MERIDIAN_ZOOKEEPER_OPERATIONS` choose another script than the usual one.
 */
import { expect, test } from "vitest";

import { Scratch } from "../system/support/scratch.ts";
import { answerDifferences } from "./differences.ts";
import { report } from "./report.ts";
import { scriptOf } from "./script.ts";
import { Stage } from "./stage.ts";
import { hasZookeeper, zookeeperInstallation } from "./zookeeper-server.ts";

const seed = Number(process.env["MERIDIAN_ZOOKEEPER_SEED"] ?? 1);
const operations = Number(process.env["MERIDIAN_ZOOKEEPER_OPERATIONS"] ?? 10_000);

test(
  `${operations} random operations do the same as in ZooKeeper (seed ${seed})`,
  { timeout: 300_000 },
  async (context) => {
    context.skip(!hasZookeeper, `needs ZooKeeper: ${zookeeperInstallation}`);
    const script = scriptOf({ seed, operations, abandons: 1 });
    await using scratch = new Scratch("zookeeper");
    await using stage = await Stage.start({
      cluster: "emulated",
      through: "protocol",
      seed,
      scratch,
    });
    const startedMs = performance.now();
    const verdict = await stage.run(script);
    const said = report(script, verdict, performance.now() - startedMs);
    console.info(said);
    const again = `npm run zookeeper -- --seed ${seed} --operations ${operations} --shrink`;
    expect(verdict.mismatches, `${said}\n${again}`).toEqual([]);
    if (operations < 10_000) return;
    const unused = answerDifferences
      .map(({ name }) => name)
      .filter((name) => verdict.used.get(name) === 0);
    expect(unused, "documented differences that nothing shows").toEqual([]);
  },
);
