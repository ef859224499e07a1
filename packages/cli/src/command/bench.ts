import { Option, type Command } from "commander";

import type { CompareOptions, RunOptions } from "../bench/options.ts";
import { outputOption, platformOptions, wholeNumber } from "./options.ts";

const secondsMax = 86_400;
const countMax = 1_000_000;

/** `bench …`: load on a platform, and Meridian beside others on this machine. */
export function addBenchCommands(program: Command): void {
  const bench = program
    .command("bench")
    .description("measure: load on a running platform, or a comparison with ZooKeeper and etcd");
  addRun(bench);
  addCompare(bench);
}

function addRun(bench: Command): void {
  const command = bench
    .command("run")
    .description("put load on a running platform and tell its rates and latencies")
    .option("--mix <kind=share,...>", "of read, strict-read, write, create", "read=80,write=20")
    .option("--rate <n>", "operations a second, whether answered or not", wholeNumber(1, countMax))
    .option("--outstanding <n>", "under way at any time (default: 100)", wholeNumber(1, 100_000))
    .option("--connections <n>", "clients, with a session each", wholeNumber(1, 10_000), 1)
    .option("--seconds <n>", "of load", wholeNumber(1, secondsMax), 10)
    .option("--warm-up <n>", "seconds of load before it counts", wholeNumber(0, secondsMax), 1)
    .option("--value-bytes <n>", "of each value", wholeNumber(0, 1 << 20), 256)
    .option("--keys <n>", "nodes that it goes round", wholeNumber(1, countMax), 1_000)
    .option(
      "--prefix <path>",
      "parent of the nodes; its zone decides the tier (default: own region)",
    )
    .addOption(
      new Option("--consistency <level>", "of reads (default: what the zone gives)").choices([
        "strict",
        "regional",
        "eventual",
        "quorum",
      ]),
    )
    .option("--keep", "leave the nodes behind")
    .addHelpText(
      "after",
      `
With --rate, latencies count from when an operation was due. What is created is deleted at the end.

Examples:
  $ meridian bench run
  $ meridian bench run --mix write=100 --outstanding 1000 --region us-west
  $ meridian bench run --mix read=95,write=5 --rate 2000 --connections 10 --prefix /global/load
  $ meridian bench run --mix read=100 --consistency eventual -o json`,
    );
  outputOption(platformOptions(command)).action(async (options: RunOptions) => {
    const { run } = await import("../bench/run.ts");
    process.exitCode = await run(options);
  });
}

function addCompare(bench: Command): void {
  bench
    .command("compare")
    .description("measure Meridian beside ZooKeeper and etcd on this machine, in one run")
    .option("--peers <names>", "systems beside Meridian; empty for none", "etcd,zookeeper")
    .option("--only <names>", "rows to measure, by name or the beginning of names")
    .option("--seconds <n>", "of load for each figure", wholeNumber(1, secondsMax), 5)
    .option("--warm-up <n>", "seconds of load before it counts", wholeNumber(0, secondsMax), 2)
    .option("--rounds <n>", "figures are medians of so many", wholeNumber(1, 1_000), 3)
    .option("--data <dir>", "where the data lies (default: the directory for temporary files)")
    .option(
      "--base-port <n>",
      "first of 200 ports that may be used",
      wholeNumber(1024, 65_000),
      17_600,
    )
    .option("--from <file>", "show what an earlier run printed as JSON, and measure nothing")
    .option("--embed <file>", "also put the table between its markers in a Markdown file")
    .addOption(
      new Option("-o, --output <format>", "output format")
        .choices(["text", "json", "markdown"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
Starts a cluster of three of each on loopback, with default durability, one system after the other.
Systems that are not installed are left out.

Examples:
  $ meridian bench compare -o json > result.json
  $ meridian bench compare --from result.json -o markdown
  $ meridian bench compare --only write,latency --peers zookeeper --seconds 10`,
    )
    .action(async (options: CompareOptions) => {
      const { compare } = await import("../bench/compare.ts");
      process.exitCode = await compare(options);
    });
}
