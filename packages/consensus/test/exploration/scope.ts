import type { Configuration, NodeId } from "../../src/index.ts";

/** What is explored: all runs of a group within bounds. */
export interface Scope {
  readonly name: string;
  /** What it is good for. */
  readonly about: string;
  readonly members: readonly NodeId[];
  readonly configuration: Configuration;
  /** Terms of the entries that members begin with, and their term; empty logs if it is not said. */
  readonly start?: {
    readonly term: number;
    readonly logs: Readonly<Record<NodeId, readonly number[]>>;
  };
  /** Configurations that a leader may propose, in this order, each once. */
  readonly changes: readonly Configuration[];
  /** Nobody campaigns beyond. */
  readonly termMax: number;
  /** Who campaigns without being asked to; everybody, if it is not said. */
  readonly campaigners?: readonly NodeId[];
  /** Campaigns in all, beside those that a witness asks for to hand over. */
  readonly campaignsMax: number;
  /** Commands in all, beside the empty entries of leaders. */
  readonly commandsMax: number;
  /** Crashes in all; each loses everything but the disk. */
  readonly crashesMax: number;
  /** Crashes in all that take the log, and leave term and vote. */
  readonly lossesMax: number;
  /** Rounds of heartbeats in all. */
  readonly beatsMax: number;
  /** Writes take their time; a crash takes those that are not done. */
  readonly slowDisks: boolean;
  /** Where the suite stops, if it has not got to the end. */
  readonly statesFew: number;
  /** A message may come more than once. */
  readonly repeats: boolean;
}

/** Groups of voters as `name:weight`, and who of them is a witness. */
export function hierarchy(
  groups: Readonly<Record<string, readonly NodeId[]>>,
  witnesses: readonly NodeId[] = [],
): Configuration {
  return {
    groups: Object.entries(groups).map(([key, voters]) => {
      const [name = "", weight = "1"] = key.split(":");
      return { name, voters, weight: Number(weight) };
    }),
    learners: [],
    witnesses,
    outgoingGroups: [],
    autoLeave: false,
  };
}

/** The joint configuration on the way from one to another. */
export function between(from: Configuration, to: Configuration): Configuration {
  const witnesses = [...new Set([...from.witnesses, ...to.witnesses])];
  return { ...to, witnesses, outgoingGroups: from.groups, autoLeave: true };
}
