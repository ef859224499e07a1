import fc from "fast-check";
import { expect, test } from "vitest";
import type { Configuration, NodeId, VoterGroup } from "../src/index.ts";
import {
  configurationProblem,
  majority,
  membersOf,
  Quorum,
  transitionProblem,
  votersOf,
} from "../src/index.ts";
import { sweep } from "./support/sweep.ts";

const pool: readonly NodeId[] = Array.from({ length: 9 }, (_, at) => `v${at}`);

/** Some of the pool in up to four groups. */
const groups: fc.Arbitrary<VoterGroup[]> = fc
  .record({
    places: fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 9, maxLength: 9 }),
    weights: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ places, weights }) =>
    weights
      .map((weight, at) => ({
        name: `g${at}`,
        weight,
        voters: pool.filter((_, voter) => places[voter] === at),
      }))
      .filter((group) => group.voters.length > 0),
  )
  .filter((all) => all.length > 0);

const configurations: fc.Arbitrary<Configuration> = fc
  .record({ groups, outgoingGroups: fc.oneof(fc.constant<VoterGroup[]>([]), groups) })
  .map((both) => ({ ...both, learners: [], witnesses: [], autoLeave: false }));

/** The definition, word for word. */
function isQuorum(configuration: Configuration, answered: ReadonlySet<NodeId>): boolean {
  const wins = (side: readonly VoterGroup[]): boolean => {
    const all = side.map((group) => group.weight).reduce((a, b) => a + b, 0);
    const won = side
      .filter(
        (group) => group.voters.filter((id) => answered.has(id)).length > group.voters.length / 2,
      )
      .map((group) => group.weight)
      .reduce((a, b) => a + b, 0);
    return won > all / 2;
  };
  const { groups: incoming, outgoingGroups } = configuration;
  return wins(incoming) && (outgoingGroups.length === 0 || wins(outgoingGroups));
}

function subsets(ids: readonly NodeId[]): ReadonlySet<NodeId>[] {
  return Array.from(
    { length: 2 ** ids.length },
    (_, mask) => new Set(ids.filter((_id, at) => (mask >> at) & 1)),
  );
}

