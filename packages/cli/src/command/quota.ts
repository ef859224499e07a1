import { InvalidArgumentError, type Command } from "commander";

import type { DataOptions } from "../data/options.ts";
import { dataCommand } from "./data-command.ts";
import { wholeNumber } from "./options.ts";

const load = () => import("../data/quota.ts");

/** `quota …`: bounds on subtrees. */
export function addQuotaCommands(program: Command): void {
  const quota = program
    .command("quota")
    .description("bounds on the nodes and bytes of subtrees, and what is used of them")
    .addHelpText(
      "after",
      `
A write that would go beyond a quota is refused with QUOTA_EXCEEDED (exit code 1); nothing is done.

Examples:
  $ meridian quota set /services/web --nodes 1000 --bytes 64MiB
  $ meridian quota ls
  $ meridian quota rm /services/web`,
    );
  dataCommand(quota, "ls [path]", "the quotas, what is used of each, and who enforces it", [
    "quota ls",
    "quota ls /services/web -o json",
  ]).action(async (path: string | undefined, options: DataOptions) => {
    process.exitCode = await (await load()).list(path, options);
  });
  dataCommand(quota, "set <path>", "bound the nodes, the bytes or both at or below a path", [
    "quota set /services/web --nodes 1000",
    "quota set /services/web --nodes 1000 --bytes 64MiB",
  ])
    .option("--nodes <n>", "at most this many nodes, that of the path among them", nodesOf)
    .option("--bytes <n>", "at most so much data and paths; KiB, MiB and GiB are known", bytesOf)
    .action(async (path: string, { nodes, bytes, ...options }: DataOptions & QuotaBounds) => {
      process.exitCode = await (await load()).put(path, { nodes, bytes }, options);
    });
  dataCommand(quota, "rm <path>", "end the quota of a path", ["quota rm /services/web"]).action(
    async (path: string, options: DataOptions) => {
      process.exitCode = await (await load()).remove(path, options);
    },
  );
}

interface QuotaBounds {
  readonly nodes?: number;
  readonly bytes?: number;
}

const nodesOf = wholeNumber(1, Number.MAX_SAFE_INTEGER);

function bytesOf(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([KMG]iB)?$/.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** ["", "KiB", "MiB", "GiB"].indexOf(unit);
  if (digits !== "" && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError("It is a number of bytes from 1, such as 4096 or 64MiB.");
}
