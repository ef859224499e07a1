import { expect, test } from "vitest";
import type { Configuration, NodeId, Timing } from "../src/index.ts";
import { majority } from "../src/index.ts";
import type { Counts, SimulationOptions } from "./support/simulation.ts";
import { Simulation } from "./support/simulation.ts";

const timing: Timing = {
  electionTicks: 10,
  electionJitterTicks: 10,
  heartbeatTicks: 2,
  leaseTicks: 10,
};

const names = (prefix: string, count: number): NodeId[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);

const global: Configuration = {
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

/** Fewer members of the same shape: the same states, reached sooner. */
const small: Configuration = {
  ...global,
  groups: [
    { name: "primary", voters: names("p", 1), weight: 1 },
    { name: "secondary", voters: names("s", 1), weight: 1 },
    { name: "witness", voters: names("w", 1), weight: 1 },
  ],
  witnesses: names("w", 1),
};

function patience(id: NodeId): Timing {
  if (id.startsWith("p")) return timing;
  return { ...timing, electionTicks: id.startsWith("s") ? 15 : 25 };
}

/** On a busy machine. */
const patienceMs = 60_000;

/** Runs many seeds. A failure names its seed. */
function explore(seeds: number, ticks: number, options: Omit<SimulationOptions, "seed">): Counts {
  const total: Record<string, number> = {};
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      const simulation = new Simulation({ ...options, seed });
      simulation.runFaults(ticks);
      simulation.converge(600);
      for (const [name, count] of Object.entries(simulation.counts)) {
        total[name] = (total[name] ?? 0) + Number(count);
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return total as unknown as Counts;
}

/** A run that exercised nothing proves nothing. */
function expectKinds(counts: Counts, except: readonly (keyof Counts)[]): void {
  const missing = Object.entries(counts).filter(([, count]) => count === 0);
  expect(missing.map(([name]) => name).toSorted()).toEqual(except);
}

test(
  "three voters stay safe through faults and converge after them",
  () => {
    const configuration = majority(names("n", 3));
    const counts = explore(150, 400, { configuration, timing: () => timing });
    expectKinds(counts, ["changes", "leaseReads", "witnessLeads"]);
  },
  patienceMs,
);

test(
  "five voters and two learners stay safe through faults and converge after them",
  () => {
    const configuration = majority(names("n", 5), names("l", 2));
    const counts = explore(80, 400, { configuration, timing: () => timing });
    expectKinds(counts, ["changes", "leaseReads", "witnessLeads"]);
  },
  patienceMs,
);

test(
  "three groups of one voter, one a witness, stay safe and converge",
  () => {
    const counts = explore(150, 400, { configuration: small, timing: patience });
    expectKinds(counts, ["changes", "leaseReads"]);
  },
  patienceMs,
);

test(
  "thirteen voters in three groups stay safe through faults and converge after them",
  () => {
    const counts = explore(50, 400, { configuration: global, timing: patience });
    expectKinds(counts, ["changes", "leaseReads"]);
  },
  patienceMs,
);

test(
  "members come and go through joint configurations, safely, and the rest converges",
  () => {
    const configuration = majority(names("n", 3));
    const counts = explore(150, 400, { configuration, timing: () => timing, pool: names("n", 6) });
    expectKinds(counts, ["leaseReads", "witnessLeads"]);
  },
  patienceMs,
);

test(
  "the same with learners first, and with leases by clocks that run at different speeds",
  () => {
    const configuration = majority(names("n", 3));
    const pool = names("n", 6);
    const options = { configuration, timing: () => timing, pool, guarded: true, leases: true };
    expectKinds(explore(100, 400, options), ["witnessLeads"]);
  },
  patienceMs,
);

test(
  "groups change their voters, come and go, and hold leadership, safely",
  () => {
    const configuration = {
      ...global,
      groups: global.groups.map((group) => ({ ...group, voters: group.voters.slice(0, 2) })),
      witnesses: names("w", 2),
    };
    const pool = [...names("p", 3), ...names("s", 3), ...names("w", 3)];
    expectKinds(explore(80, 400, { configuration, timing: patience, pool }), ["leaseReads"]);
  },
  patienceMs,
);

test(
  "three groups with leases stay safe and converge",
  () => {
    const options = { configuration: small, timing: patience, leases: true };
    expectKinds(explore(100, 400, options), ["changes"]);
  },
  patienceMs,
);
