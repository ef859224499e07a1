import { globalTickMs } from "@meridian/global";
import type { GroupMemberOptions } from "@meridian/replica";
import { GroupMember } from "@meridian/replica";
import type { Part } from "@meridian/replica/harness";
import { strikes } from "../core/faults.ts";
import { type Cast, GroupRun } from "../core/group-run.ts";
import { Draw } from "../core/setup.ts";
import type { Stage } from "../core/world.ts";
import type { Scenario } from "../scenario.ts";
import { regionalStrikes } from "./faults.ts";

/** The global group: three groups of voters, of which two decide, and one keeps no state. */
export const hierarchy: Scenario = {
  name: "hierarchy",
  description: "the global group: regions lost and back, witnesses that lead, hold and release",
  run: (seed, trace) => new GroupRun(seed, castOf(seed), trace).run(),
  required: {
    "leader change": 0.95,
    "membership change": 0.3,
    "region lost": 0.5,
    "witness led": 0.05,
    "torn tail": 0.2,
    "entry relayed": 0.9,
    "quota kept": 0.15,
  },
};

const regions: Readonly<Record<string, string>> = {
  primary: "us-east",
  secondary: "eu-central",
  witness: "us-central",
};

/** Round trips halved, in milliseconds, between regions. */
const delaysMs: Readonly<Record<string, number>> = {
  "primary secondary": 45,
  "primary witness": 15,
  "secondary witness": 50,
};

function castOf(seed: number): Cast {
  const draw = new Draw(seed);
  const full = draw.pick(3, 3, 3, 5);
  const sizes = [full, draw.pick(full, 3), draw.pick(1, 3, 3)];
  const groups = Object.entries(regions).map(([name, region], rank) => {
    return { name, region, voters: sizes[rank] ?? 3, witness: name === "witness" };
  });
  const stage: Stage = {
    plan: { cluster: "global", voters: 0, groups },
    options: { timing: timingOf(0), make },
    root: "/global",
    delayMs: (from, to) => {
      const pair = [groupOf(from), groupOf(to)].sort().join(" ");
      return Math.round((delaysMs[pair] ?? 2) / 2);
    },
  };
  const all = { ...strikes, ...regionalStrikes };
  const setup = draw.setup(Object.keys(all));
  const faults = [...setup.faults, "region loss"];
  return { setup: { ...setup, faults, safetyMs: setup.safetyMs + 4_000 }, stage, strikes: all };
}

/** Each rank waits longer than the one before, as in the global tier, in less time. */
function timingOf(rank: number): GroupMemberOptions["timing"] {
  const electionTicks = [6, 10, 15][rank] ?? 15;
  return {
    tickMs: globalTickMs,
    electionTicks,
    electionJitterTicks: 4,
    heartbeatTicks: 2,
    leaseTicks: 6,
  };
}

function make(options: GroupMemberOptions): Part {
  const rank = Object.keys(regions).indexOf(options.group);
  const member = new GroupMember({ ...options, timing: timingOf(rank) });
  return { member, services: () => member.services(), stop: () => member.stop() };
}

function groupOf(name: string): string {
  return name.split("-")[0] ?? "";
}
