import type { Command } from "commander";

import { outputOption, platformOptions, wholeNumber, type Output } from "./options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";

type Options = PlatformChoice & { readonly output: Output };

const load = () => import("../chaos/chaos.ts");

/** `chaos …`: faults on a local platform. */
export function addChaosCommands(program: Command): void {
  const chaos = program
    .command("chaos")
    .description("make faults on a local platform (meridian dev), and end them")
    .addHelpText(
      "after",
      `
Examples:
  $ meridian chaos partition apac            cut apac off from all other regions
  $ meridian chaos partition apac --from us-east --one-way
  $ meridian chaos delay eu-west --to us-east --ms 200
  $ meridian chaos kill us-east              kill -9 every process of the region
  $ meridian chaos restart us-east
  $ meridian chaos heal                      end all cuts and delays`,
    );
  faultCommand(
    chaos,
    "kill <region|node>",
    "kill -9 a region, or the process that hosts a node",
  ).action(async (target: string, options: Options) => {
    process.exitCode = await (await load()).kill(options, target, options.output);
  });
  faultCommand(chaos, "restart <region|node>", "start again what was killed").action(
    async (target: string, options: Options) => {
      process.exitCode = await (await load()).restart(options, target, options.output);
    },
  );
  faultCommand(chaos, "partition <region>", "cut a region off from all others, or from one")
    .option("--from <region>", "only from this region")
    .option("--one-way", "only what <region> sends is lost")
    .action(async (region: string, options: Options & { from?: string; oneWay?: true }) => {
      process.exitCode = await (await load()).partition(options, region, options, options.output);
    });
  faultCommand(chaos, "heal [region]", "end cuts and extra delays of a region, or all").action(
    async (region: string | undefined, options: Options) => {
      process.exitCode = await (await load()).heal(options, region, options.output);
    },
  );
  faultCommand(chaos, "delay <region>", "add delay between a region and all others, or one")
    .option("--to <region>", "only to and from this region")
    .requiredOption("--ms <n>", "extra delay each way; 0 takes it away", wholeNumber(0, 60_000))
    .action(async (region: string, options: Options & { to?: string; ms: number }) => {
      process.exitCode = await (await load()).delay(options, region, options, options.output);
    });
  faultCommand(chaos, "show", "processes, links, and the faults in force").action(
    async (options: Options) => {
      process.exitCode = await (await load()).show(options, options.output);
    },
  );
}

function faultCommand(chaos: Command, name: string, description: string): Command {
  return outputOption(platformOptions(chaos.command(name).description(description)));
}
