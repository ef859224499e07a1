import type { MultiError } from "@meridian/client";

import { usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { statJson } from "./format.ts";
import { readStdin } from "./input.ts";
import { parseOperation } from "./operation.ts";
import type { WriteOptions } from "./options.ts";
import { withMeridian } from "./session.ts";

/** `meridian multi`: operations from the arguments, or without any from the lines of stdin. */
export async function multi(lines: readonly string[], options: WriteOptions): Promise<ExitCode> {
  const given = lines.length > 0 ? lines : (await readStdin()).toString("utf8").split("\n");
  const operations = given
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => parseOperation(line));
  if (operations.length === 0) throw usageError("multi needs at least one operation");
  await withMeridian(options, async (meridian) => {
    const { parts, receipt } = await meridian.multi(operations).catch((error: unknown) => {
      tellParts(error, given);
      throw error;
    });
    if (options.output === "json") {
      const results = parts.map(({ path, stat }) => {
        return stat === undefined ? { path } : { path, stat: statJson(stat) };
      });
      await printJson({ parts: results, receipt, token: meridian.token });
    } else await print(parts.map(({ path }) => `${path}\n`).join(""));
  });
  return exitCodes.ok;
}

/** Says on stderr which part was refused: the error itself carries only the reason. */
function tellParts(error: unknown, lines: readonly string[]): void {
  if (!(error instanceof Error) || !("parts" in error)) return;
  for (const [index, code] of (error as MultiError).parts.entries()) {
    if (code !== "") process.stderr.write(`meridian: ${code}: ${lines[index] ?? ""}\n`);
  }
}
