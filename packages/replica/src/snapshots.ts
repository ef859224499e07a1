import type { Configuration, NodeId } from "@meridian/consensus";
import { type PackedRecords, type Storage, StorageError } from "@meridian/storage";
import { Tree, ViewLostError } from "@meridian/tree";
import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { SnapshotDecoder } from "./snapshot-decoder.ts";
import { SnapshotEncoder } from "./snapshot-encoder.ts";

/** A witness keeps no more than this, even if a full member is further behind. */
const witnessEntriesMax = 1_000_000;
/**
 * Entries between two snapshots for each node of the tree: a snapshot costs as much as there are
 * nodes. So a write pays for two nodes at most, however many there are, and who starts again does
 * at most half as many writes anew as it reads nodes.
 */
const entriesPerNode = 0.5;
/**
 * A large tree is written down earlier when so few entries come in so long a time: nobody pays for
 * it then, and to do a write anew takes several times longer than to read a node.
 */
const quiet = { ms: 2_000, entriesMax: 1_000 };
/** Records put into the tree between two breaths of the event loop: a millisecond or two. */
const restoredPerSlice = 500;
/** Of all that were restored, settled likewise. */
const settledPerSlice = 2_000;

/** What taking snapshots needs. */
export interface SnapshotOptions {
  readonly storage: Storage;
  readonly witness: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: NodeId;
  readonly snapshotEntries: number;
  /** Entries kept behind a snapshot for members that are a little behind. */
  readonly keptEntries: number;
}

/** What the core knows of the log that is applied: see `Raft`. */
export interface AppliedLog {
  configurationAt(index: number): Configuration | undefined;
  termAt(index: number): number | undefined;
}

/**
 * The tree of a storage's snapshot, or an empty one. Of a witness, whose snapshot is nothing but
 * its mark, an empty one at that index. @throws {StorageError} CORRUPT.
 */
export async function restoreTree(storage: Storage, clock: Clock, witness = false): Promise<Tree> {
  const mark = storage.log.snapshot();
  if (mark === undefined || witness) {
    const tree = new Tree({ incarnation: storage.identity.incarnation });
    if (mark !== undefined) tree.skip(mark.index);
    return tree;
  }
  const restorer = Tree.restorer({}, storage.identity.incarnation);
  let left = restoredPerSlice;
  for await (const records of storage.readSnapshot()) {
    const decoder = new SnapshotDecoder(restorer, records);
    for (left -= decoder.decode(left); left === 0; left -= decoder.decode(left)) {
      await breath(clock);
      left = restoredPerSlice;
    }
  }
  while (restorer.settle(settledPerSlice)) await breath(clock);
  return restorer.finish();
}

/**
 * Takes snapshots when the log has grown enough, in slices between other work, and cuts the log
 * behind them.
 */
export class SnapshotTaker {
  readonly #options: SnapshotOptions;
  readonly #tree: () => Tree;
  readonly #onFailure: (error: unknown) => void;
  #busy = false;
  #stopped = false;
  #cancelWait: (() => void) | undefined;

  constructor(options: SnapshotOptions, tree: () => Tree, onFailure: (error: unknown) => void) {
    this.#options = options;
    this.#tree = tree;
    this.#onFailure = onFailure;
  }

  /** Called after entries were applied. `safeIndex`: what witnesses may forget. */
  consider(applied: AppliedLog, safeIndex: number): void {
    if (this.#busy || this.#stopped) return;
    const { storage, witness, snapshotEntries, keptEntries } = this.#options;
    const lastIndex = storage.log.lastIndex();
    const firstIndex = storage.log.firstIndex();
    const { appliedIndex, nodeCount } = this.#tree();
    if (witness) {
      const wanted = Math.max(safeIndex - keptEntries, lastIndex - witnessEntriesMax);
      const floor = Math.min(wanted, appliedIndex, lastIndex);
      if (floor - firstIndex <= snapshotEntries || !this.#isStored(applied, floor)) return;
      const known = applied.configurationAt(floor);
      if (known !== undefined) void this.#run(() => this.#forget(floor, known));
      return;
    }
    const grown = this.#grown();
    if (grown < snapshotEntries) return;
    if (grown >= nodeCount * entriesPerNode) this.#begin(applied);
    else this.#awaitQuiet(applied);
  }

  /** A snapshot that is being taken may still be written; nobody hears when that fails. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWait?.();
  }

  /** Entries applied since the newest snapshot. */
  #grown(): number {
    const { storage } = this.#options;
    return this.#tree().appliedIndex - (storage.log.snapshot()?.index ?? 0);
  }

  #begin(applied: AppliedLog): void {
    const { appliedIndex } = this.#tree();
    if (!this.#isStored(applied, appliedIndex)) return;
    const configuration = applied.configurationAt(appliedIndex);
    if (configuration !== undefined) void this.#run(() => this.#take(configuration));
  }

  /** Looks again and again, as nobody comes by while nothing is written. */
  #awaitQuiet(applied: AppliedLog): void {
    if (this.#cancelWait !== undefined) return;
    const { appliedIndex } = this.#tree();
    const { clock, snapshotEntries } = this.#options;
    this.#cancelWait = clock.after(quiet.ms, () => {
      this.#cancelWait = undefined;
      if (this.#busy || this.#stopped || this.#grown() < snapshotEntries) return;
      if (this.#tree().appliedIndex - appliedIndex > quiet.entriesMax) this.#awaitQuiet(applied);
      else this.#begin(applied);
    });
  }

  /**
   * What is not durable here yet cannot be the end of a snapshot: a follower may apply an entry
   * before that, while an abandoned one of another term still has its place in the storage.
   */
  #isStored(applied: AppliedLog, index: number): boolean {
    const stored = this.#options.storage.log.term(index);
    return stored !== undefined && stored === applied.termAt(index);
  }

  async #take(configuration: Configuration): Promise<void> {
    const { storage, clock, log, keptEntries } = this.#options;
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
    await storage.compact(Math.max(0, index - keptEntries));
    log.info({ index, ms: Math.round(clock.nowMs() - startedAtMs) }, "snapshot taken");
  }

  /**
   * Cuts a witness's log. The mark says where it begins from now on, and who belonged to the group
   * there: the entries that told of that may go as well.
   */
  async #forget(index: number, configuration: Configuration): Promise<void> {
    const { storage } = this.#options;
    const term = storage.log.term(index);
    if (term === undefined) return;
    await storage.saveSnapshot({ index, term, configuration }, noRecords());
    await storage.compact(index);
  }

  async #run(work: () => Promise<void>): Promise<void> {
    this.#busy = true;
    try {
      await work();
    } catch (error) {
      if (isViewLost(error)) {
        // Too much changed while it was read. The log goes on growing until the next one succeeds.
        this.#options.log.warn({}, "a snapshot was given up: it was written too slowly");
      } else if (error instanceof StorageError && error.retryable) {
        this.#options.log.warn({}, "a snapshot was given up: the disk is nearly full");
      } else if (!this.#stopped) this.#onFailure(error);
    } finally {
      this.#busy = false;
    }
  }
}

function isViewLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof ViewLostError || isViewLost(error.cause);
}

async function* records(
  snapshot: ReturnType<Tree["snapshot"]>,
  clock: Clock,
): AsyncGenerator<PackedRecords> {
  const encoder = new SnapshotEncoder();
  while (snapshot.pour(encoder)) {
    yield encoder.take();
    await breath(clock);
  }
}

/** Lets everything else run. */
function breath(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}

/** A snapshot of a witness: nothing. */
export async function* noRecords(): AsyncGenerator<readonly Uint8Array[]> {}
