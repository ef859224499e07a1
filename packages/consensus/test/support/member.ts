import type {
  Configuration,
  Entry,
  Limits,
  Message,
  NodeId,
  Persist,
  Random,
  ReadState,
  Ready,
  SnapshotMark,
  Timing,
  Trace,
} from "../../src/index.ts";
import { Raft } from "../../src/index.ts";
import { codec } from "./codec.ts";
import { MemoryDisk } from "./memory-disk.ts";

/** What a member is made of. */
export interface MemberOptions {
  readonly id: NodeId;
  /** The group as it began. */
  readonly configuration: Configuration;
  readonly timing: Timing;
  readonly random: Random;
  readonly limits?: Partial<Limits>;
  readonly leaseMs?: number | undefined;
  readonly trace?: Trace;
}

/** What a member does to the world. */
export interface MemberEvents {
  send(message: Message): void;
  /** A state machine applies an entry. */
  apply(entry: Entry): void;
  /** A state machine is replaced by a snapshot. */
  install(mark: SnapshotMark): void;
  read(read: ReadState): void;
}

/**
 * A member with its disk and driver, moved by hand: nothing is durable before `completeWrites` says
 * so.
 */
export class Member {
  readonly disk: MemoryDisk = new MemoryDisk();
  readonly #options: MemberOptions;
  readonly #events: MemberEvents;
  #raft: Raft | undefined;
  #writes: Persist[] = [];

  constructor(options: MemberOptions, events: MemberEvents) {
    this.#options = options;
    this.#events = events;
  }

  get running(): boolean {
    return this.#raft !== undefined;
  }

  /** Throws when the member is down. */
  get raft(): Raft {
    if (this.#raft === undefined) throw new Error(`${this.#options.id} is down`);
    return this.#raft;
  }

  /** Writes that are not durable, oldest first. */
  get writes(): readonly Persist[] {
    return this.#writes;
  }

  /** Begins from what the disk holds; the state machine begins from the snapshot. */
  start(): void {
    const { disk } = this;
    const mark = disk.snapshot();
    this.#raft = new Raft({
      ...this.#options,
      limits: { promotionEntriesMax: Infinity, ...this.#options.limits },
      log: disk,
      hardState: disk.hardState,
      configuration: mark?.configuration ?? this.#options.configuration,
      appliedIndex: mark?.index ?? 0,
      recovering: disk.recovering,
      forced: disk.forced,
      codec,
    });
  }

  /** Loses everything that is not durable, but for the oldest `kept` writes. */
  crash(kept: number): void {
    for (const write of this.#writes.slice(0, kept)) this.disk.write(write);
    this.#writes = [];
    this.#raft = undefined;
  }

  /**
   * Does what the next `Ready` says but for the disk, which takes its time. Undefined: nothing to
   * do.
   */
  collect(): Ready | undefined {
    const ready = this.raft.ready();
    if (ready === undefined) return undefined;
    for (const message of ready.send) this.#events.send(message);
    if (ready.persist !== undefined) this.#writes.push(ready.persist);
    for (const entry of ready.committed) this.#events.apply(entry);
    const last = ready.committed.at(-1);
    if (last !== undefined) this.raft.applied(last.index);
    for (const read of ready.reads) this.#events.read(read);
    if (ready.soft?.recovering === false) this.disk.recovering = false;
    if (ready.soft?.forced === false) this.disk.forced = undefined;
    return ready;
  }

  /** The oldest `count` writes become durable; they are reported together, as one merged write. */
  completeWrites(count: number): void {
    const done = this.#writes.splice(0, count);
    for (const write of done) this.disk.write(write);
    const last = done.at(-1);
    if (last === undefined) return;
    this.raft.persisted(last.mark);
    for (const write of done) {
      if (write.reset !== undefined) {
        this.#events.install(write.reset);
        this.raft.applied(write.reset.index);
      }
      for (const message of write.send) this.#events.send(message);
    }
  }
}
