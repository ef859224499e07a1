import type { MultiError, MultiOperation } from "@meridian/client";

import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { failureOf } from "../failure/report.ts";
import { print, printJson } from "../output/print.ts";
import { statJson } from "./format.ts";
import { readInput } from "./input.ts";
import { interruption } from "./interruption.ts";
import { parseOperation } from "./operation.ts";
import { parseOperationsJson } from "./operation-json.ts";
import type { WriteOptions } from "./options.ts";
import { untilInterrupted, withMeridian } from "./session.ts";

/**
 * `meridian multi`: operations from the arguments, or without any from a file or stdin, as lines or
 * as JSON. When one is refused none is done, and each is told of.
 */
export async function multi(
  lines: readonly string[],
  options: WriteOptions & { readonly file?: string | undefined },
): Promise<ExitCode> {
  const { file, output } = options;
  if (file !== undefined && lines.length > 0) {
    throw usageError("operations stand in the arguments or in --file, not in both");
  }
  const operations =
    lines.length > 0 ? lines.flatMap(argumentOf) : operationsOf(await readInput(file));
  if (operations.length === 0) throw usageError("multi needs at least one operation");
  const isHeld = operations.some(isEphemeral);
  const interrupted = isHeld ? interruption() : undefined;
  await withMeridian(options, async (meridian) => {
    const { parts, receipt } = await meridian.multi(operations).catch((error: unknown) => {
      throw refusal(error, operations, output);
    });
    if (output === "json") {
      const results = parts.map(({ path, stat }, place) => {
        const kind = operations[place]?.kind;
        return stat === undefined ? { kind, path } : { kind, path, stat: statJson(stat) };
      });
      await printJson({ parts: results, receipt, token: meridian.token });
    } else await print(parts.map(({ path }) => `${path}\n`).join(""));
    if (interrupted === undefined) return;
    const owner = parts.find(({ stat }) => (stat?.ephemeralOwner ?? 0) > 0)?.stat?.ephemeralOwner;
    await untilInterrupted(meridian, interrupted, owner ?? 0);
  });
  return exitCodes.ok;
}

/** Operations out of a text: JSON, or one on a line with comments after #. */
export function operationsOf(text: string): readonly MultiOperation[] {
  if (isJson(text)) return parseOperationsJson(text);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => parseOperation(line));
}

/** An argument is one operation, whatever lines its data has; or JSON. */
function argumentOf(text: string): readonly MultiOperation[] {
  return isJson(text) ? parseOperationsJson(text) : [parseOperation(text.trim())];
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/**
 * What became of each operation of a multi that was refused: people are told on stderr which ones
 * failed, programs get one entry for each.
 */
function refusal(
  error: unknown,
  operations: readonly MultiOperation[],
  output: "text" | "json",
): unknown {
  if (!(error instanceof Error) || !("parts" in error)) return error;
  const { parts: codes, outcomes } = error as MultiError;
  const parts = operations.map(({ kind, path }, place) => {
    const code = codes[place] ?? "";
    return { kind, path, outcome: outcomes[place], code: code === "" ? null : code };
  });
  if (output === "text") {
    for (const [place, { kind, path, code }] of parts.entries()) {
      if (code === null) continue;
      const which = `${place + 1} of ${parts.length}`;
      process.stderr.write(`meridian: operation ${which}: ${kind} ${path}: ${code}\n`);
    }
  }
  const { exitCode, code, message, retryable } = failureOf(error);
  const told = { cause: error, retryable, details: { parts } };
  return new CommandError(exitCode, code, `${message}; nothing was done`, told);
}

function isEphemeral(operation: MultiOperation): boolean {
  if (operation.kind !== "create") return false;
  return operation.ephemeral === true || operation.mode?.startsWith("ephemeral") === true;
}
