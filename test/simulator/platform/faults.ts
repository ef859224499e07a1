import type { ClientProcess } from "./client-process.ts";
import type { Counter } from "./counter.ts";
import { between, type Chance, globalGroups, oneOf, regions, weighted } from "./shape.ts";
import type { Tiers } from "./tiers.ts";

/** Something that is done to the platform at a moment of virtual time. */
export interface Deed {
  readonly atMs: number;
  readonly text: string;
  run(): void | Promise<void>;
}

/** What faults are done to. */
export interface Target {
  readonly tiers: Tiers;
  readonly processes: readonly ClientProcess[];
  readonly counter: Counter;
  readonly chance: Chance;
  /** Clusters of which a member's disk was bad. */
  readonly damaged: Set<string>;
}

type Fault = (target: Target, atMs: number) => readonly Deed[];

/** Faults by their weight. */
const faults: readonly (readonly [number, Fault])[] = [
  [3, regionCut],
  [2, regionLoss],
  [2, flapping],
  [3, memberCrash],
  [2, memberCut],
  [2, slowLink],
  [2, edgeLoss],
  [2, processStop],
  [1, witnessLoss],
  [1, clusterRestart],
  [2, memberStop],
  [1, slowDisk],
  [1, wallJump],
  [2, memberDamage],
];

/**
 * Draws what happens within a time. Every second run loses its primary region and has it back, and
 * many have a region cut off; the rest is by chance, and may overlap.
 */
export function drawDeeds(target: Target, fromMs: number, forMs: number): readonly Deed[] {
  const { chance } = target;
  const deeds: Deed[] = [];
  if (chance() < 0.5) {
    const atMs = fromMs + between(chance, 0, Math.floor(forMs * 0.4));
    deeds.push(...loss(target, regions[0], atMs, between(chance, 5_000, 8_000)));
  }
  if (chance() < 0.3) {
    deeds.push(...regionCut(target, fromMs + between(chance, 0, Math.floor(forMs * 0.6))));
  }
  const count = between(chance, 1, 6);
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
  for (const node of tiers.edgeNames) await tiers.revive(node);
}

/** All servers of a region go down at once, and come back. */
function loss(target: Target, region: string, atMs: number, forMs: number): readonly Deed[] {
  const { tiers, counter } = target;
  const kind = region === regions[0] ? "primaryLosses" : "regionLosses";
  return [
    {
      atMs,
      text: `${region} is lost for ${forMs} ms`,
      run: () => {
        for (const node of tiers.within(region)) tiers.kill(node);
      },
    },
    {
      atMs: atMs + forMs,
      text: `${region} is back`,
      run: async () => {
        for (const node of tiers.within(region)) await tiers.revive(node);
        counter.count(kind);
      },
    },
  ];
}

function regionLoss(target: Target, atMs: number): readonly Deed[] {
  const { chance } = target;
  return loss(target, oneOf(chance, regions.slice(1)), atMs, between(chance, 2_000, 9_000));
}

/** A region with its clients is cut off from all others, in one direction or both. */
function regionCut({ tiers, counter, chance, processes }: Target, atMs: number): readonly Deed[] {
  // Mostly one from which somebody looks.
  const looked = chance() < 0.7 ? processes.map((process) => process.region) : regions;
  const region = oneOf(chance, looked);
  const forMs = between(chance, 1_000, 10_000);
  const way = oneOf(chance, ["both", "both", "in", "out"] as const);
  const inside = tiers.within(region);
  const outside = regions
    .filter((other) => other !== region)
    .flatMap((other) => tiers.within(other));
  return [
    {
      atMs,
      text: `${region} is cut off (${way}) for ${forMs} ms`,
      run: () => {
        if (way !== "out") tiers.cut(outside, inside, true);
        if (way !== "in") tiers.cut(inside, outside, true);
        counter.count(way === "both" ? "regionCuts" : "oneWayCuts");
      },
    },
    {
      atMs: atMs + forMs,
      text: `${region} is joined again`,
      run: () => {
        tiers.cut(outside, inside, false);
        tiers.cut(inside, outside, false);
      },
    },
  ];
}

