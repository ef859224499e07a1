import type { WatchEvent } from "@meridian/client";

import { usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { encodeData, statJson } from "./format.ts";
import { interruption } from "./interruption.ts";
import type { WatchOptions } from "./options.ts";
import { withMeridian } from "./session.ts";

/**
 * `meridian watch`: one line an event until interrupted. With a token it begins after what the
 * token has seen: an event's own token resumes after that event.
 */
export async function watch(path: string, options: WatchOptions): Promise<ExitCode> {
  const { consistency, token, count = Infinity, withData = false, depth, output } = options;
  if (consistency === "quorum") {
    throw usageError("a watch runs at one place: strict, regional or eventual, not quorum");
  }
  const stop = new AbortController();
  void interruption().then(() => stop.abort());
  await withMeridian(options, async (meridian) => {
    await using events = meridian.watch(path, {
      recursive: depth === "subtree",
      withData,
      consistency,
      from: token,
      signal: stop.signal,
    });
    let seen = 0;
    for await (const event of events) {
      await (output === "json"
        ? printJson(jsonOf(event, withData))
        : print(textOf(event, withData)));
      seen += 1;
      if (seen >= count) break;
    }
  });
  return exitCodes.ok;
}

function jsonOf(event: WatchEvent, withData: boolean): object {
  const { kind, path, data, stat, position, token } = event;
  return {
    kind,
    path,
    ...(withData && data !== undefined ? encodeData(data) : {}),
    ...(stat === undefined ? {} : { stat: statJson(stat) }),
    position,
    token,
  };
}

function textOf({ kind, path, data, stat }: WatchEvent, withData: boolean): string {
  const version = stat === undefined ? "" : ` version ${stat.version}`;
  const content = withData && data !== undefined ? ` ${JSON.stringify(encodeData(data).data)}` : "";
  return `${kind.padEnd(8)} ${path}${version}${content}\n`;
}
