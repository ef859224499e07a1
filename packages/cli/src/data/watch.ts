import type { WatchEvent, WatchOptions as ClientWatchOptions } from "@meridian/client";

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
  const { consistency, token, from = token, withData = false, output } = options;
  const count = options.once === true ? 1 : (options.count ?? Infinity);
  const stop = new AbortController();
  void interruption().then(() => stop.abort());
  await withMeridian(options, async (meridian) => {
    let seen = 0;
    for (let place: string | undefined = from; ;) {
      const wanted = { ...reportedBy(options), withData, consistency, signal: stop.signal };
      await using events = meridian.watch(path, { ...wanted, from: place });
      try {
        for await (const event of events) {
          await (output === "json"
            ? printJson(jsonOf(event, withData))
            : print(textOf(event, options)));
          seen += 1;
          if (seen >= count) return;
        }
        return;
      } catch (error) {
        // Whoever reads our lines is slow: nothing is lost, it goes on where it was.
        if (!hasCode(error, "OVERLOADED") || events.token === "") throw error;
        place = events.token;
      }
    }
  });
  return exitCodes.ok;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reportedBy({ kind, depth }: WatchOptions): Pick<ClientWatchOptions, "kind" | "recursive"> {
  return kind === undefined ? { recursive: depth !== "self" } : { kind };
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

function textOf(event: WatchEvent, { withData, withToken }: WatchOptions): string {
  const { kind, path, data, stat } = event;
  const version = stat === undefined ? "" : ` version ${stat.version}`;
  const hasData = withData === true && data !== undefined;
  const content = hasData ? ` ${JSON.stringify(encodeData(data).data)}` : "";
  const mark = withToken === true ? ` token ${event.token}` : "";
  return `${kind.padEnd(8)} ${path}${version}${content}${mark}\n`;
}
