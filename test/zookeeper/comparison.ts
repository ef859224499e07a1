import {
  answerDifferences,
  clientDifferences,
  clientEventDifferences,
  type Difference,
  eventDifferences,
  type Finding,
  streamDifferences,
} from "./differences.ts";
import { Isomorphism } from "./isomorphism.ts";
import { type Operation, operationsOf, type Step } from "./operation.ts";
import type { NodeStat, Outcome, Told, Transcript } from "./outcome.ts";

/** How Meridian is used: by sessions on the bare protocol, or through its client. */
export type Through = "protocol" | "client";

/** Something that should be the same and is not. */
interface Mismatch {
  readonly session: string;
  /** Of the operation; for events, of the answer that they came before. */
  readonly id: number;
  readonly what: string;
}

/** What two sides made of the same script. */
export interface Verdict {
  /** What no documented difference explains, in the order of the script. */
  readonly mismatches: readonly Mismatch[];
  /** How often each documented difference was seen. */
  readonly used: ReadonlyMap<string, number>;
  /** What was held against each other. */
  readonly answers: number;
  readonly events: number;
}

type Answer = Extract<Told, { kind: "answer" }>;
type Event = Extract<Told, { kind: "event" }>;

/** An answer that has its place among the events, and the events since the one before. */
interface Passage {
  /** Infinity for what came after the last answer. */
  readonly id: number;
  readonly events: readonly Event[];
}

/**
 * Compares what a script brought about in ZooKeeper and at Meridian. Through the client events and
 * answers take different ways, so that each watch has an order of its own.
 */
export function compare(
  script: readonly Step[],
  zookeeper: Transcript,
  meridian: Transcript,
  through: Through = "protocol",
): Verdict {
  const comparison = new Comparison(script, meridian.written, through);
  for (const [session, told] of zookeeper.told) {
    comparison.session(session, told, meridian.told.get(session) ?? []);
  }
  return comparison.verdict();
}

class Comparison {
  readonly #operations: ReadonlyMap<number, Operation>;
  readonly #written: ReadonlySet<number>;
  /** By session, the last operation of the script before each of its moves. */
  readonly #moves: ReadonlyMap<string, readonly number[]>;
  readonly #zxids = new Isomorphism();
  readonly #mismatches: Mismatch[] = [];
  readonly #used = new Map<string, number>();
  readonly #isOneStream: boolean;
  readonly #differences: readonly Difference[];
  #session = "";
  #answers = 0;
  #events = 0;

  constructor(script: readonly Step[], written: ReadonlySet<number>, through: Through) {
    this.#operations = new Map(operationsOf(script).map((operation) => [operation.id, operation]));
    this.#written = written;
    this.#isOneStream = through === "protocol";
    const isClient = through === "client";
    this.#differences = differencesOf(through);
    const names = [
      ...this.#differences.map(({ name }) => name),
      ...Object.values(eventDifferences),
      ...Object.values(isClient ? clientEventDifferences : streamDifferences),
    ];
    for (const name of names) this.#used.set(name, 0);
    this.#moves = movesOf(script);
  }

  verdict(): Verdict {
    const mismatches = this.#mismatches.toSorted((a, b) => a.id - b.id);
    return { mismatches, used: this.#used, answers: this.#answers, events: this.#events };
  }

  session(session: string, zookeeper: readonly Told[], meridian: readonly Told[]): void {
    this.#session = session;
    const [ours, theirs] = [outcomesOf(meridian), outcomesOf(zookeeper)];
    const unordered = new Set<number>();
    for (const id of new Set([...theirs.keys(), ...ours.keys()])) {
      const [their, our] = [theirs.get(id), ours.get(id)];
      const operation = this.#operations.get(id);
      if (their === undefined || our === undefined || operation === undefined) {
        this.#mismatch(id, `only ${their === undefined ? "Meridian" : "ZooKeeper"} answered`);
        continue;
      }
      this.#answers += 1;
      if (hasNoOrder(operation, their) || hasNoOrder(operation, our)) unordered.add(id);
      this.#outcomes(operation, their, our);
    }
    const explained = this.#explained(zookeeper);
    if (!this.#isOneStream) return this.#watches(explained, meridian);
    this.#noteWatchAnswers(zookeeper, meridian);
    this.#passages(passages(explained, unordered), passages(meridian, unordered));
  }

  /** Each watch by itself: it has all events, in the order of transactions. */
  #watches(zookeeper: readonly Told[], meridian: readonly Told[]): void {
    // Whoever closes the client hears no more of it; others hear of their own ephemerals.
    const last = zookeeper.findLastIndex(({ kind }) => kind === "answer");
    if (last < zookeeper.length - 1) this.#count(clientEventDifferences.ownEnd);
    const theirs = eventsByWatch(zookeeper.slice(0, last));
    const ours = eventsByWatch(meridian);
    for (const watch of new Set([...theirs.keys(), ...ours.keys()])) {
      this.#passage(
        { id: watch, events: theirs.get(watch) ?? [] },
        { id: watch, events: ours.get(watch) ?? [] },
        false,
      );
    }
  }

