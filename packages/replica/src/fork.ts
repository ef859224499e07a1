import type { Configuration, Log } from "@meridian/consensus";

/** Where the history of an incarnation left the one before. */
export interface Fork {
  /** The incarnation that was abandoned. */
  readonly incarnation: number;
  /** First term of the one that counts. Terms of the two never meet. */
  readonly firstTerm: number;
  /**
   * What the member that put the new one in force had applied of the old one: it was committed
   * there.
   */
  readonly applied?: LogPlace | undefined;
  /**
   * Up to here both have the same beyond doubt, told with `last`; 0: nobody knows. Those who
   * followed the old one saw what was committed there, which need not be what was taken over.
   */
  readonly sharedIndex?: number | undefined;
  /** The last entry that was taken over; undefined until its leader has said so. */
  readonly last: LogPlace | undefined;
  /** Terms before it and the index that each begins at, oldest first; as far back as was known. */
  readonly terms: readonly (readonly [term: number, index: number])[];
}

interface LogPlace {
  readonly index: number;
  readonly term: number;
}

/** No node is named like this. */
const key = "#fork";
/** Terms that are told of. Who parted earlier gives up more than it would have to. */
const termsMax = 64;

/** The fork that a configuration tells of: the latest one. */
export function forkOf({ notes }: Configuration): Fork | undefined {
  const text = notes !== undefined && Object.hasOwn(notes, key) ? notes[key] : undefined;
  return text === undefined ? undefined : (JSON.parse(text) as Fork);
}

/** The configuration with a note of a fork in place of earlier ones. */
export function withFork(configuration: Configuration, fork: Fork): Configuration {
  return { ...configuration, notes: { ...configuration.notes, [key]: JSON.stringify(fork) } };
}

/**
 * The fork as the log of a member of the new incarnation shows it; undefined: cut off before it.
 */
export function findFork(log: Log, fork: Fork): Fork | undefined {
  const { incarnation, firstTerm, applied } = fork;
  const first = firstOf(log, firstTerm);
  const index = first - 1;
  const term = log.term(index);
  if (term === undefined || term >= firstTerm) return undefined;
  const terms: [number, number][] = [];
  for (let at = index; at >= log.firstIndex() && terms.length < termsMax;) {
    const of = log.term(at) ?? 0;
    const begins = firstOf(log, of);
    terms.unshift([of, begins]);
    at = begins - 1;
  }
  const found = { incarnation, firstTerm, last: { index, term }, terms };
  if (applied === undefined) return found;
  // Of entries that were cut off nobody can say in which incarnation they were committed.
  const isShared = applied.index <= index && log.term(applied.index) === applied.term;
  return { ...found, applied, sharedIndex: isShared ? applied.index : 0 };
}

/** Up to here a log of the abandoned incarnation is part of the history that counts; at least 0. */
export function lastShared(log: Log, { last, terms }: Fork): number {
  let upTo = Math.min(last?.index ?? 0, log.lastIndex());
  for (const [term, begins] of terms.toReversed()) {
    if (upTo < begins) continue;
    if (log.term(upTo) === term) return upTo;
    // Entries of this term that are here too are at its beginning.
    const until = firstOf(log, term + 1) - 1;
    if (until >= begins && log.term(Math.min(until, upTo)) === term) return Math.min(until, upTo);
    upTo = begins - 1;
  }
  return Math.min(upTo, terms.length === 0 ? 0 : (terms[0]?.[1] ?? 1) - 1);
}

/** Index of the first entry of this term or a later one; behind the last when there is none. */
function firstOf(log: Log, term: number): number {
  let [low, high] = [log.firstIndex(), log.lastIndex() + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((log.term(middle) ?? 0) >= term) high = middle;
    else low = middle + 1;
  }
  return low;
}
