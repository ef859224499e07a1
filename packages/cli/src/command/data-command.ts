import { Option, type Command } from "commander";

import { outputOption, platformOptions, wholeNumber } from "./options.ts";

/** Greatest number of milliseconds that a timer takes. */
const maxMs = 2 ** 31 - 1;

/** A command that reads: how fresh, besides what all data commands take. */
export function readCommand(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return dataCommand(program, name, description, examples)
    .addOption(
      new Option(
        "--consistency <level>",
        "how fresh (default: what the zone of the path gives)",
      ).choices(["strict", "regional", "eventual", "quorum"]),
    )
    .option("--max-staleness <ms>", "refuse older data", wholeNumber(0, maxMs));
}

/** A command that writes. */
export function writeCommand(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return dataCommand(program, name, description, examples).addHelpText(
    "after",
    "\nData is taken as it stands; - reads it from stdin.",
  );
}

/** A command on the data of a platform, with examples in its help. */
export function dataCommand(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = program.command(name).description(description);
  platformOptions(command)
    .option("--token <token>", "causal token of an earlier command: see at least what it saw")
    .option("--timeout <ms>", "give up after this long", wholeNumber(1, maxMs))
    .addHelpText(
      "after",
      `\nExamples:\n${examples.map((example) => `  $ meridian ${example}`).join("\n")}`,
    );
  return outputOption(command);
}
