import type { CommittedHistory } from "./committed-history.ts";
import { toldOf } from "./filter.ts";
import type { Step, Told, WatchLog } from "./watch-log.ts";

/** What every watch promises, whatever happens to its connection, its node and its leader. */
export type Property =
  /** Indexes never go back, and changes of one transaction come in its order. */
  | "ordered"
  /** Nothing is told twice. */
  | "unique"
  /** Everything between the beginning and what is said to be reached is told. */
  | "reliable"
  /** A transaction is told whole, and no position is said to be reached in the middle of one. */
  | "atomic"
  /** Who resumes gets first what follows the position. */
  | "resumable"
  /** A position that is said to be reached covers what was told, and nothing of it comes later. */
  | "bookmarkable"
  /** Only what the watch is for is told, and as it is: kind, path and data. */
  | "filtered"
  /** Nothing is told that the read already showed behind which the watch begins. */
  | "after-its-read"
  /** Nothing is told, and no position said to be reached, that is not committed. */
  | "committed";

/** A promise that was not kept. */
export interface Breach {
  readonly property: Property;
  readonly text: string;
}

/** What a run of the model looked at, so that a run that looked at nothing is noticed. */
export interface Exercise {
  readonly events: number;
  /** Positions told without events. */
  readonly bookmarks: number;
  readonly resumes: number;
  /** Transactions of which more than one event was told. */
  readonly multiples: number;
  /** Changes between beginning and end that were rightly not told. */
  readonly passedOver: number;
}

/**
 * Holds what the client of a watch saw against what was committed. Afterwards, so that it does not
 * matter who hears first: the client or whoever writes the history down.
 */
export class WatchModel {
  readonly #log: WatchLog;
  readonly #history: CommittedHistory;
  readonly #breaches: Breach[] = [];
  readonly #toldOf = new Map<number, readonly Told[]>();
  /** Told since the beginning, by index. */
  #told = new Map<number, Told[]>();
  /** Everything concerned up to here was told since the beginning, and was looked for. */
  #checkedTo = 0;
  /** Highest position said to be reached, or begun from. */
  #reached = 0;
  #lastIndex = 0;
  /** Where the present stretch begins: behind a read, or behind the position resumed from. */
  #from = 0;
  #isFirst = false;
  #isResumed = false;
  #counts = { events: 0, bookmarks: 0, resumes: 0, multiples: 0, passedOver: 0 };

  private constructor(log: WatchLog, history: CommittedHistory) {
    this.#log = log;
    this.#history = history;
    for (const step of log.steps) this.#take(step);
    if (this.#isBegun) this.#passOver();
  }

  /** All that was not as promised, in the order in which the client saw it. */
  static breachesOf(log: WatchLog, history: CommittedHistory): readonly Breach[] {
    return new WatchModel(log, history).#breaches;
  }

  /** What there was to be looked at. */
  static exerciseOf(log: WatchLog, history: CommittedHistory): Exercise {
    return new WatchModel(log, history).#counts;
  }

  get #isBegun(): boolean {
    return this.#reached > 0;
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "began":
        if (this.#isBegun) this.#passOver();
        return this.#begin(step.index);
      case "resumed":
        return this.#resume(step.index);
      case "events":
        return this.#events(step.events, step.reached);
      case "progress":
        this.#counts.bookmarks += 1;
        return this.#reach(step.reached);
    }
  }

