import { resolve } from "node:path";

import colors from "picocolors";

import { parseAddress } from "../config/address.ts";
import type { TierName } from "../config/role.ts";
import type { DevEvent } from "./event.ts";
import { regions } from "./picture.ts";

type Ready = Extract<DevEvent, { event: "ready" }>;

/**
 * What a platform that is ready is told of on a terminal: with the live view below it, one screen
 * of 30 lines.
 */
export function welcome(ready: Ready): string {
  const { control, topology, wan } = ready;
  const { bold, dim, yellow } = colors;
  const latency = wan.emulated
    ? `WAN latency between regions is EMULATED: ${wan.source}`
    : "No WAN latency is emulated (--wan none)";
  return [
    bold(`Meridian is ready after ${(ready.elapsedMs / 1000).toFixed(1)} s.`),
    yellow(latency),
    dim("Bound to 127.0.0.1 only, without TLS and without authentication. gRPC ports:"),
    "",
    ...endpointRows(ready),
    dim(`control ${control}, topology ${topology}`),
    "",
    bold("Try next, in another terminal:"),
    ...suggestions(topology),
    dim("Ctrl-C stops everything; the next start resumes the same data."),
  ].join("\n");
}

function endpointRows({ endpoints }: Ready): readonly string[] {
  const cell = (tier: TierName, region: string): string => ports(endpoints[tier][region] ?? []);
  const row = (cells: readonly string[]): string =>
    `  ${cells.map((text) => text.padEnd(13)).join(" ")}`.trimEnd();
  return [
    colors.bold(row(["region", "global", "regional", "edge"])),
    ...regions.map((region) =>
      row([region, cell("global", region), cell("regional", region), cell("edge", region)]),
    ),
  ];
}

/** Ports in ascending order, neighbours as a range: `7401-7405`. */
function ports(addresses: readonly string[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const address of addresses) {
    const port = parseAddress(address)?.port ?? 0;
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === port) last.to = port;
    else ranges.push({ from: port, to: port });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(" ");
}

function suggestions(topology: string): readonly string[] {
  const { cyan, dim } = colors;
  const isDefault = resolve(".meridian/topology.yaml") === topology;
  return [
    ...(isDefault ? [] : [`  ${cyan(`export MERIDIAN_TOPOLOGY=${topology}`)}`]),
    `  ${cyan("npx meridian status")}`,
    `  ${cyan("npx meridian set /global/flags/dark-mode on --create --region us-west")}`,
    `  ${cyan("npx meridian chaos partition apac")}  ${dim("(npx meridian chaos heal ends it)")}`,
  ];
}
