import type { Command } from "commander";

import type { CreateOptions, ListOptions, ReadOptions, WriteOptions } from "../data/options.ts";
import { dataCommand, readCommand, writeCommand } from "./data-command.ts";
import { wholeNumber } from "./options.ts";

const loadRead = () => import("../data/read.ts");
const loadWrite = () => import("../data/write.ts");

const maxMs = 2 ** 31 - 1;

/** Reading and writing data. */
export function addDataCommands(program: Command): void {
  addReads(program);
  addWrites(program);
  addMulti(program);
}

function addReads(program: Command): void {
  readCommand(program, "get <path>", "print the data of a node", [
    "get /global/flags/dark-mode",
    "get /shared/likes/42 --consistency eventual --max-staleness 500 -o json",
    "get /global/flags/dark-mode --region apac --consistency strict",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).get(path, options);
  });
  readCommand(program, "exists <path>", "tell whether a node exists (exit code 4 when not)", [
    "exists /services/web",
    "exists /services/web && echo yes",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).exists(path, options);
  });
  readCommand(program, "stat <path>", "print the metadata of a node", [
    "stat /services/web",
    "stat / -o json",
  ]).action(async (path: string, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).stat(path, options);
  });
  readCommand(program, "ls [path]", "list the children of a node, by name", [
    "ls /",
    "ls -l /services",
    "ls /jobs --limit 100 --after job-0000000099",
    "ls /services --with-data -o json",
  ])
    .option("-l, --stats", "with version, size, number of children and time of change")
    .option("--with-data", "with the data of each")
    .option("--limit <n>", "at most this many (default: all)", wholeNumber(1, maxMs))
    .option("--after <name>", "names after this one, to go on with the next page")
    .action(async (path: string | undefined, options: ListOptions) => {
      process.exitCode = await (await loadRead()).ls(path ?? "/", options);
    });
  readCommand(program, "sync [path]", "bring the serving replica up to its leader", [
    "sync /global",
  ]).action(async (path: string | undefined, options: ReadOptions) => {
    process.exitCode = await (await loadRead()).sync(path ?? "/", options);
  });
}

function addWrites(program: Command): void {
  writeCommand(program, "set <path> <data>", "replace the data of a node", [
    "set /global/flags/dark-mode off",
    "set /global/flags/dark-mode off --version 3",
    "set /app/config - --create < config.json",
  ])
    .option("--version <n>", "only if the node has this version", wholeNumber(-1, maxMs))
    .option("--create", "make the node and its missing parents if it does not exist")
    .action(async (path: string, data: string, options: WriteOptions & { create?: true }) => {
      process.exitCode = await (await loadWrite()).set(path, data, options);
    });
  writeCommand(program, "create <path> [data]", "create a node", [
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
  dataCommand(program, "delete <path>", "delete a node without children", [
    "delete /app/config/limits",
    "delete /app/config/limits --version 4",
  ])
    .option("--version <n>", "only if the node has this version", wholeNumber(-1, maxMs))
    .action(async (path: string, options: WriteOptions) => {
      process.exitCode = await (await loadWrite()).remove(path, options);
    });
}

function addMulti(program: Command): void {
  dataCommand(program, "multi [operation...]", "several writes, all or nothing", [
    `multi "check /a 3" "set /a new" "create /a/b 'two words'" "delete /c"`,
    "multi < operations.txt          (one on a line, # begins a comment)",
    "multi --file operations.json -o json",
  ])
    .option("--file <file>", "read the operations from a file, or from stdin for -")
    .addHelpText(
      "after",
      `
Operations, all of one cluster, at most 128:
  create PATH [DATA] [--sequential --parents --ephemeral --container --ttl MS]
  set PATH DATA [--version N]
  delete PATH [--version N]
  check PATH VERSION            (-1: that it exists)

As JSON, an array or an object a line, data as text or as base64:
  [{"kind":"check","path":"/a","version":3},
   {"kind":"set","path":"/a","data":"AAE=","encoding":"base64"},
   {"kind":"create","path":"/a/job-","mode":"persistent-sequential"}]
Modes: persistent, ephemeral, persistent-sequential, ephemeral-sequential, container, ttl and
ttl-sequential (with "ttlMs"). What is ephemeral lives until the command is interrupted.

When one operation is refused nothing is done; with -o json the error has "parts": what became of
each (undone, failed, untried), and its code.`,
    )
    .action(async (operations: readonly string[], options: WriteOptions & { file?: string }) => {
      const { multi } = await import("../data/multi.ts");
      process.exitCode = await multi(operations, options);
    });
}
