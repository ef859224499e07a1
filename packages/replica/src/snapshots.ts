import type { NodeId, Status } from "@meridian/consensus";
import type { Storage } from "@meridian/storage";
import { Tree } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { decodeRecord, encodeRecord } from "./snapshot-codec.ts";

/** Entries kept behind a snapshot for members that are a little behind. */
const keptEntries = 10_000;
/** A witness keeps no more than this, even if a full member is further behind. */
const witnessEntriesMax = 1_000_000;
/** Records decoded between two breaths of the event loop. */
const restoredPerSlice = 2_000;

/** What taking snapshots needs. */
export interface SnapshotOptions {
  readonly storage: Storage;
  readonly witness: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: NodeId;
  readonly fatal: (error: Error) => void;
  readonly snapshotEntries: number;
}

/** The tree of a storage's snapshot, or an empty one. @throws {StorageError} CORRUPT. */
export async function restoreTree(storage: Storage, clock: Clock): Promise<Tree> {
  if (storage.log.snapshot() === undefined) {
    return new Tree({ incarnation: storage.identity.incarnation });
  }
  const restorer = Tree.restorer();
  let sinceBreath = 0;
  for await (const records of storage.readSnapshot()) {
    for (const record of records) restorer.add(decodeRecord(record));
    sinceBreath += records.length;
    if (sinceBreath < restoredPerSlice) continue;
    sinceBreath = 0;
    await breath(clock);
  }
  return restorer.finish();
}

/** Takes snapshots when the log has grown enough, in slices between other work, and cuts the log behind them. */
export class SnapshotTaker {
  readonly #options: SnapshotOptions;
  readonly #tree: () => Tree;
  #busy = false;
  #taken: number;

  constructor(options: SnapshotOptions, tree: () => Tree) {
    this.#options = options;
    this.#tree = tree;
    this.#taken = options.storage.log.snapshot()?.index ?? 0;
  }

  /** Called after entries were applied. `safeIndex`: what witnesses may forget. */
  consider(status: () => Status, safeIndex: number): void {
    if (this.#busy) return;
    const { storage, witness, snapshotEntries } = this.#options;
    const lastIndex = storage.log.lastIndex();
    const firstIndex = storage.log.firstIndex();
    if (witness) {
      const floor = Math.max(safeIndex - keptEntries, lastIndex - witnessEntriesMax);
      if (floor - firstIndex > snapshotEntries) void this.#run(() => storage.compact(floor));
      return;
    }
    const { appliedIndex } = this.#tree();
    // What is not durable here yet cannot be the end of a snapshot.
    if (appliedIndex - this.#taken < snapshotEntries || appliedIndex > lastIndex) return;
    void this.#run(() => this.#take(status().configuration));
  }

  async #take(configuration: Status["configuration"]): Promise<void> {
    const { storage, clock, log } = this.#options;
    const startedAtMs = clock.nowMs();
    const snapshot = this.#tree().snapshot();
    const { index } = snapshot;
    const term = storage.log.term(index);
    if (term === undefined) return snapshot.release();
    try {
      await storage.saveSnapshot({ index, term, configuration }, records(snapshot, clock));
    } finally {
      snapshot.release();
    }
    this.#taken = index;
    await storage.compact(Math.max(0, index - keptEntries));
    log.info({ index, ms: Math.round(clock.nowMs() - startedAtMs) }, "snapshot taken");
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      this.#options.fatal(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#busy = false;
    }
  }
}

async function* records(
  snapshot: ReturnType<Tree["snapshot"]>,
  clock: Clock,
): AsyncGenerator<readonly Uint8Array[]> {
  for (let slice = snapshot.next(); slice.length > 0; slice = snapshot.next()) {
    yield slice.map(encodeRecord);
    await breath(clock);
  }
}

/** Lets everything else run. */
function breath(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}

/** A snapshot of a witness: nothing. */
export async function* noRecords(): AsyncGenerator<readonly Uint8Array[]> {}
