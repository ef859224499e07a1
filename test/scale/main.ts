import { parseArgs } from "node:util";
import { Cluster } from "../system/support/cluster.ts";
import { Scratch } from "../system/support/scratch.ts";
import { Crowd } from "./crowd.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "10000" },
    watches: { type: "string", default: "10" },
    killed: { type: "string", default: "1000" },
    loaders: { type: "string", default: "3" },
    timeout: { type: "string", default: "12000" },
    single: { type: "string", default: "100" },
    kills: { type: "string", default: "3" },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  await using scratch = new Scratch("scale");
  await using cluster = await Cluster.start(scratch, 3);
  const startedMs = performance.now();
  const crowd = new Crowd(cluster, {
    sessions: Number(values.sessions),
    watchesPerSession: Number(values.watches),
    timeoutMs: Number(values.timeout),
    killed: Number(values.killed),
    loaders: Number(values.loaders),
    single: Number(values.single),
    sessionsPerConnection: 100,
    leaderKills: Number(values.kills),
    say: (line) => console.info(`${Math.round(performance.now() - startedMs)} ${line}`),
  });
  console.info(JSON.stringify(await crowd.run(), undefined, 2));
  return 0;
}