  #outcomes(operation: Operation, zookeeper: Outcome, meridian: Outcome): void {
    const found = (field: string, their: unknown, our: unknown): boolean =>
      this.#field({ operation, field, zookeeper: their, meridian: our });
    if (!found("code", zookeeper.code, meridian.code)) return;
    if (zookeeper.code !== meridian.code) return;
    found("path", zookeeper.path, meridian.path);
    found("data", zookeeper.data, meridian.data);
    found("names", zookeeper.names?.join(" "), meridian.names?.join(" "));
    this.#stats(operation, "stat", zookeeper.stat, meridian.stat);
    found("parts.length", zookeeper.parts?.length, meridian.parts?.length);
    for (const [place, their] of (zookeeper.parts ?? []).entries()) {
      const our = meridian.parts?.[place];
      found(`parts.${place}.code`, their.code, our?.code);
      found(`parts.${place}.path`, their.path, our?.path);
      this.#stats(operation, `parts.${place}.stat`, their.stat, our?.stat);
    }
  }

  #stats(
    operation: Operation,
    field: string,
    zookeeper: NodeStat | undefined,
    meridian: NodeStat | undefined,
  ): void {
    const found = (name: string, their: unknown, our: unknown): boolean =>
      this.#field({ operation, field: name, zookeeper: their, meridian: our });
    found(field, zookeeper !== undefined, meridian !== undefined);
    if (zookeeper === undefined || meridian === undefined) return;
    for (const name of numbers) found(`${field}.${name}`, zookeeper[name], meridian[name]);
    for (const name of zxids) {
      const fault = this.#zxids.take(zookeeper[name], meridian[name]);
      found(`${field}.${name}`, undefined, fault);
    }
    // Clocks differ; but data that never changed is as old as its node.
    const isYoung = ({ czxid, mzxid }: NodeStat): boolean => czxid === mzxid;
    const isSame = (stat: NodeStat): boolean => !isYoung(stat) || stat.ctimeMs === stat.mtimeMs;
    found(`${field}.mtimeMs`, isSame(zookeeper), isSame(meridian));
  }

  /** False when something differs and nothing explains it. */
  #field(finding: Finding): boolean {
    const { operation, field, zookeeper, meridian } = finding;
    if (zookeeper === meridian) return true;
    const difference = this.#differences.find((known) => known.explains(finding));
    if (difference !== undefined) {
      this.#count(difference.name);
      return true;
    }
    this.#mismatch(
      operation.id,
      `${field}: ZooKeeper ${quote(zookeeper)}, Meridian ${quote(meridian)}`,
    );
    return false;
  }

  /** What ZooKeeper told, without the events that Meridian does not have. */
  #explained(told: readonly Told[]): readonly Told[] {
    return told.filter((entry) => {
      if (entry.kind === "answer") return true;
      const watch = this.#operations.get(entry.watch);
      const name =
        entry.type === "removed"
          ? eventDifferences.removal
          : entry.type === "children" && watch?.kind === "watch" && watch.isRecursive
            ? eventDifferences.recursiveChildren
            : undefined;
      if (name === undefined) return true;
      this.#count(name);
      return false;
    });
  }

  /** Counts watches that were answered before a read that had been asked for earlier. */
  #noteWatchAnswers(zookeeper: readonly Told[], meridian: readonly Told[]): void {
    const places = new Map(answersOf(meridian).map(({ id }, place) => [id, place]));
    for (const [place, { id }] of answersOf(zookeeper).entries()) {
      if (this.#operations.get(id)?.kind !== "watch") continue;
      if ((places.get(id) ?? place) < place) this.#count(streamDifferences.watchAnswer);
    }
  }

  #passages(zookeeper: readonly Passage[], meridian: readonly Passage[]): void {
    let before = 0;
    for (const [place, their] of zookeeper.entries()) {
      const our = meridian[place];
      const moves = this.#moves.get(this.#session) ?? [];
      const [from, to] = [before, their.id];
      const hasMoved = moves.some((id) => id >= from && id < to);
      before = their.id;
      if (our?.id !== their.id) {
        this.#mismatch(their.id, `in its place operation ${our?.id} is answered`);
        return;
      }
      this.#passage(their, our, hasMoved);
    }
  }

  #passage({ id, events: theirs }: Passage, { events: ours }: Passage, hasMoved: boolean): void {
    this.#events += theirs.length;
    if (hasMoved && !isInOrder(ours) && isSameList(byWatch(theirs), byWatch(ours))) {
      this.#count(streamDifferences.resumedOrder);
      return;
    }
    let from = 0;
    for (const own of transactionsOf(ours)) {
      const their = theirs.slice(from, from + own.length);
      from += own.length;
      const name = this.#orderDifference(their, own);
      if (name === undefined) {
        this.#mismatch(id, `events: ZooKeeper ${listed(theirs)}, Meridian ${listed(ours)}`);
        return;
      }
      if (name !== "") this.#count(name);
    }
    if (from < theirs.length) {
      this.#mismatch(id, `events: ZooKeeper ${listed(theirs)}, Meridian ${listed(ours)}`);
    }
  }

  /** "": they are the same; a name: in another order; undefined: they are others. */
  #orderDifference(zookeeper: readonly Event[], meridian: readonly Event[]): string | undefined {
    const [theirs, ours] = [zookeeper.map(described), meridian.map(described)];
    if (isSameList(theirs, ours)) return "";
    if (isSameList(byWatch(zookeeper), byWatch(meridian))) return streamDifferences.watchOrder;
    const [first] = meridian;
    const isEnd = first?.transaction !== undefined && !this.#written.has(first.transaction);
    const isSame = isSameList(theirs.toSorted(), ours.toSorted());
    return isEnd && isSame ? eventDifferences.sessionOrder : undefined;
  }

  #count(name: string): void {
    this.#used.set(name, (this.#used.get(name) ?? 0) + 1);
  }

  #mismatch(id: number, what: string): void {
    this.#mismatches.push({ session: this.#session, id, what });
  }
}

