import type { Command } from "commander";

import type { GroupChoice } from "../fleet/group.ts";
import type { NewMember, Promotion } from "../fleet/member.ts";
import { endpointsFlag, outputOption, topologyFlag, type Output, wholeNumber } from "./options.ts";

type Options = GroupChoice & { readonly output: Output };

const load = () => import("../fleet/member.ts");
const timeoutMaxMs = 3_600_000;

/** Who belongs to a group of members, and changes of that while it serves. */
export function addMemberCommands(program: Command): void {
  const member = program
    .command("member")
    .description("who belongs to a cluster; add, promote, demote and remove members");
  addList(member);
  addAdd(member);
  addPromote(member);
  addDemote(member);
  addRemove(member);
}

/** Adds `global hold` and `global release`. */
export function addHoldCommands(global: Command): void {
  const hold = globalCommand(global, "hold", "keep leadership in one voter group until released")
    .option("--group <group>", "voter group (default: the one that leads now)")
    .option("--region <region>", "the voter group of this region");
  examples(hold, "global hold", "global hold --region us-east");
  outputOption(hold).action(async ({ region, group, output, ...choice }: Options & NewMember) => {
    const { hold: run } = await load();
    process.exitCode = await run({ ...choice, cluster: "global" }, { group, region }, output);
  });
  const release = globalCommand(global, "release", "let leadership go where it will again");
  release.addHelpText(
    "after",
    "\nWhere nobody leads, since the group that holds leadership is gone, voters of the other\n" +
      "groups are asked in turn to stand for election; the one that wins releases the hold.",
  );
  examples(release, "global release", "global release --timeout 120000 -o json");
  outputOption(release).action(async ({ output, ...choice }: Options) => {
    process.exitCode = await (await load()).release({ ...choice, cluster: "global" }, output);
  });
}

function addList(member: Command): void {
  const command = groupCommand(member, "list", "the members: standing, group, how far behind");
  examples(command, "member list --region us-west", "member list --cluster global -o json");
  command.action(async ({ output, ...choice }: Options) => {
    process.exitCode = await (await load()).list(choice, output);
  });
}

function addAdd(member: Command): void {
  const command = groupCommand(member, "add <name>", "add a member, which begins as a learner")
    .requiredOption("--address <host:port>", "where the others reach it")
    .option("--group <group>", "global: voter group it is meant for (default: by its region)")
    .option("--witness", "global: it is meant to vote and to keep no data");
  examples(
    command,
    "member add us-west-5 --region us-west --address 127.0.0.1:7499",
    "member add us-east-global-6 --cluster global --region us-east --address 127.0.0.1:7499",
  );
  command.action(async (name: string, options: Options & NewMember) => {
    const { output, address, group, witness, ...choice } = options;
    process.exitCode = await (await load()).add(choice, name, { address, group, witness }, output);
  });
}

function addPromote(member: Command): void {
  const command = groupCommand(member, "promote <node...>", "give learners a vote, all in one step")
    .option("--group <group>", "global: voter group (default: the one each was added for)")
    .option("--remove <node...>", "members that leave in the same step")
    .option("--wait", "wait for learners that are behind, instead of refusing");
  examples(
    command,
    "member promote us-west-5 --region us-west --wait",
    "member promote us-west-5 us-west-6 --region us-west --remove us-west-1 us-west-2",
  );
  command.action(async (names: readonly string[], options: Options & Promotion) => {
    const { output, group, remove, wait, ...choice } = options;
    process.exitCode = await (await load()).promote(choice, names, { group, remove, wait }, output);
  });
}

function addDemote(member: Command): void {
  const command = groupCommand(member, "demote <node...>", "make voters learners");
  examples(command, "member demote us-west-2 --region us-west");
  command.action(async (names: readonly string[], { output, ...choice }: Options) => {
    process.exitCode = await (await load()).demote(choice, names, output);
  });
}

function addRemove(member: Command): void {
  const command = groupCommand(member, "remove <node...>", "remove members, for good");
  examples(
    command,
    "member remove us-west-1 --region us-west",
    "member remove a b --cluster global",
  );
  command.action(async (names: readonly string[], { output, ...choice }: Options) => {
    process.exitCode = await (await load()).remove(choice, names, output);
  });
}

function groupCommand(parent: Command, name: string, description: string): Command {
  const command = parent
    .command(name)
    .description(description)
    .option("--cluster <cluster>", "global or a region (default: the region)")
    .option("--region <region>", "region of the cluster, or of a member of the global tier");
  return outputOption(placed(command));
}

function globalCommand(global: Command, name: string, description: string): Command {
  return placed(global.command(name).description(description));
}

function placed(command: Command): Command {
  return command
    .option(...topologyFlag)
    .option(...endpointsFlag)
    .option("--timeout <ms>", "give up after this long", wholeNumber(1, timeoutMaxMs));
}

function examples(command: Command, ...lines: readonly string[]): void {
  const text = lines.map((line) => `  $ meridian ${line}`).join("\n");
  command.addHelpText("after", `\nExamples:\n${text}`);
}
