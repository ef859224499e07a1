import { Option, type Command } from "commander";

import type { CreateOptions, ReadOptions, WatchOptions, WriteOptions } from "../data/options.ts";
import { outputOption, platformOptions, wholeNumber } from "./options.ts";

const loadRead = () => import("../data/read.ts");
const loadWrite = () => import("../data/write.ts");

const maxMs = 2 ** 31 - 1;
const dataHelp = "data; - reads it from stdin";

/** Reading and writing data. */
export function addDataCommands(program: Command): void {
  addReads(program);
  addWrites(program);
  addMulti(program);
  addWatch(program);
}

function addReads(program: Command): void {
  read(program, "get <path>", "print the data of a node", [
    "get /global/flags/dark-mode",
    "get /shared/likes/42 --consistency eventual --max-staleness 500 -o json",
    "get /global/flags/dark-mode --region apac --consistency strict",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).get(path, options);
  });
  read(program, "exists <path>", "tell whether a node exists (exit code 4 when not)", [
    "exists /services/web",
    "exists /services/web && echo yes",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).exists(path, options);
  });
  read(program, "stat <path>", "print the metadata of a node", [
    "stat /services/web",
    "stat / -o json",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).stat(path, options);
  });
  read(program, "ls [path]", "list the children of a node", ["ls /", "ls -l /services"])
    .option("-l, --long", "with version, size, number of children and time of change")
    .action(async (path: string | undefined, options: ReadOptions & { long?: true }) => {
      process.exitCode = await (await loadRead()).ls(path ?? "/", options);
    });
  read(program, "sync [path]", "bring the serving replica up to its leader", [
    "sync /global",
  ]).action(async (path: string | undefined, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).sync(path ?? "/", options);
  });
}

function addWrites(program: Command): void {
  write(program, "set <path> <data>", "replace the data of a node", [
    "set /global/flags/dark-mode off",
    "set /global/flags/dark-mode off --version 3",
    "set /app/config - --create < config.json",
  ])
    .option("--version <n>", "only if the node has this version", wholeNumber(-1, maxMs))
    .option("--create", "make the node and its missing parents if it does not exist")
    .action(async (path: string, data: string, options: WriteOptions & { create?: true }) => {
      process.exitCode = await (await loadWrite()).set(path, data, options);
    });
  write(program, "create <path> [data]", "create a node", [
    "create /app '' ",
    "create /app/config/limits 10 --parents",
    "create /queue/job- payload --sequential",
    "create /services/web/me 10.0.0.7:80 --ephemeral     (until Ctrl-C)",
  ])
    .option("--parents", "make missing parents as well")
    .option("--ephemeral", "goes when this command ends: it runs until it is interrupted")
    .option("--sequential", "ten digits from the parent's counter are appended to the name")
    .option("--container", "goes some time after its last child went")
    .option("--ttl <ms>", "goes when unchanged and childless for this long", wholeNumber(1, maxMs))
    .action(async (path: string, data: string | undefined, options: CreateOptions) => {
      process.exitCode = await (await loadWrite()).create(path, data ?? "", options);
    });
  write(program, "delete <path>", "delete a node without children", [
    "delete /app/config/limits",
    "delete /app/config/limits --version 4",
  ])
    .option("--version <n>", "only if the node has this version", wholeNumber(-1, maxMs))
    .action(async (path: string, options: WriteOptions) => {
      process.exitCode = await (await loadWrite()).remove(path, options);
    });
}

function addMulti(program: Command): void {
  write(program, "multi [operation...]", "several writes, all or nothing", [
    `multi "check /a 3" "set /a new" "create /a/b 'two words'" "delete /c"`,
    "multi < operations.txt          (one on a line, # begins a comment)",
  ])
    .addHelpText(
      "after",
      `
Operations:
  create PATH [DATA] [--sequential] [--parents]
  set PATH DATA [--version N]
  delete PATH [--version N]
  check PATH VERSION`,
    )
    .action(async (operations: readonly string[], options: WriteOptions) => {
      const { multi } = await import("../data/multi.ts");
      process.exitCode = await multi(operations, options);
    });
}

function addWatch(program: Command): void {
  read(program, "watch <path>", "print changes at or below a path until interrupted", [
    "watch /services",
    "watch /global/flags --with-data -o json",
    "watch /app --depth self --count 1",
  ])
    .addOption(
      new Option("--depth <depth>", "the node and its children, or the whole subtree")
        .choices(["self", "subtree"])
        .default("subtree"),
    )
    .option("--with-data", "events carry the new data")
    .option("--count <n>", "end after this many events", wholeNumber(1, maxMs))
    .action(async (path: string, options: WatchOptions) => {
      const { watch } = await import("../data/watch.ts");
      process.exitCode = await watch(path, options);
    });
}

function read(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return common(program, name, description, examples)
    .addOption(
      new Option(
        "--consistency <level>",
        "how fresh (default: what the zone of the path gives)",
      ).choices(["strict", "regional", "eventual", "quorum"]),
    )
    .option("--max-staleness <ms>", "refuse older data", wholeNumber(0, maxMs));
}

function write(
  program: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return common(program, name, description, examples).addHelpText(
    "after",
    `\nWhere the command line takes DATA: ${dataHelp}.`,
  );
}

function common(
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
