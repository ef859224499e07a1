import { CommanderError } from "commander";

import { exitCodes } from "./failure/exit-code.ts";
import { failureOf, reportFailure } from "./failure/report.ts";
import { createProgram } from "./program.ts";

/**
 * Runs `meridian` with the arguments after the program's name; sets the exit code of the process.
 */
export async function main(args: readonly string[]): Promise<void> {
  // Arguments after `--` belong to a command that is run, `-o json` among them does not concern
  // this program.
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const output = asksForJson(own) ? "json" : "text";
  process.stdout.on("error", endQuietly);
  try {
    await createProgram(output).parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      if (output === "json" && error.exitCode !== 0) {
        const message = error.message.replace(/^error: /, "");
        const { usage: exitCode } = exitCodes;
        reportFailure({ exitCode, code: "BAD_ARGUMENTS", message, retryable: false }, output);
      }
      return;
    }
    const failure = failureOf(error);
    process.exitCode = failure.exitCode;
    reportFailure(failure, output);
  }
}

/** A reader that went away (`meridian watch / | head -1`) is no failure of ours. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
}

/** Known before the arguments are parsed, because errors of parsing are told in the same format. */
function asksForJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      arg === "--output=json" ||
      arg === "-ojson" ||
      ((arg === "-o" || arg === "--output") && args[index + 1] === "json"),
  );
}
