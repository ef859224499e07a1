import { type Machine, type Moves, any, same } from "./model.ts";
import type { Span, Verdict } from "./search.ts";

/**
 * Judges by the lifetimes of values, without a search, where that can be: a value that only one
 * operation makes is there in one piece of time, and those who found it tell where that piece lies.
 * Two values at the same time are a violation. Where every value has one maker, and nothing both
 * needs a value and makes another, no such contradiction means that there is an order.
 *
 * Gibbons and Korach, Testing shared memories, 1997, section 4: zones of a read mapping.
 * Undefined when the lifetimes decide nothing.
 */
export function judgeLifetimes(spans: readonly Span[], machine: Machine): Verdict | undefined {
  const { moves } = machine;
  if (moves === undefined) return undefined;
  const lifetimes = lifetimesOf(spans, moves, machine.initial);
  if (lifetimes.isContradiction || collide(lifetimes.known)) return "violated";
  return lifetimes.isComplete ? "linearizable" : undefined;
}

/** What the operations on one value tell of its lifetime. */
interface Lifetime {
  /** First end of an operation on it: it was there by then. */
  firstEnd: number;
  /** Last beginning of an operation on it: it was there then or later. */
  lastBeginning: number;
}

interface Lifetimes {
  /** Of values with one maker that somebody must have made. */
  readonly known: readonly Lifetime[];
  /** Somebody found a value before its maker began, or that nobody makes, or took one twice. */
  readonly isContradiction: boolean;
  /** They say everything about the history. */
  readonly isComplete: boolean;
}

/** What is known of one value while the operations are gone through. */
interface Draft extends Lifetime {
  makers: number;
  /** Beginning of the last maker seen. */
  made: number;
  /** First end of an operation that found it. */
  firstFound: number;
  /** Operations that found it and put another in its place. */
  taken: number;
  isCertain: boolean;
}

function lifetimesOf(spans: readonly Span[], moves: Moves, initial: number): Lifetimes {
  const drafts = Array.from({ length: moves.states }, (_, state) => draftOf(state === initial));
  let exchanges = 0;
  spans.forEach((span, operation) => {
    const need = moves.needs[operation] ?? any;
    const make = moves.makes[operation] ?? same;
    const isChange = make !== same && make !== need;
    if (need !== any && isChange) exchanges += 1;
    const found = drafts[need];
    if (found !== undefined && Number.isFinite(span.returned)) find(found, span, isChange);
    const made = drafts[make];
    if (made !== undefined && isChange) produce(made, span);
  });
  const single = drafts.filter(({ makers }) => makers === 1);
  const isContradiction =
    drafts.some(({ makers, firstFound }) => makers === 0 && Number.isFinite(firstFound)) ||
    single.some(({ made, firstFound, taken }) => firstFound < made || taken > 1);
  return {
    known: single.filter(({ isCertain }) => isCertain),
    isContradiction,
    isComplete: exchanges === 0 && drafts.every(({ makers }) => makers <= 1),
  };
}

/** The first value was made before everything else. */
function draftOf(isInitial: boolean): Draft {
  const never = Number.POSITIVE_INFINITY;
  const always = Number.NEGATIVE_INFINITY;
  return {
    makers: isInitial ? 1 : 0,
    made: always,
    firstFound: never,
    taken: 0,
    isCertain: isInitial,
    firstEnd: isInitial ? always : never,
    lastBeginning: always,
  };
}

function find(draft: Draft, { invoked, returned }: Span, isTaken: boolean): void {
  draft.isCertain = true;
  draft.firstFound = Math.min(draft.firstFound, returned);
  draft.firstEnd = Math.min(draft.firstEnd, returned);
  draft.lastBeginning = Math.max(draft.lastBeginning, invoked);
  if (isTaken) draft.taken += 1;
}

function produce(draft: Draft, { invoked, returned }: Span): void {
  draft.makers += 1;
  draft.made = invoked;
  draft.firstEnd = Math.min(draft.firstEnd, returned);
  draft.lastBeginning = Math.max(draft.lastBeginning, invoked);
  if (Number.isFinite(returned)) draft.isCertain = true;
}

/**
 * Whether two values must have been there at once. One whose first end comes before its last
 * beginning was there all the time between; any other was there at some time between its last
 * beginning and its first end.
 */
function collide(lifetimes: readonly Lifetime[]): boolean {
  const held = lifetimes
    .filter(({ firstEnd, lastBeginning }) => firstEnd < lastBeginning)
    .sort((one, other) => one.firstEnd - other.firstEnd);
  if (held.some(({ firstEnd }, index) => (held[index - 1]?.lastBeginning ?? firstEnd) > firstEnd)) {
    return true;
  }
  return lifetimes.some(({ firstEnd, lastBeginning }) => {
    if (firstEnd < lastBeginning) return false;
    const before = lastBefore(held, lastBeginning);
    return before !== undefined && before.lastBeginning > firstEnd;
  });
}

/** The last of those in order whose first end lies before a place. */
function lastBefore(held: readonly Lifetime[], place: number): Lifetime | undefined {
  let from = 0;
  let to = held.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((held[middle]?.firstEnd ?? place) < place) from = middle + 1;
    else to = middle;
  }
  return held[from - 1];
}
