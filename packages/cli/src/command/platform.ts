import { Option, type Command } from "commander";

import { collect, wholeNumber } from "./options.ts";
import type { DevOptions } from "../dev/dev.ts";

/** `dev` and `server`. */
export function addPlatformCommands(program: Command): void {
  program
    .command("dev")
    .description("run a whole platform of seven regions on this machine")
    .option("--data <dir>", "where everything is kept; the next start resumes it", ".meridian")
    .option("--wan <real|none|file>", "latency between regions: measured, none, or a table", "real")
    .option("--headless", "print one JSON line per event instead of a screen")
    .option(
      "--base-port <n>",
      "first port of the block that is used",
      wholeNumber(1024, 65_000),
      7400,
    )
    .addOption(
      new Option("--profile <profile>", "compact: a process per site; full: a process per node")
        .choices(["compact", "full"])
        .default("compact"),
    )
    .option(
      "--scenario <name>",
      "faults to make once ready: partition, primary-loss, slow-atlantic",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ meridian dev
  $ meridian dev --data /tmp/m --base-port 17400 --wan none
  $ meridian dev --headless | jq -c 'select(.event == "ready")'
  $ meridian dev --scenario partition`,
    )
    .action(async (options: DevOptions) => {
      const { dev } = await import("../dev/dev.ts");
      await dev(options);
      process.exit();
    });
  program
    .command("server")
    .description("run one node, or the nodes of one site, in this process")
    .requiredOption(
      "--config <file>",
      "configuration of a node; repeat it for several nodes",
      collect,
    )
    .addHelpText(
      "after",
      `
Examples:
  $ meridian server --config /etc/meridian/us-west-1.yaml
  $ meridian server --config node-1.yaml --config node-2.yaml`,
    )
    .action(async ({ config }: { config: readonly string[] }) => {
      const { runServer } = await import("../server/server.ts");
      process.exit(await runServer(config));
    });
}
