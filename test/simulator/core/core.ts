import type { Scenario } from "../scenario.ts";
import { strikes } from "./faults.ts";
import { type Cast, GroupRun } from "./group-run.ts";
import { Draw } from "./setup.ts";

/** One group of members under every kind of trouble. */
export const core: Scenario = {
  name: "core",
  description: "one group: crashes, cuts, bad disks and clocks, and then a majority that recovers",
  run: (seed, trace) => new GroupRun(seed, castOf(seed), trace).run(),
  required: {
    "leader change": 0.95,
    "snapshot install": 0.5,
    "membership change": 0.3,
    "torn tail": 0.2,
    "recovered member": 0.05,
    "wiped member refused": 0.05,
    "watch event": 0.95,
    "watch resume": 0.95,
    "watch bookmark": 0.95,
    "watch of several changes": 0.4,
    "watch passed over": 0.8,
    "watch COMPACTED": 0.6,
  },
};

function castOf(seed: number): Cast {
  const draw = new Draw(seed);
  const cluster = "us-west";
  const plan = {
    cluster,
    voters: draw.pick(1, 2, 3, 3, 3, 3, 3, 4, 5, 5),
    observers: draw.pick(0, 0, 1, 2),
  };
  const electionTicks = 6 + draw.below(4);
  const timing = {
    tickMs: draw.pick(50, 100),
    electionTicks,
    electionJitterTicks: 4 + draw.below(4),
    heartbeatTicks: 2,
    leaseTicks: electionTicks,
  };
  const stage = { plan, options: { timing }, root: `/regions/${cluster}` };
  return { setup: draw.setup(Object.keys(strikes)), stage, strikes };
}
