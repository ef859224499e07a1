import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { lookAtFleet, withChannel } from "./fleet.ts";

/** What leadership goes to: a node, or the most up-to-date voter of a region. */
export interface TransferTarget {
  readonly region?: string | undefined;
  readonly node?: string | undefined;
}

/** Longest planned pause with a margin; the leader gives up earlier by itself. */
const deadlineMs = 30_000;

/** `meridian global transfer`: a planned change of the global leader. */
export async function transfer(
  choice: PlatformChoice,
  { region, node }: TransferTarget,
  output: Output,
): Promise<ExitCode> {
  const { nodes, clusters } = await lookAtFleet(choice);
  const leader = nodes.find(({ node: name }) => name === clusters["global"]?.leader);
  if (leader === undefined) {
    const message = "the global tier has no leader that can be reached from here";
    throw new CommandError(exitCodes.unavailable, "GLOBAL_UNAVAILABLE", message);
  }
  const request = { region: region ?? "", node: node ?? "" };
  const answer = await withChannel(leader.address, (channel) =>
    channel.transferLeadership(request, { deadlineMs }),
  );
  if (output === "json") await printJson({ from: leader.node, ...answer });
  else {
    const { leader: now, region: at, pauseMs } = answer;
    await print(
      `leadership went from ${leader.node} to ${now} (${at}); no writes for ${pauseMs} ms\n`,
    );
  }
  return exitCodes.ok;
}
