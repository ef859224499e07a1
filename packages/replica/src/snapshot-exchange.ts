import type { NodeId, Raft, SnapshotMark } from "@meridian/consensus";
import {
  type PackedRecords,
  type SnapshotRecords,
  type Storage,
  StorageError,
} from "@meridian/storage";
import type { OutgoingSnapshot, PeerTransport } from "@meridian/transport";
import type { Log } from "./log.ts";
import { isWitness } from "./member-note.ts";
import { noRecords } from "./snapshots.ts";

/** What the exchange of snapshots needs of its member. */
export interface SnapshotExchangeOptions {
  readonly node: NodeId;
  readonly witness: boolean;
  readonly storage: Storage;
  readonly raft: Raft;
  readonly peers: () => PeerTransport;
  readonly log: Log;
  /** Runs a turn of the loop now. */
  readonly turn: () => void;
  /** Runs one soon. */
  readonly wake: () => void;
  /** The own snapshot is damaged, or the disk failed. */
  readonly onFailure: (error: unknown) => void;
}

/** Whether a snapshot is in use, and if not, why. */
export interface SnapshotAnswer {
  readonly installed: boolean;
  readonly reason: string;
}

/** Snapshots on their way to members that are far behind, and from the leader to this one. */
export class SnapshotExchange {
  readonly #options: SnapshotExchangeOptions;
  /** A snapshot of the leader is on its way here. */
  #receiving = false;
  /** Where the latest snapshot of the leader ends that the core took over. */
  #resetIndex = 0;
  #adopted: (installed: boolean) => void = () => {};
  #stopped = false;

  constructor(options: SnapshotExchangeOptions) {
    this.#options = options;
  }

  /** Sends the newest snapshot; `mark` is of the one that the core had in mind. */
  async send(to: NodeId, mark: SnapshotMark, leaderTerm: number): Promise<void> {
    const { storage, raft, peers, log, wake } = this.#options;
    const witness = isWitness(raft.status().configuration, to);
    // Asked for now, not when the first of them is sent: by then a newer snapshot may have taken
    // the place of the one that the mark describes.
    const newest = storage.log.snapshot() ?? mark;
    const records = witness ? noRecords() : this.#guarded(newest, storage.readSnapshot());
    const installed = await peers().sendSnapshot(to, {
      // A newer one may have been saved since the core asked: mark and records must belong
      // together.
      mark: newest,
      leaderTerm,
      records,
    });
    if (this.#stopped) return;
    log.info({ to, index: mark.index, installed }, "snapshot sent");
    raft.reportSnapshot(to, installed);
    wake();
  }

  /** Takes a snapshot of the leader; resolves when it is in use, or will not be. */
  async receive(
    from: NodeId,
    { mark, leaderTerm: term, records }: OutgoingSnapshot,
  ): Promise<SnapshotAnswer> {
    if (this.#receiving) return { installed: false, reason: "another snapshot is arriving" };
    this.#receiving = true;
    try {
      const { witness, node: to, raft, turn } = this.#options;
      if (!witness) await this.#stage(mark, records);
      if (this.#stopped) return { installed: false, reason: "stopping" };
      // One of the same index may have been taken over before, and be sent again since its answer
      // was lost: what counts is what happens to this one.
      this.#resetIndex = 0;
      raft.step({ type: "snapshot", from, to, term, mark });
      turn();
      // The core did not want it, for example because the log goes through it.
      if (this.#resetIndex !== mark.index) return { installed: false, reason: "not needed" };
      const installed = await new Promise<boolean>((resolve) => (this.#adopted = resolve));
      return { installed, reason: installed ? "" : "stopping" };
    } finally {
      this.#receiving = false;
    }
  }

  /** The core took the snapshot at `index` over. */
  taken(index: number): void {
    this.#resetIndex = index;
  }

  /** The tree is that of the snapshot. */
  restored(): void {
    this.#adopted(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#adopted(false);
  }

  /**
   * A disk that failed once has ended the storage for good: a member that lived on could never take
   * a snapshot again, and its leader would go on sending.
   */
  async #stage(mark: SnapshotMark, records: SnapshotRecords): Promise<void> {
    const { storage, onFailure } = this.#options;
    try {
      await storage.stageSnapshot(mark, records);
    } catch (error) {
      if (!this.#stopped && error instanceof StorageError && error.code === "IO") onFailure(error);
      throw error;
    }
  }

  /**
   * Damage that shows here would show again with every attempt. The member ends instead: its next
   * start rebuilds it from the others. That the snapshot was replaced before it was read is no
   * damage.
   */
  async *#guarded(
    mark: SnapshotMark,
    pieces: AsyncIterable<PackedRecords>,
  ): AsyncGenerator<readonly Uint8Array[]> {
    const { storage, onFailure } = this.#options;
    try {
      for await (const records of pieces) yield [...records];
    } catch (error) {
      const replaced = storage.log.snapshot()?.index !== mark.index;
      if (!this.#stopped && !replaced && error instanceof StorageError) onFailure(error);
      throw error;
    }
  }
}
