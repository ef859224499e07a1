import type { Meridian, Written } from "@meridian/client";

import { usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { statJson } from "./format.ts";
import { dataOf } from "./input.ts";
import { interruption } from "./interruption.ts";
import { createRule } from "./operation.ts";
import type { CreateOptions, WriteOptions } from "./options.ts";
import { untilInterrupted, withMeridian } from "./session.ts";

/** `meridian set`: prints the new version. */
export async function set(
  path: string,
  argument: string,
  options: WriteOptions & { readonly create?: true },
): Promise<ExitCode> {
  const { create: mayCreate, version } = options;
  if (mayCreate === true && version !== undefined) {
    throw usageError("--create and --version exclude each other: a new node has no version yet");
  }
  const data = await dataOf(argument);
  await withMeridian(options, async (meridian) => {
    const done =
      mayCreate === true
        ? await setOrCreate(meridian, path, data)
        : await meridian.set(path, data, { version });
    await printWritten(meridian, done, options, `${done.stat.version}\n`);
  });
  return exitCodes.ok;
}

/**
 * `meridian create`: prints the path as made. An ephemeral node lives until the command is
 * interrupted.
 */
export async function create(
  path: string,
  argument: string,
  options: CreateOptions,
): Promise<ExitCode> {
  const { ephemeral, sequential, parents, container, ttl: ttlMs } = options;
  const kinds = [ephemeral, container, ttlMs].filter((kind) => kind !== undefined);
  if (kinds.length > 1 || (container === true && sequential === true)) {
    throw usageError(createRule);
  }
  const data = await dataOf(argument);
  const traits =
    container === true ? { mode: "container" as const } : { ephemeral, sequential, ttlMs };
  const interrupted = ephemeral === true ? interruption() : undefined;
  await withMeridian(options, async (meridian) => {
    const done = await meridian.create(path, data, { ...traits, parents });
    await printWritten(meridian, done, options, `${done.path}\n`);
    if (interrupted === undefined) return;
    await untilInterrupted(meridian, interrupted, done.stat.ephemeralOwner);
  });
  return exitCodes.ok;
}

/** `meridian delete`. */
export async function remove(path: string, options: WriteOptions): Promise<ExitCode> {
  await withMeridian(options, async (meridian) => {
    const { receipt } = await meridian.delete(path, { version: options.version });
    if (options.output === "json") await printJson({ path, receipt, token: meridian.token });
  });
  return exitCodes.ok;
}

/**
 * Sets, or makes the node when it is not there; whoever makes it first, the data is ours in the
 * end.
 */
async function setOrCreate(
  meridian: Meridian,
  path: string,
  data: string | Uint8Array,
): Promise<Written> {
  for (;;) {
    // Both go out at once and are applied in this order: one of them fits, in one round trip.
    const [changed, created] = await Promise.allSettled([
      meridian.set(path, data),
      meridian.create(path, data, { parents: true }),
    ]);
    if (changed.status === "fulfilled") return changed.value;
    if (!hasCode(changed.reason, "NO_NODE")) throw changed.reason;
    if (created.status === "fulfilled") return created.value;
    if (!hasCode(created.reason, "NODE_EXISTS")) throw created.reason;
  }
}

async function printWritten(
  meridian: Meridian,
  done: Written,
  { output }: WriteOptions,
  text: string,
): Promise<void> {
  const { path, stat, receipt } = done;
  if (output === "text") await print(text);
  else await printJson({ path, stat: statJson(stat), receipt, token: meridian.token });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
