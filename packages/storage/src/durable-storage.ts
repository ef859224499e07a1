import type { Entry, HardState, Log, NodeId, SnapshotMark } from "@meridian/consensus";
import { acquaintancesFile, acquaintancesMax, encodeBirths } from "./acquaintances.ts";
import { encodeChecked } from "./checked-lines.ts";
import { invariant } from "./invariant.ts";
import { acquaintancesKey, identityKey, recordKey, snapshotKey, stateKey } from "./keys.ts";
import type { Medium, Table, TableOperation } from "./medium.ts";
import type { Member } from "./member.ts";
import { writeMember } from "./member.ts";
import type { StorageOptions } from "./options.ts";
import type { PackedRecords } from "./packed-records.ts";
import type { Recovered } from "./recovery.ts";
import type { SnapshotDescription } from "./snapshot-description.ts";
import { encodeDescription } from "./snapshot-description.ts";
import { damagedPlace } from "./retirement.ts";
import { readSnapshotFile, snapshotFilePrefix, writeSnapshotFile } from "./snapshot-file.ts";
import { SnapshotSource } from "./snapshot-source.ts";
import type { DurableState, LogExtent } from "./state.ts";
import { encodeState } from "./state.ts";
import type {
  Acquaintance,
  Identity,
  MemberRecord,
  SnapshotRecords,
  Storage,
  Write,
} from "./storage.ts";
import { StorageError } from "./storage.ts";
import type { LogChange, StoredLog } from "./stored-log.ts";
import { Turns } from "./turns.ts";
import { Watermark } from "./watermark.ts";

/** A batch that changes any of these. */
interface Change {
  readonly hardState?: HardState | undefined;
  readonly entries?: readonly Entry[];
  readonly snapshot?: SnapshotDescription | undefined;
  readonly reset?: SnapshotMark | undefined;
  readonly compactTo?: number;
  /** Beside what the others make of it. */
  readonly more?: readonly TableOperation[];
}

/** Storage on any medium: one batch a write, everything in it or nothing. */
export class DurableStorage implements Storage {
  readonly identity: Identity;
  readonly #medium: Medium;
  readonly #table: Table;
  readonly #options: StorageOptions;
  readonly #log: StoredLog;
  readonly #turns = new Turns();
  readonly #watermark: Watermark;
  readonly #births: Map<NodeId, string>;
  #member: Member;
  #state: DurableState;
  #snapshot: SnapshotDescription | undefined;
  /** Not adopted yet, in the order in which they were finished. */
  #staged: readonly SnapshotDescription[] = [];
  /** The commit index is written with other things, and on closing; that it may lag saves syncs. */
  #durableCommitIndex: number;
  #snapshotsMade = 0;
  readonly #deletions = new Set<Promise<void>>();
  /** The first failure: nothing is written after it, as nobody knows what the disk holds. */
  #failure: unknown;
  #closed: Promise<void> | undefined;

  private constructor(
    medium: Medium,
    table: Table,
    member: Member,
    { state, log, snapshot, acquaintances }: Recovered,
    watermark: Watermark,
    options: StorageOptions,
  ) {
    this.identity = member.identity;
    this.#medium = medium;
    this.#table = table;
    this.#member = member;
    this.#state = state;
    this.#log = log;
    this.#births = new Map(acquaintances.births);
    this.#snapshot = snapshot;
    this.#watermark = watermark;
    this.#options = options;
    this.#durableCommitIndex = state.commitIndex;
  }

  /** Takes over a table that has been recovered. */
  static async begin(
    medium: Medium,
    table: Table,
    member: Member,
    recovered: Recovered,
    options: StorageOptions,
  ): Promise<DurableStorage> {
    const state = { ...recovered.state, memberRevision: member.revision };
    // What was found may have been written by a process that died before the sync.
    await table.batch([
      { type: "put", key: identityKey, value: encodeChecked(member.identity) },
      { type: "put", key: stateKey, value: encodeState(state) },
      recovered.acquaintances.operation,
    ]);
    const watermark = await Watermark.begin(medium.files, state);
    const storage = new DurableStorage(
      medium,
      table,
      member,
      { ...recovered, state },
      watermark,
      options,
    );
    watermark.onFailure = (error) => storage.#fail(error);
    return storage;
  }