/** The links between two regions come and go. */
function flapping({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const from = oneOf(chance, regions);
  const to = oneOf(
    chance,
    regions.filter((region) => region !== from),
  );
  const deeds: Deed[] = [];
  let nextMs = atMs;
  for (let turn = 0; turn < between(chance, 4, 9); turn += 1) {
    const isCut = turn % 2 === 0;
    deeds.push({
      atMs: nextMs,
      text: `${from} and ${to} ${isCut ? "lose" : "find"} each other`,
      run: () => {
        tiers.cut(tiers.within(from), tiers.within(to), isCut);
        tiers.cut(tiers.within(to), tiers.within(from), isCut);
        if (isCut) counter.count("flaps");
      },
    });
    nextMs += between(chance, 100, 2_500);
  }
  return deeds;
}

/** One member, most likely a leader, crashes and starts again. */
function memberCrash({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  const wantsLeader = chance() < 0.6;
  const other = oneOf(chance, group.names);
  const forMs = between(chance, 50, 5_000);
  let node = other;
  return [
    {
      atMs,
      text: `${wantsLeader ? `the leader of ${group.plan.cluster}` : other} crashes`,
      run: () => {
        node = (wantsLeader ? group.leader?.place.node : undefined) ?? other;
        tiers.kill(node);
        counter.count("crashes");
      },
    },
    {
      atMs: atMs + forMs,
      text: `what crashed in ${group.plan.cluster} starts`,
      run: () => tiers.revive(node),
    },
  ];
}

/** One member is cut off from everybody. */
function memberCut({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  const node = oneOf(chance, group.names);
  const forMs = between(chance, 500, 6_000);
  const turn = (isCut: boolean): void => {
    tiers.sever(node, isCut);
    if (isCut) counter.count("memberCuts");
  };
  return [
    { atMs, text: `${node} is cut off for ${forMs} ms`, run: () => turn(true) },
    { atMs: atMs + forMs, text: `${node} is joined again`, run: () => turn(false) },
  ];
}

function slowLink({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const from = oneOf(chance, regions);
  const to = oneOf(
    chance,
    regions.filter((region) => region !== from),
  );
  const delayMs = between(chance, 150, 900);
  const forMs = between(chance, 1_000, 8_000);
  return [
    {
      atMs,
      text: `from ${from} to ${to} it takes ${delayMs} ms for ${forMs} ms`,
      run: () => {
        tiers.slow(from, to, delayMs);
        counter.count("slowLinks");
      },
    },
    {
      atMs: atMs + forMs,
      text: `from ${from} to ${to} all is fast`,
      run: () => tiers.slow(from, to, undefined),
    },
  ];
}

function edgeLoss({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const node = oneOf(chance, tiers.edgeNames);
  const forMs = between(chance, 200, 6_000);
  return [
    {
      atMs,
      text: `${node} ends for ${forMs} ms`,
      run: () => {
        tiers.kill(node);
        counter.count("edgeLosses");
      },
    },
    { atMs: atMs + forMs, text: `${node} starts`, run: () => tiers.revive(node) },
  ];
}

function processStop({ processes, counter, chance }: Target, atMs: number): readonly Deed[] {
  const process = oneOf(chance, processes);
  const forMs = between(chance, 300, 9_000);
  const run = (): void => {
    process.runtime.stop(forMs);
    counter.count("clientStops");
  };
  return [{ atMs, text: `${process.name} is stopped for ${forMs} ms`, run }];
}

function witnessLoss({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const witnesses = tiers.group("global").names.filter((name) => name.startsWith(globalGroups[2]));
  const lost = chance() < 0.5 ? witnesses : [oneOf(chance, witnesses)];
  const forMs = between(chance, 1_000, 8_000);
  return [
    {
      atMs,
      text: `${lost.join(" and ")} are lost for ${forMs} ms`,
      run: () => {
        for (const node of lost) tiers.kill(node);
        counter.count("witnessLosses");
      },
    },
    {
      atMs: atMs + forMs,
      text: `${lost.join(" and ")} are back`,
      run: async () => {
        for (const node of lost) await tiers.revive(node);
      },
    },
  ];
}

/** All members of a cluster lose their power at once. */
function clusterRestart({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  const forMs = between(chance, 100, 3_000);
  return [
    {
      atMs,
      text: `all of ${group.plan.cluster} crash for ${forMs} ms`,
      run: () => {
        for (const node of group.names) tiers.kill(node);
        counter.count("clusterRestarts");
      },
    },
    {
      atMs: atMs + forMs,
      text: `all of ${group.plan.cluster} start`,
      run: async () => {
        for (const node of group.names) await tiers.revive(node);
      },
    },
  ];
}

/** One member's process is stopped, most likely a leader's, and goes on. */
function memberStop({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const group = oneOf(chance, [...tiers.groups.values()]);
  const wantsLeader = chance() < 0.6;
  let node = oneOf(chance, group.names);
  const forMs = between(chance, 500, 6_000);
  return [
    {
      atMs,
      text: `a process of ${group.plan.cluster} is stopped for ${forMs} ms`,
      run: () => {
        if (wantsLeader) node = group.leader?.place.node ?? node;
        tiers.pause(node, true);
        counter.count("memberStops");
      },
    },
    {
      atMs: atMs + forMs,
      text: `what was stopped in ${group.plan.cluster} goes on`,
      run: () => tiers.pause(node, false),
    },
  ];
}

function slowDisk({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const node = oneOf(chance, oneOf(chance, [...tiers.groups.values()]).names);
  const delayMs = between(chance, 20, 600);
  const forMs = between(chance, 1_000, 6_000);
  return [
    {
      atMs,
      text: `the disk of ${node} takes ${delayMs} ms for ${forMs} ms`,
      run: () => {
        tiers.slowDisk(node, delayMs);
        counter.count("slowDisks");
      },
    },
    { atMs: atMs + forMs, text: `the disk of ${node} is fast`, run: () => tiers.slowDisk(node, 1) },
  ];
}

/** Wall clocks of all members of a cluster, or of one, are set forwards or backwards. */
function wallJump({ tiers, counter, chance }: Target, atMs: number): readonly Deed[] {
  const { names } = oneOf(chance, [...tiers.groups.values()]);
  const nodes = chance() < 0.5 ? names : [oneOf(chance, names)];
  const byMs = between(chance, -3_600_000, 3_600_000);
  const run = (): void => {
    for (const node of nodes) tiers.shiftWall(node, byMs);
    counter.count("wallJumps");
  };
  return [{ atMs, text: `the wall clocks of ${nodes.join()} are set by ${byMs} ms`, run }];
}

/**
 * One member of a cluster that has others crashes, and a bit of its data flips. No second one of
 * the same cluster: what two have lost, nobody may have.
 */
function memberDamage(target: Target, atMs: number): readonly Deed[] {
  const { tiers, counter, chance, damaged } = target;
  const clusters = [...tiers.groups.values()].filter(({ plan, names }) => {
    return names.length > 2 && !damaged.has(plan.cluster);
  });
  const group = oneOf(chance, clusters.length > 0 ? clusters : [tiers.group("global")]);
  if (damaged.has(group.plan.cluster)) return [];
  damaged.add(group.plan.cluster);
  const node = oneOf(chance, group.names);
  return [
    { atMs, text: `${node} crashes and its disk is bad`, run: () => tiers.kill(node) },
    {
      atMs: atMs + between(chance, 50, 3_000),
      text: `${node} starts with a flipped bit`,
      run: async () => {
        counter.count("damages");
        if (await tiers.damage(node)) counter.count("rebuilds");
      },
    },
  ];
}
