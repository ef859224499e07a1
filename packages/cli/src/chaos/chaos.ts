import type { PlatformCalls } from "@meridian/transport";
import type { IInspectResponse } from "@meridian/wire";

import type { Output } from "../command/options.ts";
import { findPlatform, type PlatformChoice } from "../connection/whereabouts.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { withChannel } from "../fleet/fleet.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";

/** Longest wait for a fault to be in force: a restart waits for the nodes of the process. */
const deadlineMs = 30_000;

/** `meridian chaos kill`. */
export async function kill(
  choice: PlatformChoice,
  target: string,
  output: Output,
): Promise<ExitCode> {
  return act(
    choice,
    output,
    (platform) => platform.kill({ target }, { deadlineMs }),
    (after) => {
      return touched(after, target).map(
        ({ name, nodes }) => `killed ${name} (hosts ${nodes.join(", ")})`,
      );
    },
  );
}

/** `meridian chaos restart`. */
export async function restart(
  choice: PlatformChoice,
  target: string,
  output: Output,
): Promise<ExitCode> {
  return act(
    choice,
    output,
    (platform) => platform.restart({ target }, { deadlineMs }),
    (after) => {
      return touched(after, target).map(({ name, pid }) => {
        return pid === 0 ? `${name} ended again; see its log` : `${name} runs (process ${pid})`;
      });
    },
  );
}

/** `meridian chaos partition`. */
export async function partition(
  choice: PlatformChoice,
  region: string,
  options: { readonly from?: string; readonly oneWay?: true },
  output: Output,
): Promise<ExitCode> {
  const request = { region, from: options.from ?? "", oneWay: options.oneWay ?? false };
  return act(choice, output, (platform) => platform.partition(request, { deadlineMs }), cutLines);
}

/** `meridian chaos heal`. */
export async function heal(
  choice: PlatformChoice,
  region: string | undefined,
  output: Output,
): Promise<ExitCode> {
  const request = { region: region ?? "" };
  return act(choice, output, (platform) => platform.heal(request, { deadlineMs }), cutLines);
}

/** `meridian chaos delay`. */
export async function delay(
  choice: PlatformChoice,
  region: string,
  options: { readonly to?: string; readonly ms: number },
  output: Output,
): Promise<ExitCode> {
  const request = { region, to: options.to ?? "", delayMs: options.ms };
  return act(
    choice,
    output,
    (platform) => platform.delay(request, { deadlineMs }),
    (after) =>
      after.links
        .filter(
          ({ from, to }) => from === region && (options.to === undefined || to === options.to),
        )
        .map(({ from, to, delayMs }) => `${from} → ${to}: ${delayMs} ms one way`),
  );
}

/** `meridian chaos show`. */
export async function show(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const state = await onPlatform(choice, (platform) => platform.inspect({ deadlineMs }));
  if (output === "json") await printJson(state);
  else {
    const processes = state.processes.map(({ name, region, pid, nodes }) => {
      return [name, region, pid === 0 ? "down" : pid, nodes.join(" ")];
    });
    await print(table(["PROCESS", "REGION", "PID", "NODES"], processes));
    const links = state.links.map(({ from, to, delayMs, cut, bytes }) => {
      return [from, to, delayMs, cut ? "cut" : "", bytes];
    });
    await print("\n");
    await print(table(["FROM", "TO", "ONE WAY MS", "", "BYTES"], links));
  }
  return exitCodes.ok;
}

async function act(
  choice: PlatformChoice,
  output: Output,
  work: (platform: PlatformCalls) => Promise<IInspectResponse>,
  tell: (after: IInspectResponse) => readonly string[],
): Promise<ExitCode> {
  const after = await onPlatform(choice, work);
  if (output === "json") await printJson(after);
  else await print(`${tell(after).join("\n")}\n`);
  return exitCodes.ok;
}

/** Calls the control of a local platform; a platform that is not local has none. */
async function onPlatform<T>(
  choice: PlatformChoice,
  work: (platform: PlatformCalls) => Promise<T>,
): Promise<T> {
  const { topology } = findPlatform(choice);
  const control = topology?.control;
  if (control === undefined) {
    throw usageError(
      "faults can be made on a local platform only (one that `meridian dev` started); name it " +
        "with --topology, the topology.yaml in its data directory",
    );
  }
  return withChannel(control, async ({ platform }) => {
    try {
      return await work(platform);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "REGION_UNAVAILABLE") throw error;
      const message = `no local platform answers at ${control}; is \`meridian dev\` running?`;
      throw new CommandError(exitCodes.unavailable, "REGION_UNAVAILABLE", message, {
        cause: error,
      });
    }
  });
}

function touched({ processes }: IInspectResponse, target: string): IInspectResponse["processes"] {
  return processes.filter(
    ({ name, region, nodes }) => name === target || region === target || nodes.includes(target),
  );
}

function cutLines({ links }: IInspectResponse): readonly string[] {
  const cuts = links.filter(({ cut }) => cut);
  if (cuts.length === 0) return ["no region is cut off"];
  const both = (a: string, b: string): boolean =>
    cuts.some(({ from, to }) => from === b && to === a);
  return cuts.flatMap(({ from, to }) => {
    if (!both(from, to)) return [`${from} → ${to} is cut, ${to} → ${from} is not`];
    return from < to ? [`${from} ↔ ${to} is cut`] : [];
  });
}
