import type { Command } from "commander";

import {
  endpointsFlag,
  outputOption,
  platformOptions,
  topologyFlag,
  wholeNumber,
  type Output,
} from "./options.ts";
import { addHoldCommands, addMemberCommands } from "./member.ts";
import { usageError } from "../failure/command-error.ts";
import type { SessionsChoice } from "../fleet/sessions.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";

type Options = PlatformChoice & { readonly output: Output };

const loadSessions = () => import("../fleet/sessions.ts");
const loadStatus = () => import("../fleet/status.ts");
const loadTopology = () => import("../fleet/topology.ts");

/** What reads the fleet, and what changes its leadership. */
export function addFleetCommands(program: Command): void {
  fleetCommand(program, "status", "every node: role, leader, progress, age of its mirrors").action(
    async (options: Options) => {
      process.exitCode = await (await loadStatus()).status(options, options.output);
    },
  );
  fleetCommand(program, "topology", "the nodes, as a node of the platform knows them").action(
    async (options: Options) => {
      process.exitCode = await (await loadTopology()).topology(options, options.output);
    },
  );
  fleetCommand(
    program,
    "zones",
    "the zone table: which paths are strict, regional, eventual",
  ).action(async (options: Options) => {
    process.exitCode = await (await loadTopology()).zones(options, options.output);
  });
  addSessionCommands(program);
  fleetCommand(program, "lag", "how far mirrors and members are behind").action(
    async (options: Options) => {
      process.exitCode = await (await loadStatus()).lag(options, options.output);
    },
  );
  addGlobalCommands(program);
  addMemberCommands(program);
}

function addSessionCommands(program: Command): void {
  const sessions = inCluster(
    program.command("sessions").description("the sessions of a cluster: who is connected where"),
  ).addHelpText(
    "after",
    `
Each session with its timeout, the time since its last sign of life, its ephemeral nodes, the node
that serves its client, and where that is; then what each node serves, watches without a session
among it.

Examples:
  $ meridian sessions
  $ meridian sessions --region us-west
  $ meridian sessions --cluster global -o json
  $ meridian sessions end 4503599627370495`,
  );
  sessions.action(async ({ output, ...choice }: Options & SessionsChoice) => {
    process.exitCode = await (await loadSessions()).sessions(choice, output);
  });
  inCluster(sessions.command("end"))
    .argument("<session>", "its number", wholeNumber(1, 2 ** 52))
    .description("end a session, and with it its ephemeral nodes and what it holds")
    .addHelpText("after", "\nExamples:\n  $ meridian sessions end 4503599627370495")
    .action(async (session: number, own: Options & SessionsChoice) => {
      // What stands before `end` was taken for an option of `sessions`, and counts as well.
      const before = sessions.opts<Options & SessionsChoice>();
      const output = before.output === "json" ? "json" : own.output;
      process.exitCode = await (await loadSessions()).end(session, { ...before, ...own }, output);
    });
}

function inCluster(command: Command): Command {
  command.option("--cluster <cluster>", "global or a region (default: the region, or all)");
  return outputOption(platformOptions(command));
}

function addGlobalCommands(program: Command): void {
  const global = program.command("global").description("lead the global tier");
  const transfer = global
    .command("transfer")
    .description("hand the leadership of the global tier to a region, or to one node")
    .option("--region <region>", "region that shall lead, by its most up-to-date voter")
    .option("--node <node>", "node that shall lead")
    .option(...topologyFlag)
    .option(...endpointsFlag)
    .addHelpText(
      "after",
      `
Examples:
  $ meridian global transfer --region eu-central
  $ meridian global transfer --node us-east-global-2 -o json`,
    );
  outputOption(transfer).action(async (options: Options & { node?: string }) => {
    const { region, node, topology, endpoints, output } = options;
    if ((region === undefined) === (node === undefined)) {
      throw usageError("say where the leadership shall go: --region REGION or --node NODE");
    }
    const { transfer: run } = await import("../fleet/transfer.ts");
    process.exitCode = await run({ topology, endpoints }, { region, node }, output);
  });
  addForcePromote(global);
  addHoldCommands(global);
}

function addForcePromote(global: Command): void {
  const promote = global
    .command("force-promote")
    .description("make the voters of one region the global tier when the others are lost")
    .requiredOption("--region <region>", "region whose voters go on alone")
    .option("--accept-loss", "give up what was acknowledged and is only in the other regions")
    .option(...topologyFlag)
    .option(...endpointsFlag)
    .addHelpText(
      "after",
      `
A new incarnation of the global tier begins. Members of the old one are refused; when they come back
they write what only they have to <data>/divergence/ and wait to be added again.

Examples:
  $ meridian global force-promote --region eu-central --accept-loss`,
    );
  outputOption(promote).action(
    async (options: Options & { region: string; acceptLoss?: boolean }) => {
      const { region, acceptLoss = false, topology, endpoints, output } = options;
      const { forcePromote } = await import("../fleet/force-promote.ts");
      // The caller may well be in a region that is lost: the one that is promoted is not.
      const choice = { topology, endpoints, region };
      process.exitCode = await forcePromote(choice, { region, acceptLoss }, output);
    },
  );
}

function fleetCommand(program: Command, name: string, description: string): Command {
  const command = program.command(name).description(description);
  command.addHelpText(
    "after",
    `
Examples:
  $ meridian ${name}
  $ meridian ${name} -o json
  $ meridian ${name} --topology /srv/meridian/topology.yaml`,
  );
  return outputOption(platformOptions(command));
}
