import colors from "picocolors";

import type { DevEvent } from "./event.ts";

/** What a platform that is ready is told of on a terminal: one screen, at most 80 columns where addresses permit. */
export function welcome(ready: Extract<DevEvent, { event: "ready" }>): string {
  const { endpoints, control, topology, wan } = ready;
  const { bold, cyan, dim, yellow } = colors;
  const row = (region: string, addresses: readonly string[]): string =>
    `  ${region.padEnd(11)} ${shorten(addresses)}`;
  const rows = (tier: Readonly<Record<string, readonly string[]>>): readonly string[] =>
    Object.entries(tier).map(([region, addresses]) => row(region, addresses));
  const latency = wan.emulated
    ? yellow(`WAN latency between regions is EMULATED: ${wan.source}`)
    : yellow("No WAN latency is emulated (--wan none)");
  return [
    bold(`Meridian is ready after ${(ready.elapsedMs / 1000).toFixed(1)} s.`),
    latency,
    dim("Everything is bound to 127.0.0.1 only, without TLS and without authentication."),
    "",
    bold("Global tier") + dim("  strict data; primary us-east, secondary eu-central"),
    ...rows(endpoints.global),
    bold("Regional clusters") + dim("  three voters and an observer each"),
    ...rows(endpoints.regional),
    bold("Edges") + dim("  one in each point of presence, read only"),
    ...rows(endpoints.edge),
    dim(`Control ${control}, topology ${topology}`),
    "",
    bold("Try next, in another terminal:"),
    `  ${cyan("npx meridian status")}`,
    `  ${cyan("npx meridian create /global/flags/dark-mode on --parents --region us-west")}`,
    `  ${cyan("npx meridian chaos partition apac")}   ${dim("(npx meridian chaos heal ends it)")}`,
    dim("Ctrl-C stops everything; the next start resumes the same data."),
  ].join("\n");
}

/** host:port of the first, then only the ports of those on the same host. */
function shorten(addresses: readonly string[]): string {
  const [first, ...rest] = addresses;
  if (first === undefined) return "";
  const host = first.slice(0, first.lastIndexOf(":") + 1);
  return [first, ...rest.map((each) => each.replace(host, ""))].join(" ");
}
