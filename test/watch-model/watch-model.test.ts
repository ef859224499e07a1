import { expect, test } from "vitest";

import { CommittedHistory } from "./committed-history.ts";
import type { Committed, CommittedChange, Step, Told, WatchLog } from "./watch-log.ts";
import { type Property, WatchModel } from "./watch-model.ts";

const entries: readonly Committed[] = [
  { index: 11, changes: [changed("created", "/w/a", "1"), changed("created", "/wa", "2")] },
  { index: 12, changes: [changed("changed", "/w/a", "3"), changed("created", "/w/b", "4")] },
  { index: 14, changes: [changed("deleted", "/w/a", "")] },
  { index: 15, changes: [changed("changed", "/w", "5")] },
];

const all: readonly Told[] = [
  told("created", "/w/a", 11, "1"),
  told("changed", "/w/a", 12, "3"),
  told("created", "/w/b", 12, "4"),
  told("deleted", "/w/a", 14),
  told("changed", "/w", 15, "5"),
];
const [madeA, setA, madeB, lostA, setW] = all as [Told, Told, Told, Told, Told];

/** A watch of /w that saw everything, was cut off once, and heard bookmarks. */
const sound: readonly Step[] = [
  { kind: "began", index: 10 },
  { kind: "events", events: [madeA], reached: 11 },
  { kind: "events", events: [setA, madeB], reached: 12 },
  { kind: "progress", reached: 13 },
  { kind: "resumed", index: 13 },
  { kind: "events", events: [lostA], reached: 14 },
  { kind: "events", events: [setW], reached: 15 },
  { kind: "progress", reached: 16 },
];

test("a sound log breaks nothing, and what was looked at is counted", () => {
  expect(WatchModel.breachesOf(logOf(sound), history())).toEqual([]);
  expect(WatchModel.exerciseOf(logOf(sound), history())).toEqual({
    events: 5,
    bookmarks: 2,
    resumes: 1,
    multiples: 1,
    passedOver: 1,
  });
});

const broken: readonly [Property, string, readonly Step[]][] = [
  ["ordered", "a transaction backwards", replaced(2, events([madeB, setA], 12))],
  ["ordered", "an older transaction after a newer", moved(1, 2)],
  ["unique", "an event twice", inserted(3, events([setA, madeB], 12))],
  ["unique", "an event again on resuming", inserted(5, events([setA, madeB], 12))],
  ["reliable", "a transaction left out", without(1)],
  ["reliable", "the last one left out", without(6)],
  ["atomic", "a transaction over two messages", split([setA], undefined, [madeB], 12)],
  ["atomic", "a position in the middle of a transaction", split([setA], 12, [madeB], 12)],
  ["resumable", "what comes next left out on resuming", without(5)],
  ["resumable", "on from where it was not", replaced(4, { kind: "resumed", index: 14 })],
  ["bookmarkable", "a bookmark before what it covers", moved(6, 7)],
  ["filtered", "a sibling whose name begins alike", inserted(2, events([sibling()], 11))],
  ["filtered", "other data", replaced(1, events([{ ...madeA, data: "9" }], 11))],
  ["filtered", "another kind", replaced(1, events([{ ...madeA, kind: "changed" }], 11))],
  ["after-its-read", "what the read showed", replaced(0, { kind: "began", index: 11 })],
  ["committed", "what never was", inserted(3, events([told("created", "/w/c", 13, "")], 13))],
  ["committed", "a position of the future", replaced(7, { kind: "progress", reached: 99 })],
];

for (const [property, what, steps] of broken) {
  test(`${what}: the watch is not ${property}`, () => {
    const breaches = WatchModel.breachesOf(logOf(steps), history());
    expect(breaches.map((breach) => breach.property)).toContain(property);
  });
}

test("each kind of watch is told what is its own", () => {
  const kinds = ["persistent", "child", "data", "exists"] as const;
  const due: Readonly<Record<(typeof kinds)[number], readonly Told[]>> = {
    persistent: [
      told("children", "/w", 11),
      told("children", "/w", 12),
      told("children", "/w", 14),
      setW,
    ],
    child: [told("children", "/w", 11), told("children", "/w", 12), told("children", "/w", 14)],
    data: [setW],
    exists: [setW],
  };
  for (const watch of kinds) {
    const steps = due[watch].map((event) => events([event], event.index));
    const log = { ...logOf([{ kind: "began", index: 10 }, ...steps]), watch };
    expect(WatchModel.breachesOf(log, history())).toEqual([]);
    const short = { ...log, steps: [...log.steps.slice(0, -1), sound.at(-1) as Step] };
    expect(WatchModel.breachesOf(short, history())).not.toEqual([]);
  }
});

function logOf(steps: readonly Step[]): WatchLog {
  const watch = "persistent-recursive";
  return { name: "it", path: "/w", watch, withData: true, isWhole: true, steps };
}

function history(): CommittedHistory {
  const made = new CommittedHistory(10);
  for (const entry of entries) made.add(entry);
  made.reach(16);
  return made;
}

function changed(kind: CommittedChange["kind"], path: string, data: string): CommittedChange {
  return { kind, path, data };
}

function told(kind: Told["kind"], path: string, index: number, data?: string): Told {
  return { kind, path, index, data };
}

function sibling(): Told {
  return told("created", "/wa", 11, "2");
}

function events(list: readonly Told[], reached: number | undefined): Step {
  return { kind: "events", events: list, reached };
}

function replaced(place: number, step: Step): readonly Step[] {
  return sound.toSpliced(place, 1, step);
}

function inserted(place: number, step: Step): readonly Step[] {
  return sound.toSpliced(place, 0, step);
}

function without(place: number): readonly Step[] {
  return sound.toSpliced(place, 1);
}

function moved(from: number, to: number): readonly Step[] {
  const step = sound[from] as Step;
  return without(from).toSpliced(to, 0, step);
}

function split(
  first: readonly Told[],
  firstReached: number | undefined,
  second: readonly Told[],
  secondReached: number,
): readonly Step[] {
  return sound.toSpliced(2, 1, events(first, firstReached), events(second, secondReached));
}
