import type { Command } from "commander";

import type { GuardOptions, LockOptions } from "../recipe/options.ts";
import { platformOptions, wholeNumber } from "./options.ts";

const maxMs = 2 ** 31 - 1;

/** Running a command while something is held. */
export function addRecipeCommands(program: Command): void {
  recipe(program, "lock", "run a command while holding a lock", [
    "lock /locks/billing -- ./bill-customers.sh",
    "lock /locks/billing --wait 5000 -- sh -c 'echo $MERIDIAN_FENCING_TOKEN'",
    "lock /locks/prices --shared -- ./read-prices.sh",
  ])
    .option("--shared", "hold it together with others that hold it shared")
    .action(async (path: string, command: readonly string[], options: LockOptions) => {
      const { lock } = await import("../recipe/lock.ts");
      process.exitCode = await lock(path, command, options);
    });
  recipe(program, "elect", "run a command while being the leader; waits until elected", [
    "elect /election/scheduler -- ./scheduler",
    "elect /election/scheduler --name host-7 --session-timeout 5000 -- ./scheduler",
  ]).action(async (path: string, command: readonly string[], options: GuardOptions) => {
    const { elect } = await import("../recipe/elect.ts");
    process.exitCode = await elect(path, command, options);
  });
}

function recipe(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = program.command(`${name} <path> <command...>`).description(description);
  return platformOptions(command)
    .option("--wait <ms>", "give up after this long, with exit code 3", wholeNumber(0, maxMs))
    .option("--timeout <ms>", "the same as --wait", wholeNumber(0, maxMs))
    .option("--name <name>", "what others see of the holder (default: host and process id)")
    .option(
      "--session-timeout <ms>",
      "when this process is gone, the next one has it after this long (default: 10000)",
      wholeNumber(1, maxMs),
    )
    .addHelpText(
      "after",
      `
The command finds in its environment
  $MERIDIAN_FENCING_TOKEN   a number that grows with every holder: have what you write to refuse
                            lower ones
  $MERIDIAN_HELD_NODE       the node that stands for it: a multi that checks it happens only while
                            it is held

It is told to end (SIGTERM, two seconds later SIGKILL) when what it runs under is lost. Its exit
code becomes that of meridian, or 128 and the number of the signal that ended it; 3 says that it
never ran. Who is stopped or swapped out notices nothing: only the token protects from that.

Examples:
${examples.map((example) => `  $ meridian ${example}`).join("\n")}`,
    );
}
