import type { ChangesEvent, NodeChange, Position } from "@meridian/client";

import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { encodeData, statJson } from "./format.ts";
import { interruption } from "./interruption.ts";
import type { ChangesOptions } from "./options.ts";
import { withMeridian } from "./session.ts";

/** Where to begin, under the name that Kafka's users look for. */
const beginning = "beginning";

/**
 * `meridian changes`: committed changes, a line for each, or as JSON a line for each transaction,
 * until interrupted.
 */
export async function changes(options: ChangesOptions): Promise<ExitCode> {
  const { from, prefix, cluster, snapshots, once, output } = options;
  const count = once === true ? 1 : (options.count ?? Infinity);
  const stop = new AbortController();
  void interruption().then(() => stop.abort());
  await withMeridian(options, async (meridian) => {
    await using events = meridian.changes({
      from: from === beginning ? "start" : (from ?? options.token),
      prefix,
      cluster,
      snapshots,
      ownOnly: options.ownOnly === true,
      consumer: `meridian changes, process ${process.pid}`,
      signal: stop.signal,
    });
    let seen = 0;
    for await (const event of events) {
      if (event.kind === "bookmark" && options.bookmarks !== true) continue;
      await (output === "json" ? printJson(jsonOf(event, options)) : print(textOf(event, options)));
      if (event.kind === "transaction") seen += 1;
      if (seen >= count) break;
    }
  });
  return exitCodes.ok;
}

function jsonOf(event: ChangesEvent, options: ChangesOptions): object {
  const { kind } = event;
  const told = (node: NodeChange): object => changeJson(node, options);
  switch (event.kind) {
    case "snapshot":
      return { kind, reason: event.reason };
    case "snapshot-part":
      return { kind, nodes: event.nodes.map(told) };
    case "snapshot-end":
      return { kind, position: event.position, token: event.token };
    case "transaction": {
      const { position, timeMs, token } = event;
      return { kind, position, timeMs, changes: event.changes.map(told), token };
    }
    case "bookmark": {
      const { position, token } = event;
      return { kind, position, ages: Object.fromEntries(event.ages), token };
    }
  }
}

function changeJson({ kind, path, data, stat }: NodeChange, { withData }: ChangesOptions): object {
  return {
    kind,
    path,
    ...(withData === true && data !== undefined ? encodeData(data) : {}),
    ...(stat === undefined ? {} : { stat: statJson(stat) }),
  };
}

/** A line a change; the token stands behind the last of a transaction, for only there it holds. */
function textOf(event: ChangesEvent, options: ChangesOptions): string {
  const mark = options.withToken === true ? ` token ${event.token}` : "";
  switch (event.kind) {
    case "snapshot":
      return `snapshot begins (${event.reason}): what was known before is void\n`;
    case "snapshot-part":
      return event.nodes.map((node) => `${lineOf("snapshot", node, options)}\n`).join("");
    case "snapshot-end":
      return `snapshot ends at ${placeOf(event.position)}${mark}\n`;
    case "transaction": {
      const place = placeOf(event.position);
      return `${event.changes.map((node) => lineOf(place, node, options)).join("\n")}${mark}\n`;
    }
    case "bookmark":
      return `bookmark at ${placeOf(event.position)}${mark}\n`;
  }
}

function lineOf(place: string, change: NodeChange, { withData }: ChangesOptions): string {
  const { kind, path, data, stat } = change;
  const version = stat === undefined || kind === "deleted" ? "" : ` version ${stat.version}`;
  const hasData = withData === true && data !== undefined;
  const content = hasData ? ` ${JSON.stringify(encodeData(data).data)}` : "";
  return `${place} ${kind.padEnd(8)} ${path}${version}${content}`;
}

function placeOf({ cluster, index }: Position): string {
  return `${cluster}@${index}`;
}
