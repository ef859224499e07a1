import type { Configuration, Entry, Log } from "@meridian/consensus";
import { expect, test } from "vitest";
import { abandonedSuffix, suffixLines } from "../src/abandoned-suffix.ts";
import { encodeCommand } from "../src/command-codec.ts";
import { findFork, type Fork, forkOf, lastShared, withFork } from "../src/fork.ts";
import { randomOf } from "./harness/index.ts";

const firstTerm = 1_000;

/** A log of entries with these terms; those before `first` are gone. */
function logOf(terms: readonly number[], first: number = 1): Log {
  const at = (index: number): Entry => {
    return { index, term: terms[index - 1] ?? 0, kind: "empty", data: new Uint8Array(0) };
  };
  return {
    firstIndex: () => first,
    lastIndex: () => terms.length,
    term: (index) => {
      if (index < first - 1 || index > terms.length) return undefined;
      return index === 0 ? 0 : terms[index - 1];
    },
    entries: (from, to) => Array.from({ length: to - from }, (_, place) => at(from + place)),
    snapshot: () => undefined,
  };
}

/** Terms that begin like others and then go on by themselves. */
function grown(random: () => number, shared: readonly number[], parity: number): number[] {
  const terms = [...shared];
  let term = terms.at(-1) ?? 0;
  for (let count = Math.floor(random() * 12); count > 0; count -= 1) {
    // Each side elects leaders of its own, so no term has entries of both.
    if (random() < 0.4 || terms.length === shared.length) {
      term += 1 + Math.floor(random() * 2);
      if (term % 2 !== parity) term += 1;
    }
    terms.push(term);
  }
  return terms;
}

test("nothing that only the abandoned side had is taken for shared", () => {
  let exact = 0;
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const random = randomOf(seed);
    const shared = grown(random, [], Math.floor(random() * 2));
    const kept = grown(random, shared, 0);
    const lost = grown(random, shared, 1);
    const first = 1 + Math.floor(random() * shared.length * 0.5);
    const fork = findFork(logOf([...kept, firstTerm, firstTerm], first), forkAt(undefined));
    if (fork === undefined) throw new Error(`seed ${seed}: no fork`);
    expect(fork.last?.index).toBe(kept.length);
    const found = lastShared(logOf(lost), fork);
    const common = lost.findIndex((term, at) => term !== kept[at]);
    const truth = common === -1 ? Math.min(lost.length, kept.length) : common;
    // Where the one who tells has forgotten his terms, more is given up, never less.
    expect(found <= truth ? "safe" : `seed ${seed}: ${found} of ${truth}`).toBe("safe");
    if (found === truth) exact += 1;
    // Whoever put it in force had applied some of what was committed on the other side.
    const index = 1 + Math.floor(random() * lost.length);
    const applied = { index, term: lost[index - 1] ?? 0 };
    const asked = { ...forkAt(undefined), applied };
    const told = findFork(logOf([...kept, firstTerm, firstTerm], first), asked)?.sharedIndex;
    expect([0, index]).toContain(told);
    const isRight = told === 0 ? index > truth || index < first - 1 : index <= truth;
    expect(isRight ? "right" : `seed ${seed}: ${told} of ${truth}`).toBe("right");
  }
  expect(exact).toBeGreaterThan(1_500);
});

test("a log that is cut off behind the fork does not show it", () => {
  expect(findFork(logOf([1, 1, firstTerm, firstTerm], 4), forkAt(undefined))).toBeUndefined();
});

test("a fork travels in the notes of a configuration", () => {
  const configuration: Configuration = {
    groups: [],
    learners: [],
    witnesses: [],
    outgoingGroups: [],
    autoLeave: false,
    notes: { "node-1": "{}" },
  };
  const fork = forkAt({ index: 7, term: 3 });
  expect(forkOf(withFork(configuration, fork))).toEqual(fork);
  expect(withFork(configuration, fork).notes?.["node-1"]).toBe("{}");
  expect(forkOf(configuration)).toBeUndefined();
});

test("each entry of a suffix is a line, and the last line counts them", () => {
  const operation = { kind: "reap", paths: ["/a"] } as const;
  const command = { session: 0, sequence: 0, acknowledged: 0, timeMs: 5, operation };
  const data = encodeCommand(command);
  const log = logOf([1, 1, 2, 2, 2], 4);
  const entries = (from: number, to: number): readonly Entry[] =>
    log.entries(from, to, 1).map((entry) => ({ ...entry, kind: "command", data }));
  const suffix = abandonedSuffix(log, { ...forkAt({ index: 2, term: 1 }), terms: [[1, 1]] });
  const lines = [...suffixLines({ ...log, entries }, suffix, { node: "n" })];
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { index: 4, term: 2, kind: "command", session: 0, sequence: 0, timeMs: 5, operation },
    { index: 5, term: 2, kind: "command", session: 0, sequence: 0, timeMs: 5, operation },
    // What is in the snapshot alone cannot be compared: all of it may be.
    { node: "n", from: 1, to: 6, entries: 2, unlisted: 3 },
  ]);
});

function forkAt(last: Fork["last"]): Fork {
  return { incarnation: 1, firstTerm, last, terms: [] };
}
