import { setTimeout as sleep } from "node:timers/promises";

import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { lookAtFleet, withChannel } from "./fleet.ts";

/** What is promoted, and what its operator takes into account. */
export interface Promotion {
  readonly region: string;
  readonly acceptLoss: boolean;
}

/** Time for the voters of the region to agree. */
const deadlineMs = 15_000;
/** Time for them to elect a leader. */
const electionMsMax = 30_000;
const pollMs = 250;

/**
 * `meridian global force-promote`: the voters of one region alone become the global tier, as its
 * next incarnation. Waits until one of them leads.
 */
export async function forcePromote(
  choice: PlatformChoice,
  { region, acceptLoss }: Promotion,
  output: Output,
): Promise<ExitCode> {
  if (!acceptLoss) {
    throw usageError(
      "what was acknowledged and is only in the other regions is given up: say --accept-loss",
    );
  }
  const { nodes } = await lookAtFleet(choice);
  const voters = nodes.filter(({ region: at, role }) => at === region && role === "global-voter");
  const asked = voters.find(({ status }) => status !== undefined);
  if (asked === undefined) {
    const message = `no voter of the global tier in ${region} can be reached from here`;
    throw new CommandError(exitCodes.unavailable, "GLOBAL_UNAVAILABLE", message);
  }
  const { incarnation, members } = await withChannel(asked.address, (channel) =>
    channel.forcePromote({ region, acceptLoss }, { deadlineMs }),
  );
  const leader = await leaderOf(choice, incarnation);
  if (output === "json") await printJson({ incarnation, members, leader: leader ?? "" });
  else {
    await print(`incarnation ${incarnation} of the global tier: ${members.join(", ")}\n`);
    await print(leader === undefined ? "nobody leads it yet\n" : `${leader} leads it\n`);
  }
  return leader === undefined ? exitCodes.unavailable : exitCodes.ok;
}

async function leaderOf(choice: PlatformChoice, incarnation: number): Promise<string | undefined> {
  const startedMs = performance.now();
  for (;;) {
    const { nodes } = await lookAtFleet(choice);
    const leader = nodes.find(({ status }) => {
      return (
        status?.cluster === "global" &&
        status.incarnation === incarnation &&
        status.state === "leader"
      );
    });
    if (leader !== undefined) return leader.node;
    if (performance.now() - startedMs > electionMsMax) return undefined;
    await sleep(pollMs);
  }
}
