import type { IInspectResponse } from "@meridian/wire";
import colors from "picocolors";

import type { NodeState } from "./fleet-watch.ts";
import { regions } from "./picture.ts";

/** The live view: one line a region, then the faults in force. */
export function statusView(
  states: readonly NodeState[],
  { processes, links }: IInspectResponse,
): readonly string[] {
  const { bold, dim } = colors;
  const head = bold(
    `${"region".padEnd(11)} ${"up".padStart(5)}  ${"leader".padEnd(20)} ${"applied".padStart(8)} ` +
      `${"sessions".padStart(8)}  ${"state".padEnd(10)} ${"oldest mirror".padStart(13)}`,
  );
  const rows = regions.flatMap((region) => rowsOf(region, states));
  const down = processes.filter(({ pid }) => pid === 0).map(({ name }) => name);
  const cuts = links.filter(({ cut }) => cut).map(({ from, to }) => `${from} → ${to}`);
  return [
    head,
    ...rows,
    ...(down.length > 0 ? [colors.red(`down: ${down.join(", ")}`)] : []),
    ...(cuts.length > 0 ? [colors.red(`cut: ${short(cuts)}`)] : []),
    dim(`${new Date().toISOString().slice(11, 19)} UTC, refreshed every second`),
  ];
}

function rowsOf(region: string, states: readonly NodeState[]): readonly string[] {
  const here = states.filter(({ node }) => node.region === region);
  const global = here.filter(({ node }) => node.tier === "global" && node.role !== "witness");
  const rest = here.filter(({ node }) => node.tier !== "global" || node.role === "witness");
  return [
    ...(global.length > 0 ? [rowOf(region, global, rest.length === 0 ? here : global)] : []),
    ...(rest.length > 0
      ? [
          rowOf(
            region,
            rest.filter(({ node }) => node.tier === "regional"),
            rest,
          ),
        ]
      : []),
  ];
}

/** One line; `cluster` are the members that know the leader, `all` those that are counted. */
function rowOf(region: string, cluster: readonly NodeState[], all: readonly NodeState[]): string {
  const up = all.filter(({ status }) => status !== undefined).length;
  const known = cluster.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const leading = known.find(({ state }) => state === "leader") ?? known[0];
  const mirrors = all.flatMap(({ status }) => status?.mirrors ?? []);
  const oldestMs = Math.max(0, ...mirrors.map(({ stalenessMs }) => stalenessMs));
  const count = `${up}/${all.length}`;
  return [
    region.padEnd(11),
    up === all.length ? colors.green(count.padStart(5)) : colors.red(count.padStart(5)),
    "",
    (leading?.leader || "none").padEnd(20),
    String(leading?.appliedIndex ?? "-").padStart(8),
    String(leading?.sessions ?? "-").padStart(8),
    "",
    (leading?.partitionState ?? "").toLowerCase().padEnd(10),
    (mirrors.length === 0 ? "-" : `${oldestMs} ms`).padStart(13),
  ].join(" ");
}

function short(names: readonly string[]): string {
  return names.length <= 4
    ? names.join(", ")
    : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
}