  get member(): MemberRecord {
    return this.#member;
  }

  get acquaintances(): ReadonlyMap<NodeId, string> {
    return this.#births;
  }

  get log(): Log {
    return this.#log;
  }

  hardState(): HardState {
    const { term, vote } = this.#member;
    return { term, vote, commitIndex: this.#state.commitIndex };
  }

  write(write: Write): Promise<void> {
    const { hardState, entries, reset } = write;
    const room = entries.length === 0 ? undefined : entryBytes(entries);
    return this.#change(async () => {
      this.#checkWrite(write);
      // Votes go on when the disk is full; asking makes room for them.
      if (room === undefined) await this.#medium.hasRoom(0);
      const promised = hardState !== undefined && this.#isNews(hardState);
      // Before anything else that is written with it.
      if (promised) await this.#writeMember({ term: hardState.term, vote: hardState.vote });
      if (!promised && reset === undefined && entries.length === 0) {
        this.#noteCommitIndex(hardState);
        return;
      }
      const before = this.#log.extent;
      const snapshot = reset === undefined ? undefined : this.#adopted(reset);
      await this.#commit({ hardState, entries, snapshot, reset });
      if (reset !== undefined) this.#clearRecords(before);
    }, room);
  }

  async saveSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void> {
    this.#checkUsable(false);
    invariant(mark.index <= this.#log.lastIndex(), "a snapshot ends inside the log");
    if (mark.index <= this.#snapshotIndex()) return;
    const snapshot = await this.#writeSnapshot(mark, records);
    await this.#change(async () => {
      // The leader's snapshot may have taken the place meanwhile.
      if (mark.index > this.#snapshotIndex()) await this.#commit({ snapshot });
      else this.#discard(snapshot);
    });
  }

  async stageSnapshot(mark: SnapshotMark, records: SnapshotRecords): Promise<void> {
    this.#checkUsable(false);
    const snapshot = await this.#writeSnapshot(mark, records);
    const staged = [...this.#staged, snapshot];
    this.#staged = staged.slice(-stagedMax);
    for (const older of staged.slice(0, -stagedMax)) this.#discard(older);
  }

  readSnapshot(): AsyncIterable<PackedRecords> {
    const file = this.#snapshot?.file;
    if (file === undefined) throw new StorageError("NO_SNAPSHOT", "there is no snapshot yet");
    return readSnapshotFile(this.#medium.files, file);
  }

  compact(index: number): Promise<void> {
    return this.#change(async () => {
      const covered = this.#options.witness === true ? Infinity : this.#snapshotIndex();
      const to = Math.min(index, covered, this.#log.lastIndex());
      if (to < this.#log.firstIndex()) return;
      const before = this.#log.extent;
      await this.#commit({ compactTo: to });
      this.#clearRecords(before);
    });
  }

  async admit(): Promise<void> {
    if (!this.#member.admitted) await this.amend({ admitted: true });
  }

  async recovered(): Promise<void> {
    if (!this.#member.recovering) return;
    await this.amend({ recovering: false });
    this.#inBackground(this.#medium.files.discard(damagedPlace));
  }

  async settleForced(): Promise<void> {
    if (this.#member.forced !== undefined) await this.amend({ forced: undefined });
  }

  async acquaint(node: NodeId, birth: string): Promise<Acquaintance> {
    if (this.#births.size >= acquaintancesMax && !this.#births.has(node)) {
      throw new StorageError("FULL", `${acquaintancesMax} members were met, ${node} is one more`);
    }
    return await this.#change(async () => {
      const known = this.#births.get(node);
      if (known !== undefined) return known === birth ? "same" : "other";
      const value = encodeBirths(new Map([...this.#births, [node, birth]]), this.#member);
      await this.#medium.files.replace(acquaintancesFile, value);
      await this.#commit({ more: [{ type: "put", key: acquaintancesKey, value }] });
      this.#births.set(node, birth);
      return "new";
    });
  }

  /** Changes what the member file says; the table then knows that there is a newer one. */
  amend(change: Partial<Member>): Promise<void> {
    return this.#change(async () => {
      await this.#writeMember(change);
      await this.#commit({});
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#turns.take(() => this.#close());
    return this.#closed;
  }

  /**
   * Runs a change in its turn; whatever it fails with ends this storage. Only being refused for
   * want of room does not, as nothing was begun.
   */
  #change<T>(task: () => Promise<T>, roomBytes?: number): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return this.#turns.take(async () => {
      this.#checkUsable(true);
      const hasRoom = roomBytes === undefined || this.#medium.hasRoom(roomBytes);
      // Nothing is waited for that is known already: the batch is on its way when this returns.
      if (hasRoom !== true && !(await hasRoom)) await this.#makeRoom(roomBytes ?? 0);
      try {
        return await task();
      } catch (error) {
        this.#fail(error);
        throw error;
      }
    });
  }

  /** What was asked for before `close` still gets its turn. */
  #checkUsable(inTurn: boolean): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
    if (!inTurn && this.#closed !== undefined) throw closedError();
  }

  async #checkRoom(bytes: number): Promise<void> {
    if (!(await this.#medium.hasRoom(bytes))) await this.#makeRoom(bytes);
  }

  async #makeRoom(bytes: number): Promise<void> {
    // What a rebuild set aside is the first to go.
    if (this.#member.recovering) {
      await this.#medium.files.discard(damagedPlace);
      if (await this.#medium.hasRoom(bytes)) return;
    }
    const what = "too little space is left for anything but reading";
    throw new StorageError("FULL", what, { retryable: true });
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }

  #checkWrite({ hardState, entries, reset }: Write): void {
    const { term, vote } = this.#member;
    const { commitIndex } = this.#state;
    if (hardState !== undefined) {
      invariant(hardState.term >= term, `term ${hardState.term} does not go back from ${term}`);
      const sameVote = vote === undefined || vote === hardState.vote;
      invariant(hardState.term > term || sameVote, `one vote in term ${term}`);
    }
    const first = entries[0];
    if (reset !== undefined) {
      invariant(reset.index >= this.#snapshotIndex(), "a snapshot does not go back");
    } else if (first !== undefined) {
      invariant(first.index > commitIndex, `entry ${first.index} is not committed yet`);
    }
  }

  /** Term or vote are not those of the member file. */
  #isNews({ term, vote }: HardState): boolean {
    return term !== this.#member.term || vote !== this.#member.vote;
  }

  async #writeMember(change: Partial<Member>): Promise<void> {
    const revision = this.#member.revision + 1;
    const { sequence } = this.#state;
    const member: Member = { ...this.#member, ...change, revision, sequence };
    await writeMember(this.#medium.files, this.#options.codec, member);
    this.#member = member;
  }

  #noteCommitIndex(hardState: HardState | undefined): void {
    if (hardState === undefined) return;
    this.#state = { ...this.#state, commitIndex: hardState.commitIndex };
  }

  #adopted(reset: SnapshotMark): SnapshotDescription {
    const staged = this.#staged.findLast(({ mark }) => isSame(mark, reset));
    if (staged !== undefined) return staged;
    invariant(this.#options.witness === true, `the snapshot at ${reset.index} is staged`);
    return { mark: reset, file: undefined };
  }

  /** Writes one batch and then lets it be seen. */
  async #commit(change: Change): Promise<void> {
    const { entries = [], snapshot, more = [] } = change;
    const described = snapshot && encodeDescription(snapshot, this.#options.codec);
    const rest: Omit<DurableState, "log"> = {
      sequence: this.#state.sequence + 1,
      commitIndex: change.hardState?.commitIndex ?? this.#state.commitIndex,
      term: this.#member.term,
      vote: this.#member.vote,
      memberRevision: this.#member.revision,
      snapshotChecksum: described?.checksum ?? this.#state.snapshotChecksum,
    };
    const log = this.#prepareLog(change, (extent) => encodeState({ ...rest, log: extent }));
    const state: DurableState = { ...rest, log: log.extent };
    const operations: TableOperation[] = [...log.operations, ...more];
    if (described !== undefined) {
      operations.push({ type: "put", key: snapshotKey, value: described.value });
    }
    if (entries.length === 0) {
      operations.push({ type: "put", key: stateKey, value: encodeState(state) });
    }
    await this.#table.batch(operations);
    const vouched = this.#watermark.advance(state);
    if (vouched !== undefined) await vouched;
    this.#state = state;
    this.#durableCommitIndex = state.commitIndex;
    this.#log.apply(log);
    if (snapshot !== undefined) this.#showSnapshot(snapshot);
  }

  #prepareLog(
    { reset, entries = [], compactTo }: Change,
    encode: (extent: LogExtent) => Buffer,
  ): LogChange {
    if (compactTo !== undefined) return this.#log.prepareCompaction(compactTo);
    return this.#log.prepare(reset, entries, encode);
  }

  #showSnapshot(snapshot: SnapshotDescription): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    this.#log.setSnapshot(snapshot.mark);
    this.#discard(before);
    for (const staged of this.#staged) {
      if (staged !== snapshot && staged.mark.index <= snapshot.mark.index) this.#discard(staged);
    }
    this.#staged = this.#staged.filter(({ mark }) => mark.index > snapshot.mark.index);
  }

  #snapshotIndex(): number {
    return this.#snapshot?.mark.index ?? 0;
  }

  async #writeSnapshot(
    { index, term, configuration }: SnapshotMark,
    records: SnapshotRecords,
  ): Promise<SnapshotDescription> {
    const { files } = this.#medium;
    this.#snapshotsMade += 1;
    const number = `${this.#state.sequence}-${this.#snapshotsMade}`;
    const name = `${snapshotFilePrefix}${index}-${term}-${number}`;
    const source = new SnapshotSource(records, (bytes) => this.#checkRoom(bytes));
    try {
      const file = await writeSnapshotFile(files, name, source.read());
      return { mark: { index, term, configuration }, file };
    } catch (error) {
      // An fsync that failed once is not to be believed again, whichever file it was of.
      const isFull = error instanceof StorageError && error.code === "FULL";
      if (!source.failed && !isFull) this.#fail(error);
      throw error;
    }
  }

  /**
   * Deletes a snapshot that is no longer needed; what is left after a failure goes on the next
   * opening.
   */
  #discard(snapshot: SnapshotDescription | undefined): void {
    if (snapshot?.file === undefined) return;
    this.#inBackground(this.#medium.files.remove(snapshot.file.name));
  }

  /**
   * Deletes the records that the log has left behind; what a failure leaves goes on the next
   * opening.
   */
  #clearRecords(before: LogExtent): void {
    const { generation, recordsFrom } = this.#log.extent;
    const from = recordKey(before.generation, before.recordsFrom);
    this.#inBackground(this.#table.clear(from, recordKey(generation, recordsFrom)));
  }

  /**
   * Nobody waits for what is deleted but `close`. A failure of the disk shows in the next write.
   */
  #inBackground(deletion: Promise<void>): void {
    const ended = deletion.catch(() => undefined);
    this.#deletions.add(ended);
    void ended.then(() => this.#deletions.delete(ended));
  }

  async #close(): Promise<void> {
    try {
      const isSettled = this.#durableCommitIndex === this.#state.commitIndex;
      if (this.#failure === undefined && !isSettled) await this.#commit({});
      await Promise.all(this.#deletions);
      await this.#watermark.close();
    } finally {
      await this.#table.close();
      await this.#medium.release();
    }
  }
}

/** More than one when a snapshot comes while another one waits to be adopted. */
const stagedMax = 2;

function isSame(a: SnapshotMark, b: SnapshotMark): boolean {
  return a.index === b.index && a.term === b.term;
}

function entryBytes(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

function closedError(): StorageError {
  return new StorageError("IO", "the storage is closed");
}
