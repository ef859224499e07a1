import type { Configuration, Entry, HardState, Random, SnapshotMark } from "@meridian/consensus";
import type { ConfigurationCodec, Storage, StorageError, Write } from "../src/index.ts";

export const identity = { cluster: "c1", node: "n1", incarnation: 1 } as const;

export const configuration: Configuration = {
  groups: [{ name: "all", voters: ["n1", "n2", "n3"], weight: 1 }],
  learners: ["n4"],
  witnesses: [],
  outgoingGroups: [],
  autoLeave: false,
};

export const codec: ConfigurationCodec = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (data) => JSON.parse(Buffer.from(data).toString()) as Configuration,
};

/** Data that tells its index and term, so that a wrong entry is never taken for the right one. */
function sampleEntry(index: number, term: number, bytes = 24): Entry {
  const data = Buffer.alloc(bytes, `${term}:${index};`);
  const kind = index % 7 === 0 ? "configuration" : index % 5 === 0 ? "empty" : "command";
  return { index, term, kind, data };
}

/** Entries in `[from, to)`. */
export function sampleEntries(from: number, to: number, term = 1, bytes = 24): Entry[] {
  return Array.from({ length: to - from }, (_, i) => sampleEntry(from + i, term, bytes));
}

export function append(from: number, to: number, term = 1, bytes = 24): Write {
  return { hardState: undefined, entries: sampleEntries(from, to, term, bytes), reset: undefined };
}

export function promise(term: number, vote?: string, commitIndex = 0): Write {
  return { hardState: { term, vote, commitIndex }, entries: [], reset: undefined };
}

/** The promise of a write that has entries too. */
export function voted(term: number, vote: string, commitIndex = 0): Pick<Write, "hardState"> {
  return { hardState: { term, vote, commitIndex } };
}

export function mark(index: number, term = 1): SnapshotMark {
  return { index, term, configuration };
}

export async function* records(...batches: string[][]): AsyncGenerator<readonly Uint8Array[]> {
  for (const batch of batches) yield batch.map((text) => Buffer.from(text));
}

/** Everything a storage holds, in a form that can be compared. */
export interface Content {
  readonly hardState: HardState;
  readonly firstIndex: number;
  readonly termBefore: number | undefined;
  readonly entries: readonly string[];
  readonly snapshot: SnapshotMark | undefined;
  readonly records: readonly string[] | undefined;
}

export async function content(storage: Storage): Promise<Content> {
  const { log } = storage;
  const [from, to] = [log.firstIndex(), log.lastIndex() + 1];
  const entries = from === to ? [] : log.entries(from, to, Infinity);
  const snapshot = log.snapshot();
  return {
    hardState: storage.hardState(),
    firstIndex: from,
    termBefore: log.term(from - 1),
    entries: entries.map(entryText),
    snapshot,
    records: snapshot === undefined ? undefined : await recordTexts(storage),
  };
}

export async function recordTexts(storage: Storage): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of storage.readSnapshot()) {
    for (const record of batch) texts.push(Buffer.from(record).toString());
  }
  return texts;
}

export function entryText({ index, term, kind, data }: Entry): string {
  return `${index} ${term} ${kind} ${Buffer.from(data).toString()}`;
}

/** The code a storage refuses with; fails if it does not refuse. */
export async function refusal(attempt: Promise<unknown>): Promise<StorageError["code"]> {
  return (await failure(attempt)).code;
}

/** What a storage refuses with; fails if it does not refuse. */
export async function failure(attempt: Promise<unknown>): Promise<StorageError> {
  const error = await attempt.then(
    () => new Error("it was not refused"),
    (reason: unknown) => reason as Error,
  );
  if (error.name !== "StorageError") throw error;
  return error as StorageError;
}

/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
