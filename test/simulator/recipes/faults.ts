import type { ClientProcess } from "../platform/client-process.ts";
import type { Counter } from "../platform/counter.ts";
import type { Deed } from "../platform/faults.ts";
import { between, type Chance, oneOf, weighted } from "../platform/shape.ts";
import type { Tiers } from "../platform/tiers.ts";
import { clientRegions } from "./shape.ts";

/** What faults are done to. */
export interface Target {
  readonly tiers: Tiers;
  readonly processes: readonly ClientProcess[];
  readonly counter: Counter;
  readonly chance: Chance;
}

type Fault = (target: Target, atMs: number) => readonly Deed[];

/** Faults by their weight: those that recipes have most to fear from are the most frequent. */
const faults: readonly (readonly [number, Fault])[] = [
  [5, clientStop],
  [4, clientCut],
  [3, leaderCrash],
  [2, leaderStop],
  [2, regionLoss],
];

/** Draws what happens within a time. */
export function drawDeeds(target: Target, fromMs: number, forMs: number): readonly Deed[] {
  const { chance } = target;
  const deeds: Deed[] = [];
  const count = between(chance, 3, 9);
  for (let made = 0; made < count; made += 1) {
    const atMs = fromMs + between(chance, 0, Math.floor(forMs * 0.9));
    deeds.push(...weighted(chance, faults)(target, atMs));
  }
  return deeds.toSorted((a, b) => a.atMs - b.atMs);
}

/** Ends every fault: what is down is started, what is cut is joined. */
export async function endFaults({ tiers }: Target): Promise<void> {
  tiers.mend();
  for (const group of tiers.groups.values()) {
    for (const node of group.names) await tiers.revive(node);
  }
}

/** A client's process is stopped, for less or for more than its session lives. */
function clientStop({ processes, counter, chance }: Target, atMs: number): readonly Deed[] {
  const process = oneOf(chance, processes);
  const forMs = between(chance, 300, 8_000);
  const run = (): void => {
    process.runtime.stop(forMs);
    counter.count("clientStops");
  };
  return [{ atMs, text: `${process.name} is stopped for ${forMs} ms`, run }];
}

/** A client is cut off from everybody, once or again and again. */
function clientCut({ tiers, processes, counter, chance }: Target, atMs: number): readonly Deed[] {
  const { name } = oneOf(chance, processes);
  const deeds: Deed[] = [];
  let nextMs = atMs;
  const turns = oneOf(chance, [1, 1, 2, 5]);
  for (let turn = 0; turn < turns; turn += 1) {
    const forMs = between(chance, 50, turns === 1 ? 6_000 : 800);
    const cut = (isCut: boolean): void => {
      tiers.sever(name, isCut);
      if (isCut) counter.count("clientCuts");
    };
    deeds.push({ atMs: nextMs, text: `${name} is cut off for ${forMs} ms`, run: () => cut(true) });
    deeds.push({ atMs: nextMs + forMs, text: `${name} is back`, run: () => cut(false) });
    nextMs += forMs + between(chance, 50, 800);
  }
  return deeds;
}

function leaderCrash({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  let node = oneOf(chance, group.names);
  const forMs = between(chance, 50, 4_000);
  return [
    {
      atMs,
      text: `the leader of ${group.plan.cluster} crashes for ${forMs} ms`,
      run: () => {
        node = group.leader?.place.node ?? node;
        tiers.kill(node);
        counter.count("leaderCrashes");
      },
    },
    {
      atMs: atMs + forMs,
      text: `what crashed in ${group.plan.cluster} starts`,
      run: () => tiers.revive(node),
    },
  ];
}

function leaderStop({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  let node = oneOf(chance, group.names);
  const forMs = between(chance, 500, 5_000);
  return [
    {
      atMs,
      text: `the leader of ${group.plan.cluster} is stopped for ${forMs} ms`,
      run: () => {
        node = group.leader?.place.node ?? node;
        tiers.pause(node, true);
        counter.count("leaderStops");
      },
    },
    {
      atMs: atMs + forMs,
      text: `what was stopped in ${group.plan.cluster} goes on`,
      run: () => tiers.pause(node, false),
    },
  ];
}

/** All servers of a region go down at once, and come back: the global tier fails over. */
function regionLoss({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const region = oneOf(chance, clientRegions);
  const servers = [...tiers.groups.values()]
    .flatMap(({ names }) => names)
    .filter((node) => tiers.regionOf(node) === region);
  const forMs = between(chance, 2_000, 7_000);
  return [
    {
      atMs,
      text: `${region} is lost for ${forMs} ms`,
      run: () => {
        for (const node of servers) tiers.kill(node);
        counter.count("regionLosses");
      },
    },
    {
      atMs: atMs + forMs,
      text: `${region} is back`,
      run: async () => {
        for (const node of servers) await tiers.revive(node);
      },
    },
  ];
}
