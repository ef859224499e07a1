import type { Configuration, NodeId, VoterGroup } from "../../src/index.ts";
import type { Outcome, Picture } from "./member-states.ts";

/** What has happened in a run and must stay true, whatever the members remember of it. */
export interface Memory {
  /** Who led, by term; empty: nobody yet. */
  readonly leaders: readonly NodeId[];
  /** From index 1. */
  readonly committed: readonly Committed[];
}

interface Committed {
  readonly entry: string;
  /** Term of the leader that committed it, which need not be its own. */
  readonly in: number;
}

/** One step of a run: a member's picture before and after it, and everybody's after it. */
export interface Step {
  readonly id: NodeId;
  readonly before: Picture;
  readonly outcome: Outcome;
  readonly pictures: ReadonlyMap<NodeId, Picture>;
}

/** A claim that does not hold. */
export class Refuted extends Error {
  override readonly name = "Refuted";
}

/**
 * What the run remembers after the step. @throws {Refuted} when a claim does not hold: one leader a
 * term, what is committed stays and is the same everywhere, leaders have it, logs that share an
 * entry share all before it, and what a leader commits is on the disks of a quorum.
 */
export function remember(memory: Memory, step: Step): Memory {
  const { id, outcome, pictures } = step;
  claim(outcome.failure === undefined, `${id}: ${outcome.failure}`);
  const picture = pictures.get(id)!;
  const committed = commit(memory.committed, step);
  const leaders = lead(memory.leaders, id, picture);
  for (const [other, theirs] of pictures) {
    if (other !== id) match(id, picture, other, theirs);
    if (theirs.role === "leader") complete(other, theirs, committed);
  }
  const commits = picture.role === "leader" && picture.commitIndex > step.before.commitIndex;
  if (commits) durable(step, committed[picture.commitIndex - 1]!.entry);
  const same = leaders === memory.leaders && committed === memory.committed;
  return same ? memory : { leaders, committed };
}

function lead(leaders: readonly NodeId[], id: NodeId, picture: Picture): readonly NodeId[] {
  if (picture.role !== "leader") return leaders;
  const { term } = picture;
  const other = leaders[term] ?? "";
  claim(other === "" || other === id, `${other} and ${id} lead term ${term}`);
  if (other === id) return leaders;
  return Array.from({ length: Math.max(leaders.length, term + 1) }, (_, at) =>
    at === term ? id : (leaders[at] ?? ""),
  );
}

function commit(committed: readonly Committed[], step: Step): readonly Committed[] {
  const { id, outcome, pictures } = step;
  let all = committed;
  for (const { index, entry } of outcome.applied) {
    const known = all[index - 1];
    if (known === undefined) {
      claim(index === all.length + 1, `${id} skips to ${index}`);
      all = [...all, { entry, in: pictures.get(id)!.term }];
    } else {
      const other = known.entry;
      claim(other === entry, `${id} commits ${entry} at ${index}, where ${other} is committed`);
    }
  }
  return all;
}

/** Leaders of later terms have it; one of an earlier term may not know yet that it is deposed. */
function complete(id: NodeId, { term, log }: Picture, committed: readonly Committed[]): void {
  committed.forEach((found, at) => {
    claim(
      found.in >= term || log[at] === found.entry,
      `${id} leads ${term} without what is committed at ${at + 1}: ${found.entry}`,
    );
  });
}

function match(one: NodeId, mine: Picture, other: NodeId, theirs: Picture): void {
  const last = mine.terms.findLastIndex((term, at) => term === theirs.terms[at]);
  for (let at = 0; at <= last; at++) {
    claim(mine.log[at] === theirs.log[at], `${one} and ${other} differ at ${at + 1}`);
  }
}

function durable({ id, pictures }: Step, entry: string): void {
  const { commitIndex, configuration } = pictures.get(id)!;
  // Who has lost it elects nobody who has not got it.
  const holders = [...pictures].filter(
    ([, { log: theirs, recovering }]) => recovering || theirs[commitIndex - 1] === entry,
  );
  const is = isQuorum(configuration, new Set(holders.map(([holder]) => holder)));
  claim(is, `${id} commits ${commitIndex}, which no quorum has`);
}

/** The definition, word for word: majorities of groups that weigh more than half of all. */
export function isQuorum(configuration: Configuration, members: ReadonlySet<NodeId>): boolean {
  const wins = (side: readonly VoterGroup[]): boolean => {
    const won = side.filter(
      ({ voters }) => voters.filter((id) => members.has(id)).length > voters.length / 2,
    );
    return weigh(won) > weigh(side) / 2;
  };
  const { groups, outgoingGroups } = configuration;
  return wins(groups) && (outgoingGroups.length === 0 || wins(outgoingGroups));
}

function weigh(groups: readonly VoterGroup[]): number {
  return groups.reduce((sum, { weight }) => sum + weight, 0);
}

function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Refuted(otherwise);
}
