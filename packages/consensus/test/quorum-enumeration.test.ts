import { expect, test } from "vitest";
import type { Configuration, NodeId, VoterGroup } from "../src/index.ts";
import { Quorum, transitionProblem } from "../src/index.ts";
import { isQuorum } from "./exploration/claims.ts";
import { sweep } from "./support/sweep.ts";

/** A set of voters as a bit mask over `pool`. */
type Mask = number;

/** One configuration, and which sets of voters are quorums of it by what the code says. */
interface Case {
  readonly configuration: Configuration;
  /** By mask. */
  readonly quorums: readonly boolean[];
}

const pool: readonly NodeId[] = ["a", "b", "c", "d"];

/**
 * Every way to put some of the first `count` voters into up to three named groups of such weights.
 */
function sides(count: number, weightMax: number): readonly (readonly VoterGroup[])[] {
  const places = Array.from({ length: 4 ** count }, (_, number) =>
    Array.from({ length: count }, (_voter, at) => Math.floor(number / 4 ** at) % 4),
  );
  return places.flatMap((place) => {
    const groups = [0, 1, 2]
      .map((group) => ({
        name: `g${group}`,
        voters: pool.slice(0, count).filter((_, at) => place[at] === group),
      }))
      .filter(({ voters }) => voters.length > 0);
    if (groups.length === 0) return [];
    return Array.from({ length: weightMax ** groups.length }, (_, number) =>
      groups.map((group, at) => ({
        ...group,
        weight: (Math.floor(number / weightMax ** at) % weightMax) + 1,
      })),
    );
  });
}

/** Of those that differ by nothing but the names of their groups, one. */
function namedInOrder(groups: readonly VoterGroup[]): boolean {
  return groups.every(
    ({ name, voters }, at) =>
      name === `g${at}` && (at === 0 || voters[0]! > groups[at - 1]!.voters[0]!),
  );
}

function masks(count: number): readonly Mask[] {
  return Array.from({ length: 2 ** count }, (_, mask) => mask);
}

function membersOf(mask: Mask): ReadonlySet<NodeId> {
  return new Set(pool.filter((_, at) => (mask >> at) & 1));
}

function caseOf(
  groups: readonly VoterGroup[],
  outgoingGroups: readonly VoterGroup[],
  count: number,
): Case {
  const rest = { learners: [], witnesses: [], autoLeave: outgoingGroups.length > 0 };
  const configuration = { groups, outgoingGroups, ...rest };
  const quorum = new Quorum(configuration);
  const place = new Map(pool.map((id, at) => [id, at]));
  const quorums = masks(count).map((mask) =>
    quorum.reached((id) => ((mask >> place.get(id)!) & 1) === 1),
  );
  return { configuration, quorums };
}

/** More voters never make less of a quorum, so quorums apart show in a set and its complement. */
function meet(one: Case, other: Case): boolean {
  const last = one.quorums.length - 1;
  return one.quorums.every((is, mask) => !is || !other.quorums[last - mask]!);
}

function show({ configuration: { groups, outgoingGroups } }: Case): string {
  const side = (all: readonly VoterGroup[]): string =>
    all.map(({ weight, voters }) => `${weight}x${voters.join("")}`).join(" ");
  return `${side(groups)} | ${side(outgoingGroups)}`;
}

test("quorums of every configuration of four voters are as defined, and meet", () => {
  const count = 4;
  const all = sides(count, 3).filter(namedInOrder);
  const cases = all.map((groups) => caseOf(groups, [], count));
  expect(cases.length).toBeGreaterThan(400);
  for (const one of cases) {
    const defined = masks(count).map((mask) => isQuorum(one.configuration, membersOf(mask)));
    expect(one.quorums, `${show(one)}`).toEqual(defined);
    expect(meet(one, one), `${show(one)}`).toBe(true);
    expect(one.quorums.at(-1), `${show(one)}`).toBe(true);
  }
});

test("quorums on both sides of every permitted step meet, for each pair", () => {
  const count = sweep(3, 4);
  const all = sides(count, 2);
  const cases = all.map((groups) => caseOf(groups, [], count));
  const kinds = { direct: 0, entered: 0, refused: 0 };
  const apart: string[] = [];
  for (const from of cases.filter(({ configuration }) => namedInOrder(configuration.groups))) {
    for (const to of cases) {
      const joint = caseOf(to.configuration.groups, from.configuration.groups, count);
      expectPermitted(from, joint);
      expectPermitted(joint, to);
      const enters = meet(from, joint) && meet(joint, joint) && meet(joint, to);
      if (!enters) apart.push(`${show(from)} to ${show(joint)}`);
      kinds.entered += 1;
      if (transitionProblem(from.configuration, to.configuration) !== undefined) {
        kinds.refused += 1;
        continue;
      }
      kinds.direct += 1;
      if (!meet(from, to)) apart.push(`${show(from)} to ${show(to)}`);
    }
  }
  expect(apart).toEqual([]);
  expect(Math.min(kinds.direct, kinds.entered, kinds.refused)).toBeGreaterThan(100);
});

function expectPermitted(from: Case, to: Case): void {
  const problem = transitionProblem(from.configuration, to.configuration);
  if (problem !== undefined) throw new Error(`${show(from)} to ${show(to)}: ${problem}`);
}

test("a joint configuration leads nowhere but to its own groups", () => {
  const cases = sides(3, 2).map((groups) => caseOf(groups, [], 3));
  const wrong: string[] = [];
  for (const from of cases.slice(0, 5)) {
    for (const to of cases) {
      const joint = caseOf(to.configuration.groups, from.configuration.groups, 3);
      for (const other of cases) {
        const allowed = transitionProblem(joint.configuration, other.configuration) === undefined;
        if (allowed !== (other === to)) wrong.push(`${show(joint)} to ${show(other)}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test("the committed index is what a quorum has, for all acknowledgements", () => {
  const count = 3;
  const all = sides(count, 3).filter(namedInOrder);
  const indexes = Array.from({ length: 3 ** count }, (_, number) =>
    Array.from({ length: count }, (_voter, at) => Math.floor(number / 3 ** at) % 3),
  );
  const wrong: string[] = [];
  for (const groups of all) {
    for (const outgoing of [[], ...all.slice(0, sweep(10, 200))]) {
      const one = caseOf(groups, outgoing, count);
      const quorum = new Quorum(one.configuration);
      for (const index of indexes) {
        const found = quorum.committedIndex((id) => index[pool.indexOf(id)]!);
        const defined = [2, 1].find((least) =>
          isQuorum(one.configuration, new Set(pool.filter((_, at) => (index[at] ?? 0) >= least))),
        );
        if (found !== (defined ?? 0)) wrong.push(`${found} of ${index.join()} in ${show(one)}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
