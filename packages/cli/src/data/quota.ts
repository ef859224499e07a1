import type { Quota, QuotaUsage } from "@meridian/admin";

import { findPlatform } from "../connection/whereabouts.ts";
import { CommandError, usageError } from "../failure/command-error.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { knownNodes } from "../fleet/fleet.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import type { DataOptions } from "./options.ts";
import { withMeridian } from "./session.ts";

const head = ["PATH", "NODES", "OF", "BYTES", "OF", "OWNER"];

/** `meridian quota ls`: each quota and what is used of it. Partial (8) when a cluster is silent. */
export async function list(path: string | undefined, options: DataOptions): Promise<ExitCode> {
  const { region } = findPlatform(options);
  const [{ quotaUsages }, { openChannel }] = await Promise.all([
    import("@meridian/admin"),
    import("@meridian/transport"),
  ]);
  const found = await quotaUsages(await knownNodes(options), { openChannel, region });
  const { unreachable } = found;
  const quotas = found.quotas.filter((quota) => path === undefined || quota.path === path);
  if (options.output === "json") await printJson({ quotas: quotas.map(jsonOf), unreachable });
  else {
    await print(table(head, quotas.map(rowOf)));
    for (const cluster of unreachable) {
      process.stderr.write(`meridian: no member of cluster ${cluster} answers\n`);
    }
  }
  return unreachable.length === 0 ? exitCodes.ok : exitCodes.partial;
}

/** `meridian quota set`: bounds a subtree, in the place of what bounded it before. */
export async function put(
  path: string,
  bounds: { readonly nodes?: number | undefined; readonly bytes?: number | undefined },
  options: DataOptions,
): Promise<ExitCode> {
  const { nodes: nodesMax, bytes: bytesMax } = bounds;
  if (nodesMax === undefined && bytesMax === undefined) {
    throw usageError("a quota bounds something: --nodes N, --bytes N, or both");
  }
  const { putQuota } = await import("@meridian/admin");
  await withMeridian(options, async (meridian) => {
    const quotas = await putQuota(meridian, { path, nodesMax, bytesMax });
    await tell(path, quotas, options);
  });
  return exitCodes.ok;
}

/** `meridian quota rm`. */
export async function remove(path: string, options: DataOptions): Promise<ExitCode> {
  const { quotas: read, removeQuota } = await import("@meridian/admin");
  await withMeridian(options, async (meridian) => {
    const known = await read(meridian);
    if (known.every((quota) => quota.path !== path)) {
      const others = known.length === 0 ? "none" : known.map((quota) => quota.path).join(", ");
      const message = `there is no quota of ${path}; there are: ${others}`;
      throw new CommandError(exitCodes.noNode, "NO_NODE", message);
    }
    await tell(path, await removeQuota(meridian, path), options);
  });
  return exitCodes.ok;
}

async function tell(
  path: string,
  quotas: readonly Quota[],
  { output }: DataOptions,
): Promise<void> {
  if (output === "json") await printJson({ path, quotas });
}

function jsonOf({ nodesMax, bytesMax, ...usage }: QuotaUsage): object {
  return { ...usage, nodesMax: nodesMax ?? null, bytesMax: bytesMax ?? null };
}

function rowOf(usage: QuotaUsage): readonly unknown[] {
  const { path, nodes, nodesMax = "any", bytes, bytesMax = "any", owner, isCounting } = usage;
  const who = owner === "" ? "each region" : owner;
  return [path, nodes, nodesMax, bytes, bytesMax, isCounting ? `${who} (counting)` : who];
}
