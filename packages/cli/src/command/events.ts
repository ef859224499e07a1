import { Option, type Command } from "commander";

import type { ChangesOptions, WatchOptions } from "../data/options.ts";
import { dataCommand } from "./data-command.ts";
import { collect, wholeNumber } from "./options.ts";

/** What is told of as it happens. */
export function addEventCommands(program: Command): void {
  addWatch(program);
  addChanges(program);
}

function addWatch(program: Command): void {
  const command = dataCommand(
    program,
    "watch <path>",
    "print changes at or below a path until interrupted",
    [
      "watch /services",
      "watch /global/flags --with-data -o json",
      "watch /app --depth self --count 1",
      "watch /jobs/7 --kind exists --once && echo something happened",
      'watch /app --from "$token"              (goes on after the event that had this token)',
    ],
  )
    .addOption(
      new Option(
        "--consistency <level>",
        "where: at the owner, in the own region (default), or at whatever is nearest",
      ).choices(["strict", "regional", "eventual"]),
    )
    .addOption(
      new Option(
        "--depth <depth>",
        "the node and its children, or the whole subtree (default: subtree)",
      ).choices(["self", "subtree"]),
    )
    .addOption(
      new Option("--recursive", "the whole subtree, as --depth subtree").conflicts("depth"),
    )
    .addOption(
      new Option("--kind <kind>", "what is reported: as ZooKeeper's watches, the first three once")
        .choices(["data", "child", "exists", "persistent", "persistent-recursive"])
        .conflicts(["depth", "recursive"]),
    )
    .option("--from <token>", "go on after the event that had this token; nothing is left out")
    .addHelpText(
      "after",
      `
A line an event: what happened (created, changed, deleted, children), the path, the version. It
lives through the loss of nodes and connections. It ends with exit code 1 when it cannot go on
without a gap (COMPACTED, FORKED): read again, then watch.`,
    );
  eventOptions(command).action(async (path: string, options: WatchOptions) => {
    const { watch } = await import("../data/watch.ts");
    process.exitCode = await watch(path, options);
  });
}

function addChanges(program: Command): void {
  const command = dataCommand(
    program,
    "changes",
    "print committed changes, transaction by transaction, until interrupted",
    [
      "changes --prefix /services",
      "changes --from beginning --with-data -o json | ./replicate",
      'changes --from "$token" --prefix /orders --prefix /invoices',
      "changes --cluster global --own-only",
    ],
  )
    .option(
      "--from <now|beginning|token>",
      "from now on, from a snapshot of what there is, or after the event that had this token",
    )
    .option("--prefix <path>", "only at or below this path; may be given several times", collect)
    .option("--cluster <cluster>", "whose view to follow (default: that of the own region)")
    .option("--own-only", "only what this cluster wrote itself")
    .option("--no-snapshots", "end with COMPACTED where only a snapshot could go on")
    .option("--bookmarks", "tell now and then how far it is, also when nothing changes")
    .addHelpText(
      "after",
      `
A line a change: cluster and index of its transaction, what happened, the path, the version; with
-o json a line a transaction. None is missing and none comes twice, whatever becomes of nodes and
connections: keep the token of what you have dealt with, and go on --from it, also after days. What
is no longer kept by then comes as a snapshot, which says so. A history that was given up ends it
with FORKED (exit code 1).`,
    );
  eventOptions(command).action(async (options: ChangesOptions) => {
    const { changes } = await import("../data/changes.ts");
    process.exitCode = await changes(options);
  });
}

/** How events are told, and how many. */
function eventOptions(command: Command): Command {
  return command
    .option("--with-data", "events carry the new data")
    .option("--with-token", "tell the token of each event, to go on after it")
    .option("--count <n>", "end after this many events", wholeNumber(1, 2 ** 31 - 1))
    .addOption(new Option("--once", "end after the first event").conflicts("count"));
}
