/** The peers as they are, for a moment each. */
import { expect, test, type TestContext } from "vitest";

import { etcdStarter, startEtcd } from "../../src/peers/etcd.ts";
import { startZookeeper, zookeeperStarter } from "../../src/peers/zookeeper.ts";
import type { Starter } from "../../src/system.ts";
import { asked, tryOut, type TryOut } from "./try-out.ts";

test("ZooKeeper does every workload, outlives its leader, and leaves nothing", async (context) => {
  await skipWithout(context, zookeeperStarter);
  // Its virtual machines may stay cold: nobody measures.
  const tried = await tryOut((place) => startZookeeper(place, { rehearsalSeconds: 0 }));
  expect(faultsOf(tried)).toEqual([]);
});

test("etcd does every workload, outlives its leader, and leaves nothing", async (context) => {
  await skipWithout(context, etcdStarter);
  expect(faultsOf(await tryOut(startEtcd))).toEqual([]);
});

async function skipWithout(context: TestContext, starter: Starter): Promise<void> {
  const found = await starter.find();
  context.skip(!found.installed, `needs ${starter.name}: ${found.installed ? "" : found.reason}`);
}

/** Whatever is not as it should be. */
function faultsOf({ results, measured, leaders, last, processes }: TryOut): readonly string[] {
  const { create, "paced-write": paced, "fan-out": told } = results;
  const loops = [results.write, results.read, results["strict-read"], last];
  const right: Readonly<Record<string, boolean>> = {
    "no operation fails": [...Object.values(results), last].every(({ failures }) => failures === 0),
    "all is told when it is measured": measured === Object.keys(results).length + 1,
    "all keys are created": create.operations === asked.keys,
    "loops go round": loops.every(({ operations }) => operations > 100),
    "loops cost time": loops.every(({ processorMs }) => processorMs > 0),
    "latencies are in order": loops.every(
      ({ latencyUs: { p50, p99, max } }) => p50 > 0 && p50 <= p99 && p99 <= max,
    ),
    "pace is kept": paced.operations > 20 && paced.operations < 40,
    "all watchers are told of all": told.operations === asked.watchers * asked.changes,
    "another server leads":
      leaders.length === new Set(leaders).size && !leaders.includes(undefined),
    "three servers run": processes[0] === 3,
    "none is left": processes[1] === 0,
  };
  return Object.keys(right).filter((property) => right[property] !== true);
}
