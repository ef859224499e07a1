import type { Meridian, Receipt, Stat } from "@meridian/client";

import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { encodeData, isoTime, statJson, statText } from "./format.ts";
import type { DataOptions, ListOptions, ReadOptions } from "./options.ts";
import { reading, withMeridian } from "./session.ts";

/** `meridian get`: the data as it is; a terminal gets a line break behind it. */
export async function get(path: string, options: ReadOptions): Promise<ExitCode> {
  await withMeridian(options, async (meridian) => {
    const node = await reading(options.consistency, meridian.get(path, freshness(options)));
    if (options.output === "json") {
      const { stat, receipt } = node;
      await printRead(meridian, { path: node.path, ...encodeData(node.data) }, stat, receipt);
      return;
    }
    await print(node.data);
    if (process.stdout.isTTY && node.data.at(-1) !== 10) await print("\n");
  });
  return exitCodes.ok;
}

/** `meridian exists`: prints true or false; exit code 4 when it does not exist. */
export async function exists(path: string, options: ReadOptions): Promise<ExitCode> {
  const found = await withMeridian(options, async (meridian) => {
    const answer = await reading(options.consistency, meridian.exists(path, freshness(options)));
    const { stat, receipt } = answer;
    if (options.output === "json") {
      await printRead(meridian, { path, exists: answer.exists }, stat, receipt);
    } else await print(`${answer.exists}\n`);
    return answer.exists;
  });
  return found ? exitCodes.ok : exitCodes.noNode;
}

/** `meridian stat`. */
export async function stat(path: string, options: ReadOptions): Promise<ExitCode> {
  await withMeridian(options, async (meridian) => {
    const answer = await reading(options.consistency, meridian.exists(path, freshness(options)));
    if (answer.stat === undefined) {
      const { MeridianError } = await import("@meridian/client");
      throw new MeridianError("NO_NODE", `${path} does not exist`);
    }
    if (options.output === "json") await printRead(meridian, { path }, answer.stat, answer.receipt);
    else await print(statText(answer.stat));
  });
  return exitCodes.ok;
}

/** `meridian ls`: the names of the children, with stats a table; by pages if that is asked for. */
export async function ls(path: string, options: ListOptions): Promise<ExitCode> {
  const { stats: withStats = false, withData = false, limit, after: startAfter, output } = options;
  await withMeridian(options, async (meridian) => {
    const asked = { ...freshness(options), withStats, withData, limit, startAfter };
    const list = await reading(options.consistency, meridian.children(path, asked));
    if (list.more && output === "text") {
      const last = list.names.at(-1) ?? "";
      process.stderr.write(`meridian: there are more; go on with --after '${last}'\n`);
    }
    if (output === "json") {
      const children = list.children.map(({ name, stat: own, data }) => ({
        name,
        ...(data === undefined ? {} : encodeData(data)),
        ...(own === undefined ? {} : { stat: statJson(own) }),
      }));
      const { stat: parent, receipt, more } = list;
      await printRead(meridian, { path, children, more }, parent, receipt);
    } else if (withStats) {
      const head = ["NAME", "VERSION", "BYTES", "CHILDREN", "KIND", "CHANGED"];
      const rows = list.children.map(({ name, stat: own }) => [name, ...longRow(own)]);
      await print(table(head, rows));
    } else if (withData) {
      const lines = list.children.map(({ name, data }) => {
        return `${name} ${JSON.stringify(encodeData(data ?? new Uint8Array()).data)}\n`;
      });
      await print(lines.join(""));
    } else await print(list.names.map((name) => `${name}\n`).join(""));
  });
  return exitCodes.ok;
}

/** `meridian sync`. */
export async function sync(path: string, options: DataOptions): Promise<ExitCode> {
  await withMeridian(options, async (meridian) => {
    const { receipt } = await meridian.sync(path);
    if (options.output === "json") await printJson({ path, receipt, token: meridian.token });
    else await print(`${meridian.token}\n`);
  });
  return exitCodes.ok;
}

function freshness({ consistency, maxStaleness }: ReadOptions): {
  readonly consistency: ReadOptions["consistency"];
  readonly maxStalenessMs: number | undefined;
} {
  return { consistency, maxStalenessMs: maxStaleness };
}

function longRow(own: Stat | undefined): readonly unknown[] {
  if (own === undefined) return [];
  const kind = own.ephemeralOwner === 0 ? "" : "ephemeral";
  return [own.version, own.dataLength, own.numChildren, kind, isoTime(own.mtimeMs)];
}

async function printRead(
  meridian: Meridian,
  what: object,
  own: Stat | undefined,
  receipt: Receipt,
): Promise<void> {
  const metadata = own === undefined ? {} : { stat: statJson(own) };
  await printJson({ ...what, ...metadata, receipt, token: meridian.token });
}
