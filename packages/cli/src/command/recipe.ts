import type { Command } from "commander";

import type { GuardOptions } from "../recipe/options.ts";
import { platformOptions, wholeNumber } from "./options.ts";

const maxMs = 2 ** 31 - 1;

/** Running a command while something is held. */
export function addRecipeCommands(program: Command): void {
  recipe(program, "lock", "run a command while holding a lock", [
    "lock /locks/billing -- ./bill-customers.sh",
    "lock /locks/billing --wait 5000 -- sh -c 'echo $MERIDIAN_FENCING_TOKEN'",
  ])
    .option("--wait <ms>", "give up when the lock is not free by then", wholeNumber(0, maxMs))
    .action(async (path: string, command: readonly string[], options: GuardOptions) => {
      const { lock } = await import("../recipe/lock.ts");
      process.exitCode = await lock(path, command, options);
    });
  recipe(program, "elect", "run a command while being the leader; waits until elected", [
    "elect /election/scheduler -- ./scheduler",
  ])
    .option("--name <name>", "what others see as the leader (default: host and process id)")
    .action(
      async (
        path: string,
        command: readonly string[],
        options: GuardOptions & { name?: string },
      ) => {
        const { elect } = await import("../recipe/elect.ts");
        process.exitCode = await elect(path, command, options);
      },
    );
}

function recipe(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = program.command(`${name} <path> <command...>`).description(description);
  return platformOptions(command).addHelpText(
    "after",
    `
The command finds a number that grows with every holder in $MERIDIAN_FENCING_TOKEN. It is told to
end (SIGTERM, then SIGKILL) when what it runs under is lost. Its exit code becomes that of meridian.

Examples:
${examples.map((example) => `  $ meridian ${example}`).join("\n")}`,
  );
}
