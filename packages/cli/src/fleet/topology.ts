import { Tier } from "@meridian/wire";

import type { Output } from "../command/options.ts";
import type { PlatformChoice } from "../connection/whereabouts.ts";
import { exitCodes, type ExitCode } from "../failure/exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { table } from "../output/table.ts";
import { askTopology } from "./fleet.ts";

/** `meridian topology`: the nodes, as a node of the platform knows them. */
export async function topology(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const { nodes, regions } = await askTopology(choice);
  const rows = nodes.map((node) => ({ ...node, tier: tierName(node.tier) }));
  if (output === "json") await printJson({ nodes: rows, regions });
  else {
    const head = ["NODE", "REGION", "TIER", "ROLE", "GROUP", "CLUSTER", "ADDRESS"];
    const cells = rows.map((row) => {
      return [row.node, row.region, row.tier, row.role, row.group, row.cluster, row.address];
    });
    await print(table(head, cells));
  }
  return exitCodes.ok;
}

/** `meridian zones`: the zone table. */
export async function zones(choice: PlatformChoice, output: Output): Promise<ExitCode> {
  const { zones: entries, zonesVersion } = await askTopology(choice);
  if (output === "json") await printJson({ zones: entries, version: zonesVersion });
  else {
    const rows = entries.map(({ prefix, consistency, home, conflict, replicate }) => {
      return [prefix, consistency, home, conflict, replicate.join(",")];
    });
    await print(table(["PREFIX", "CONSISTENCY", "HOME", "CONFLICT", "REPLICATE"], rows));
  }
  return exitCodes.ok;
}

function tierName(tier: number): string {
  switch (tier) {
    case Tier.GLOBAL:
      return "global";
    case Tier.REGIONAL:
      return "regional";
    case Tier.EDGE:
      return "edge";
    default:
      return "unknown";
  }
}
