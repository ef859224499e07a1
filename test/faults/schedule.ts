import { Random } from "../linearizability/support/random.ts";

/** A fault, by what it does and to whom. Leaders are looked up when their time has come. */
export type Fault =
  /** kill -9 of the process that leads a cluster; it is started again by itself. */
  | { readonly kind: "kill-leader"; readonly cluster: string }
  /** SIGSTOP of the process that leads a cluster, longer than an election takes, then SIGCONT. */
  | { readonly kind: "stop-leader"; readonly cluster: string }
  /** kill -9 of every process of a region, which is started again; undefined: the leading one. */
  | { readonly kind: "lose-region"; readonly region: string | undefined }
  | { readonly kind: "kill-node"; readonly node: string }
  | { readonly kind: "stop-node"; readonly node: string }
  /** A region that hears nobody, or does not hear one other region. */
  | { readonly kind: "partition"; readonly region: string; readonly from: string | undefined }
  | { readonly kind: "delay"; readonly region: string; readonly ms: number }
  | { readonly kind: "transfer"; readonly region: string };

/** A fault and how long it lasts. */
export interface Episode {
  readonly fault: Fault;
  readonly holdMs: number;
  /** Time without faults behind it, once everything is whole. */
  readonly calmMs: number;
}

/**
 * Faults without end, all from the seed: first, in some order, the three that every run must have,
 * then whatever comes.
 */
export function* schedule(seed: number, isShort: boolean): Generator<Episode, never> {
  const random = new Random(seed);
  const pace = isShort ? shortPace : longPace;
  const required: Fault[] = [
    { kind: "kill-leader", cluster: "global" },
    { kind: "stop-leader", cluster: "global" },
    { kind: "lose-region", region: undefined },
  ];
  while (required.length > 0) {
    const [fault] = required.splice(random.below(required.length), 1);
    if (fault !== undefined) yield { fault, ...timesOf(random, pace) };
  }
  for (;;) yield { fault: anyFault(random), ...timesOf(random, pace) };
}

/** What every run must have done. */
export const requiredKinds: readonly Fault["kind"][] = [
  "kill-leader",
  "stop-leader",
  "lose-region",
];

/** Regions with voters or witnesses of the global cluster. */
const globalRegions = ["us-east", "eu-central"];

/** Regions whose clusters the workload writes to. */
export const writtenRegions: readonly string[] = ["us-west", "apac"];

interface Pace {
  readonly holdMsMin: number;
  readonly holdMsMax: number;
  readonly calmMsMax: number;
}

/** An election takes 1 to 3 s: what lasts longer has been noticed. */
const longPace: Pace = { holdMsMin: 4_000, holdMsMax: 10_000, calmMsMax: 4_000 };
const shortPace: Pace = { holdMsMin: 4_000, holdMsMax: 4_500, calmMsMax: 500 };

function timesOf(random: Random, pace: Pace): { holdMs: number; calmMs: number } {
  const { holdMsMin, holdMsMax, calmMsMax } = pace;
  return {
    holdMs: holdMsMin + random.below(holdMsMax - holdMsMin),
    calmMs: random.below(calmMsMax),
  };
}

function anyFault(random: Random): Fault {
  const region = random.pick(writtenRegions);
  const voters = globalRegions.map((each) => `${each}-global-${1 + random.below(5)}`);
  const everywhere = [...globalRegions, ...writtenRegions, "eu-west"];
  const cluster = random.pick(["global", ...writtenRegions]);
  const makers: (() => Fault)[] = [
    () => ({ kind: "kill-leader", cluster }),
    () => ({ kind: "stop-leader", cluster }),
    () => ({ kind: "lose-region", region: random.pick(everywhere) }),
    () => ({ kind: "kill-node", node: random.pick([...voters, "us-west-witness", `${region}-2`]) }),
    () => ({ kind: "stop-node", node: random.pick([...voters, `${region}-1`]) }),
    () => ({ kind: "kill-node", node: `${region}-edge` }),
    () => ({ kind: "partition", region: random.pick(everywhere), from: undefined }),
    () => ({ kind: "partition", region: "us-east", from: random.pick(["eu-central", region]) }),
    () => ({ kind: "delay", region: random.pick(everywhere), ms: 100 + random.below(400) }),
    () => ({ kind: "transfer", region: random.pick(globalRegions) }),
  ];
  return random.pick(makers)();
}
