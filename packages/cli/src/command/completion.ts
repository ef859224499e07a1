import { Argument, type Command } from "commander";

import { completionScript, shells } from "../completion/script.ts";
import { print } from "../output/print.ts";

/** `completion`, and what its scripts ask. */
export function addCompletionCommands(program: Command): void {
  program
    .command("completion")
    .description("print a script that makes a shell complete commands, options, values and paths")
    .addArgument(new Argument("<shell>", "the shell that you type in").choices(shells))
    .addHelpText(
      "after",
      `
Paths of nodes and names of regions are asked for at the platform that the command line means; when
it does not answer at once, nothing is offered.

Examples:
  $ source <(meridian completion bash)                              now, in this shell
  $ meridian completion bash > ~/.local/share/bash-completion/completions/meridian
  $ meridian completion zsh > "\${fpath[1]}/_meridian"
  $ meridian completion fish > ~/.config/fish/completions/meridian.fish`,
    )
    .action(async (shell: string) => {
      await print(completionScript(shell));
    });
  program
    .command("__complete", { hidden: true })
    .argument("<form>", "line, or words")
    .argument("[words...]", "the command line up to the cursor")
    .action(async (form: string, words: readonly string[]) => {
      const { complete } = await import("../completion/completion.ts");
      await complete(program, form, words);
    });
}