/** Differences in answers that a way of using Meridian has. */
export function differencesOf(through: Through): readonly Difference[] {
  return through === "client" ? [...answerDifferences, ...clientDifferences] : answerDifferences;
}

const numbers = ["version", "cversion", "aversion", "owner", "dataLength", "numChildren"] as const;
const zxids = ["czxid", "mzxid", "pzxid"] as const;

/** Refused before they come to the tree, by ZooKeeper's client or Meridian's node. */
const early: ReadonlySet<string> = new Set(["BAD_PATH", "BAD_ARGUMENTS", "TOO_LARGE"]);

/** Answers that do not wait for what the session is still to be told. */
function hasNoOrder(operation: Operation, { code }: Outcome): boolean {
  if (operation.kind === "unwatch" || operation.kind === "watch" || early.has(code)) return true;
  return operation.kind === "multi" && operation.parts.length === 0;
}

function answersOf(told: readonly Told[]): readonly Answer[] {
  return told.filter((entry) => entry.kind === "answer");
}

function outcomesOf(told: readonly Told[]): ReadonlyMap<number, Outcome> {
  return new Map(answersOf(told).map(({ id, outcome }) => [id, outcome]));
}

function movesOf(script: readonly Step[]): ReadonlyMap<string, readonly number[]> {
  const moves = new Map<string, number[]>();
  let last = 0;
  for (const step of script) {
    if (step.kind === "burst") last = step.operations.at(-1)?.id ?? last;
    if (step.kind === "move") moves.set(step.session, [...(moves.get(step.session) ?? []), last]);
  }
  return moves;
}

function isInOrder(events: readonly Event[]): boolean {
  const places = events.map(({ transaction = 0 }) => transaction);
  return places.every((at, place) => at >= (places[place - 1] ?? 0));
}

function eventsByWatch(told: readonly Told[]): ReadonlyMap<number, readonly Event[]> {
  const events = told.filter((entry) => entry.kind === "event");
  const byWatch = new Map<number, Event[]>();
  for (const event of events)
    byWatch.set(event.watch, [...(byWatch.get(event.watch) ?? []), event]);
  return byWatch;
}

function passages(told: readonly Told[], unordered: ReadonlySet<number>): readonly Passage[] {
  const done: Passage[] = [];
  let events: Event[] = [];
  for (const entry of told) {
    if (entry.kind === "event") events.push(entry);
    else if (!unordered.has(entry.id)) {
      done.push({ id: entry.id, events });
      events = [];
    }
  }
  return [...done, { id: Infinity, events }];
}

function transactionsOf(events: readonly Event[]): readonly (readonly Event[])[] {
  const transactions: Event[][] = [];
  for (const event of events) {
    const last = transactions.at(-1);
    if (last !== undefined && last[0]?.transaction === event.transaction) last.push(event);
    else transactions.push([event]);
  }
  return transactions;
}

/** Events sorted by watch, and as they came for each. */
function byWatch(events: readonly Event[]): readonly string[] {
  return events.toSorted((a, b) => a.watch - b.watch).map(described);
}

function described({ watch, type, path }: Event): string {
  return `${watch}:${type} ${path}`;
}

function listed(events: readonly Event[]): string {
  return `[${events.map(described).join(", ")}]`;
}

function isSameList(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, place) => one === others[place]);
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length})` : text;
}
