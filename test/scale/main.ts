import { join } from "node:path";
import { parseArgs } from "node:util";
import { Cluster } from "../system/support/cluster.ts";
import { Scratch } from "../system/support/scratch.ts";
import { Crowd } from "./crowd.ts";
import { watchedBy } from "./loop-log.ts";
import { saturate } from "./saturate.ts";
import { watchSlowly } from "./slow.ts";

const usage = `Many sessions and watches on one regional cluster of three servers: what it costs.

  npm run scale -- crowd [--sessions N] [--watches N] [--killed N] [--leader-kills N] [--timeout MS]
                         [--rest MS] [--nice N]
  npm run scale -- slow [--watchers N] [--events N] [--bytes N]
  npm run scale -- saturate [--seconds N] [--factor N] [--writers N] [--processes N] [--value N]

  crowd  N sessions with N watches each; one event to all of them; leaders are killed with
         kill -9, and at last a process with many clients
  slow   watchers that never read, while many events come by
  saturate  writers that ask for more than can be done, and what becomes of all that is asked for`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: "string", default: "10000" },
    watches: { type: "string", default: "10" },
    killed: { type: "string", default: "1000" },
    loaders: { type: "string", default: "3" },
    timeout: { type: "string", default: "12000" },
    single: { type: "string", default: "100" },
    nice: { type: "string", default: "5" },
    "leader-kills": { type: "string", default: "3" },
    rest: { type: "string", default: "30000" },
    watchers: { type: "string", default: "50" },
    events: { type: "string", default: "200000" },
    bytes: { type: "string", default: "1024" },
    seconds: { type: "string", default: "600" },
    factor: { type: "string", default: "2.5" },
    writers: { type: "string", default: "8" },
    processes: { type: "string", default: "2" },
    value: { type: "string", default: "256" },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => process.exit(130));
  const [what] = positionals;
  if (what !== "crowd" && what !== "slow" && what !== "saturate") {
    console.error(usage);
    return 2;
  }
  await using scratch = new Scratch("scale");
  const logOf = (name: string): string => join(scratch.path, `${name}.loop`);
  const environmentOf = (name: string): Readonly<Record<string, string>> =>
    what === "crowd" ? watchedBy(logOf(name)) : {};
  await using cluster = await Cluster.start(scratch, 3, {}, { environmentOf });
  const startedMs = performance.now();
  const say = (line: string): void => {
    console.info(`${Math.round((performance.now() - startedMs) / 1_000)} s: ${line}`);
  };
  const run = { crowd: () => runCrowd(cluster, logOf, say), slow: runSlow, saturate: runSaturate };
  console.info(JSON.stringify(await run[what](cluster, say), undefined, 2));
  return 0;
}

function runCrowd(
  cluster: Cluster,
  logOf: (name: string) => string,
  say: (line: string) => void,
): Promise<object> {
  const crowd = new Crowd(cluster, {
    sessions: Number(values.sessions),
    watchesPerSession: Number(values.watches),
    timeoutMs: Number(values.timeout),
    killed: Number(values.killed),
    loaders: Number(values.loaders),
    single: Number(values.single),
    niceness: Number(values.nice),
    sessionsPerConnection: 100,
    leaderKills: Number(values["leader-kills"]),
    changes: 5,
    restMs: Number(values.rest),
    loopLogs: cluster.nodes.map(({ name }) => logOf(name)),
    say,
  });
  return crowd.run();
}

function runSlow(cluster: Cluster, say: (line: string) => void): Promise<object> {
  const { watchers, events, bytes } = values;
  const sizes = { watchers: Number(watchers), events: Number(events), bytes: Number(bytes) };
  return watchSlowly(cluster, { ...sizes, say });
}

function runSaturate(cluster: Cluster, say: (line: string) => void): Promise<object> {
  return saturate(cluster, {
    seconds: Number(values.seconds),
    probeSeconds: 5,
    factor: Number(values.factor),
    sessions: Number(values.writers),
    processes: Number(values.processes),
    bytes: Number(values.value),
    say,
  });
}