test("a quorum is what the definition says, for every set of voters", () => {
  fc.assert(
    fc.property(configurations, (configuration) => {
      const quorum = new Quorum(configuration);
      const wrong = subsets(votersOf(configuration)).filter(
        (set) => quorum.reached((id) => set.has(id)) !== isQuorum(configuration, set),
      );
      expect(wrong).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("any two quorums of one configuration share a voter", () => {
  fc.assert(
    fc.property(configurations, (configuration) => {
      const quorum = new Quorum(configuration);
      // More voters never make less of a quorum, so disjoint quorums would show in a set and its
      // complement.
      const apart = subsets(votersOf(configuration)).filter(
        (set) => quorum.reached((id) => set.has(id)) && quorum.reached((id) => !set.has(id)),
      );
      expect(apart).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("the committed index is the highest that a quorum has reached", () => {
  fc.assert(
    fc.property(
      configurations,
      fc.array(fc.nat(12), { minLength: 9, maxLength: 9 }),
      (configuration, indexes) => {
        const indexOf = (id: NodeId): number => indexes[pool.indexOf(id)]!;
        const counted = Array.from({ length: 13 }, (_, index) => index).findLast((index) =>
          isQuorum(configuration, new Set(pool.filter((id) => indexOf(id) >= index))),
        );
        expect(new Quorum(configuration).committedIndex(indexOf)).toBe(counted);
      },
    ),
    { numRuns: sweep(10_000, 100_000) },
  );
});

test("an election is won or lost as soon as open votes cannot change it", () => {
  fc.assert(
    fc.property(
      configurations,
      fc.array(fc.option(fc.boolean(), { nil: undefined }), { minLength: 9, maxLength: 9 }),
      (configuration, words) => {
        const votes = new Map<NodeId, boolean>();
        pool.forEach((id, at) => {
          const word = words[at];
          if (word !== undefined) votes.set(id, word);
        });
        const yes = new Set(pool.filter((id) => votes.get(id) === true));
        const notNo = new Set(pool.filter((id) => votes.get(id) !== false));
        const open = isQuorum(configuration, notNo) ? "pending" : "lost";
        const expected = isQuorum(configuration, yes) ? "won" : open;
        expect(new Quorum(configuration).result(votes)).toBe(expected);
      },
    ),
    { numRuns: 5000 },
  );
});

test("configurations that may follow each other have no quorums apart", () => {
  const steps = fc.record({
    from: configurations,
    to: configurations,
    kind: fc.nat(3),
    id: fc.nat(8),
  });
  let allowed = 0;
  fc.assert(
    fc.property(steps, ({ from, to, kind, id }) => {
      const next = [to, enter(from, to), leave(from), toggle(from, pool[id]!)][kind]!;
      if (transitionProblem(from, next) !== undefined) return;
      allowed += 1;
      const before = new Quorum(from);
      const after = new Quorum(next);
      const apart = subsets([...new Set([...votersOf(from), ...votersOf(next)])]).filter(
        (set) =>
          before.reached((voter) => set.has(voter)) && after.reached((voter) => !set.has(voter)),
      );
      expect(apart).toEqual([]);
    }),
    { numRuns: 1000 },
  );
  expect(allowed).toBeGreaterThan(100);
});

function enter(from: Configuration, to: Configuration): Configuration {
  return { ...to, outgoingGroups: from.groups };
}

function leave(from: Configuration): Configuration {
  return { ...from, outgoingGroups: [] };
}

function toggle(from: Configuration, id: NodeId): Configuration {
  const [first, ...rest] = from.groups;
  const { voters } = first!;
  const changed = voters.includes(id) ? voters.filter((other) => other !== id) : [...voters, id];
  return { ...from, groups: [{ ...first!, voters: changed }, ...rest] };
}

test("no voters are never a quorum", () => {
  const quorum = new Quorum({ ...majority([]), groups: [] });
  expect(quorum.reached(() => true)).toBe(false);
  expect(quorum.committedIndex(() => 7)).toBe(0);
});

test("a configuration that makes no sense is named as such", () => {
  const plain = majority(["a", "b"], ["l"]);
  const group = (name: string, voters: NodeId[], weight = 1): VoterGroup => ({
    name,
    voters,
    weight,
  });
  const problems: [Configuration, string | undefined][] = [
    [plain, undefined],
    [{ ...plain, groups: [] }, undefined],
    [majority([]), "a group has no voters"],
    [majority(["a", "a"]), "a voter is named twice"],
    [majority(["a"], ["a"]), "a learner is also a voter"],
    [majority(["a"], ["l", "l"]), "a learner is named twice"],
    [{ ...plain, witnesses: ["x"] }, "a witness has no vote"],
    [{ ...plain, witnesses: ["b"] }, undefined],
    [{ ...plain, witnesses: ["a", "b"] }, "every voter is a witness"],
    [{ ...plain, groups: [group("g", ["a"]), group("g", ["b"])] }, "two groups share a name"],
    [{ ...plain, groups: [group("g", ["a"], 0)] }, "a weight is not a positive integer"],
    [{ ...plain, groups: [], outgoingGroups: plain.groups }, "a change to no voters at all"],
  ];
  for (const [configuration, problem] of problems) {
    expect(configurationProblem(configuration)).toBe(problem);
  }
});

test("members are voters of both sides and learners, each once", () => {
  const configuration = {
    ...majority(["a", "b"], ["c", "d"]),
    outgoingGroups: majority(["b", "c"]).groups,
  };
  expect(votersOf(configuration)).toEqual(["a", "b", "c"]);
  expect(membersOf(configuration)).toEqual(["a", "b", "c", "d"]);
});