  #begin(index: number): void {
    this.#told = new Map();
    this.#checkedTo = index;
    this.#reached = index;
    this.#lastIndex = index;
    this.#from = index;
    this.#isFirst = true;
    this.#isResumed = false;
  }

  #resume(index: number): void {
    this.#counts.resumes += 1;
    this.#passOver();
    if (index > this.#reached) this.#breach("resumable", `it goes on from ${index}, unreached`);
    this.#from = index;
    this.#isFirst = true;
    this.#isResumed = true;
    // What lies behind the position may not come again, what lies before it must.
    for (const at of this.#told.keys()) if (at > index) this.#told.delete(at);
    this.#lastIndex = Math.min(this.#lastIndex, index);
    this.#checkedTo = Math.min(this.#checkedTo, index);
    this.#reached = index;
  }

  #events(events: readonly Told[], reached: number | undefined): void {
    if (this.#log.isWhole) this.#checkWhole(events);
    for (const event of events) this.#event(event);
    if (reached !== undefined) this.#reach(reached);
  }

  #checkWhole(events: readonly Told[]): void {
    const [first] = events;
    if (first === undefined) return;
    const due = this.#due(first.index);
    const isWhole =
      events.length === due.length && events.every(({ index }) => index === first.index);
    if (isWhole || this.#history.at(first.index) === undefined) return;
    const got = events.map(named).join(", ");
    this.#breach(
      "atomic",
      `told together: ${got}; the transaction has ${due.map(named).join(", ")}`,
    );
  }

  #event(event: Told): void {
    this.#counts.events += 1;
    const { index } = event;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (index <= this.#from) {
      const property = this.#isResumed ? "unique" : "after-its-read";
      return this.#breach(property, `${named(event)}, which begins behind ${this.#from}`);
    }
    if (this.#history.at(index) === undefined) {
      return this.#breach("committed", `${named(event)}, of which the history knows nothing`);
    }
    const due = this.#due(index);
    const before = this.#told.get(index) ?? [];
    if (!due.some((one) => named(one) === named(event))) {
      return this.#breach("filtered", `${named(event)}, where ${due.map(named).join()} is due`);
    }
    if (countOf(before, event) >= countOf(due, event)) {
      return this.#breach("unique", `${named(event)}, which has been told`);
    }
    const wanted = due[before.length];
    const isNext = wanted !== undefined && named(wanted) === named(event);
    if (index < this.#lastIndex || !isNext) {
      this.#breach("ordered", `${named(event)}, after ${this.#lastIndex}`);
    } else if (index <= this.#reached) {
      this.#breach("bookmarkable", `${named(event)}, when ${this.#reached} was reached`);
    }
    if (isFirst && this.#isResumed) this.#checkFirst(event);
    if (before.length === 1) this.#counts.multiples += 1;
    this.#told.set(index, [...before, event]);
    this.#lastIndex = Math.max(this.#lastIndex, index);
  }

  /** What comes first behind a position must be what follows it. */
  #checkFirst(event: Told): void {
    for (const entry of this.#history.between(this.#from, event.index)) {
      const [first] = toldOf(this.#log, entry);
      if (first === undefined) continue;
      if (named(first) === named(event)) return;
      return this.#breach(
        "resumable",
        `${named(event)} behind ${this.#from}: ${named(first)} lacks`,
      );
    }
  }

  /** Everything up to an index is said to have been told. */
  #reach(index: number): void {
    if (index > this.#history.committed) {
      return this.#breach(
        "committed",
        `${index} is reached; committed is ${this.#history.committed}`,
      );
    }
    this.#checkTold(index);
    this.#reached = Math.max(this.#reached, index);
  }

  #checkTold(to: number): void {
    for (const entry of this.#history.between(this.#checkedTo, to)) {
      const due = toldOf(this.#log, entry);
      const told = this.#told.get(entry.index) ?? [];
      if (told.length >= due.length) continue;
      const lack = due.slice(told.length).map(named).join(", ");
      const property = told.length > 0 ? "atomic" : "reliable";
      this.#breach(property, `${to} is reached without ${lack}`);
    }
    this.#checkedTo = Math.max(this.#checkedTo, to);
  }

  #due(index: number): readonly Told[] {
    let due = this.#toldOf.get(index);
    if (due !== undefined) return due;
    const entry = this.#history.at(index);
    due = entry === undefined ? [] : toldOf(this.#log, entry);
    this.#toldOf.set(index, due);
    return due;
  }

  /** Counts what a stretch did not tell, rightly. */
  #passOver(): void {
    for (const entry of this.#history.between(this.#from, this.#reached)) {
      const due = new Set(toldOf(this.#log, entry).map(({ path }) => path));
      this.#counts.passedOver += entry.changes.filter(({ path }) => !due.has(path)).length;
    }
  }

  #breach(property: Property, text: string): void {
    this.#breaches.push({ property, text: `${this.#log.name}: ${text}` });
  }
}

function countOf(events: readonly Told[], event: Told): number {
  return events.filter((one) => named(one) === named(event)).length;
}

/** An event in words, such that equal words are equal events. */
function named({ kind, path, index, data }: Told): string {
  return data === undefined ? `${kind} ${path} at ${index}` : `${kind} ${path} ${data} at ${index}`;
}
