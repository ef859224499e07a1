import { expect, test } from "vitest";
import type { Configuration, NodeId, Timing } from "../src/index.ts";
import { seeded } from "./support/random.ts";
import { Regions, type RegionsOptions } from "./support/regions.ts";
import { sweep } from "./support/sweep.ts";

const names = (prefix: string, count: number): NodeId[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);

const configuration: Configuration = {
  groups: [
    { name: "primary", voters: names("p", 5), weight: 1 },
    { name: "secondary", voters: names("s", 5), weight: 1 },
    { name: "witness", voters: names("w", 3), weight: 1 },
  ],
  learners: [],
  witnesses: names("w", 3),
  outgoingGroups: [],
  autoLeave: false,
};

/** As the global tier has it: what is defended here depends on it. */
function timing(id: NodeId): Timing {
  const rank = { p: 0, s: 1, w: 2 }[id[0]!]!;
  return {
    electionTicks: [12, 25, 40][rank]!,
    electionJitterTicks: [8, 12, 12][rank]!,
    heartbeatTicks: 3,
    leaseTicks: 12,
  };
}

/** One way: a millisecond within a region, 45 between the large ones, 10 to 60 to each witness. */
function distances(seed: number): (from: NodeId, to: NodeId) => number {
  const random = seeded(seed + 77);
  const far = new Map(
    names("w", 3).map((id) => [id, { p: 10 + 50 * random(), s: 10 + 50 * random() }]),
  );
  return (from, to) => {
    const [one = "", other = ""] = [from[0]!, to[0]!].toSorted();
    if (one !== "w" && one === other) return 1;
    if (one === "w") return 30;
    if (other !== "w") return 45;
    const witness = far.get(from[0] === "w" ? from : to)!;
    return one === "p" ? witness.p : witness.s;
  };
}

interface Outcome {
  readonly seed: number;
  /** Terms that it took. */
  readonly terms: number;
  readonly ms: number;
  /** Who campaigned in the first of these terms. */
  readonly candidates: number;
}

type Machines = Pick<RegionsOptions, "diskMs" | "lagMs">;
type Fault = (group: Regions, leader: NodeId) => void;

/** A calm group is struck; how it gets to its next leader. */
function elect(seed: number, machine: Machines, fault: Fault): Outcome {
  const delayMs = distances(seed);
  const group = new Regions({ configuration, timing, delayMs, seed, ...machine });
  group.until(() => group.leader !== undefined, 60_000);
  group.pass(3000 + 10 * (seed % 100));
  const old = group.leader!;
  const { term } = group.members.get(old)!.raft.status();
  fault(group, old);
  const fromMs = group.nowMs;
  const newest = (): number => Math.max(...group.leaders.keys());
  group.until(() => newest() > term, 120_000);
  for (const leaders of group.leaders.values()) expect(leaders.size, `seed ${seed}`).toBe(1);
  return {
    seed,
    terms: newest() - term,
    ms: group.nowMs - fromMs,
    candidates: group.candidates.get(term + 1)?.size ?? 0,
  };
}

/** Runs all seeds and says how it went, in words too. */
function measure(
  machine: Machines,
  fault: Fault,
): { readonly firstShare: number; readonly text: string } {
  const outcomes = Array.from({ length: sweep(300, 3000) }, (_, seed) =>
    elect(seed, machine, fault),
  );
  const firstShare = outcomes.filter(({ terms }) => terms === 1).length / outcomes.length;
  const alone = outcomes.filter(({ candidates }) => candidates === 1).length;
  const times = outcomes.map(({ ms }) => Math.round(ms)).toSorted((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(part * times.length)]!;
  const later = outcomes.filter(({ terms }) => terms > 1).map(({ seed }) => seed);
  const text =
    `first term ${firstShare.toFixed(3)}, most terms ` +
    `${Math.max(...outcomes.map(({ terms }) => terms))}, one candidate ${alone}; ms: ` +
    `${at(0.5)} median, ${at(0.9)} p90, ${at(0.99)} p99, ${times.at(-1)!} most; ` +
    `seeds with more terms: ${later.slice(0, 20).join(" ")}`;
  return { firstShare, text };
}

function crash(group: Regions, ids: readonly NodeId[]): void {
  for (const id of ids) group.members.get(id)!.crash(0);
}

const machines: readonly (readonly [string, Machines])[] = [
  ["fast machines", { diskMs: [1, 10], lagMs: 0 }],
  ["slow disks", { diskMs: [50, 600], lagMs: 0 }],
  ["busy machines", { diskMs: [20, 300], lagMs: 200 }],
];

for (const [which, machine] of machines) {
  test(`when a leader dies on ${which} the first term nearly always has the next`, () => {
    const { firstShare, text } = measure(machine, (group, leader) => crash(group, [leader]));
    expect(firstShare, `${text}`).toBeGreaterThanOrEqual(0.95);
  });

  test(`when the primary region dies on ${which} the first term nearly always has a leader`, () => {
    const { firstShare, text } = measure(machine, (group) => crash(group, names("p", 5)));
    expect(firstShare, `${text}`).toBeGreaterThanOrEqual(0.95);
  });
}

test("when regions hear each other again the first term nearly always has a leader", () => {
  for (const [, machine] of machines) {
    const { firstShare, text } = measure(machine, (group) => {
      group.cut = (from, to) => from[0] !== to[0];
      group.pass(20_000);
      group.cut = () => false;
    });
    expect(firstShare, `${text}`).toBeGreaterThanOrEqual(0.95);
  }
});
