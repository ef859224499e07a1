import { Command } from "commander";

import { addBenchCommands } from "./command/bench.ts";
import { addChaosCommands } from "./command/chaos.ts";
import { addCompletionCommands } from "./command/completion.ts";
import { addDataCommands } from "./command/data.ts";
import { addEventCommands } from "./command/events.ts";
import { addFleetCommands } from "./command/fleet.ts";
import { addPlatformCommands } from "./command/platform.ts";
import { addQuotaCommands } from "./command/quota.ts";
import { addRecipeCommands } from "./command/recipe.ts";
import type { Output } from "./command/options.ts";
import { version } from "./version.ts";

/**
 * All commands of `meridian`. What a command does is loaded when it runs: a command that only reads
 * does not wait for what a server needs. With JSON output, errors of parsing are left to the caller
 * to tell.
 */
export function createProgram(output: Output): Command {
  const program = new Command("meridian")
    .description(
      "Hierarchical multi-region coordination: strict, regional and eventual data in one tree",
    )
    .version(version())
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 other failure, 2 usage, 3 unavailable or deadline, 4 no such node,\n" +
        "5 conflict, 6 permission or residency, 7 consistency refused, 8 partial.\n" +
        "Environment: MERIDIAN_TOPOLOGY, MERIDIAN_ENDPOINTS, MERIDIAN_REGION.\n",
    );
  if (output === "json") program.configureOutput({ writeErr: () => {} });
  addPlatformCommands(program);
  addDataCommands(program);
  addEventCommands(program);
  addRecipeCommands(program);
  addQuotaCommands(program);
  addFleetCommands(program);
  addChaosCommands(program);
  addBenchCommands(program);
  addCompletionCommands(program);
  return program;
}
