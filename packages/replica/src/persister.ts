import type { Message, Persist, PersistMark } from "@meridian/consensus";
import { type Storage, StorageError, type Write } from "@meridian/storage";

/** What was asked to be durable together. */
interface Batch {
  readonly write: Write;
  readonly send: readonly Message[];
  readonly mark: PersistMark;
}

/** What has become durable together. */
export interface DurableBatch {
  readonly mark: PersistMark;
  readonly send: readonly Message[];
  /** The log began anew with a snapshot. */
  readonly reset: boolean;
}

/**
 * Writes what the core wants durable, one write at a time. What is asked for while the disk is busy
 * goes into
 * the next write together, so that one fsync serves everything of that time (group commit).
 */
export class Persister {
  readonly #storage: Storage;
  readonly #onDurable: (batch: DurableBatch) => void;
  readonly #onFailure: (error: unknown) => void;
  readonly #later: (task: () => void) => void;
  readonly #queue: Batch[] = [];
  #busy = false;
  #stalled = false;
  #stopped = false;

  constructor(
    storage: Storage,
    onDurable: (batch: DurableBatch) => void,
    onFailure: (error: unknown) => void,
    later: (task: () => void) => void,
  ) {
    this.#storage = storage;
    this.#onDurable = onDurable;
    this.#onFailure = onFailure;
    this.#later = later;
  }

  /** A write is on its way or waits. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The disk is full: what is queued is tried again and again until there is room. */
  get stalled(): boolean {
    return this.#stalled;
  }

  /** Queues a write; the callbacks come in the order of the calls. */
  push(persist: Persist): void {
    const { hardState, entries, reset, send, mark } = persist;
    const last = this.#queue.at(-1);
    const batch = { write: { hardState, entries, reset }, send, mark };
    if (last !== undefined && extendsWrite(last.write, persist)) {
      this.#queue[this.#queue.length - 1] = {
        write: {
          hardState: hardState ?? last.write.hardState,
          entries: entries.length === 0 ? last.write.entries : last.write.entries.concat(entries),
          reset: last.write.reset,
        },
        send: send.length === 0 ? last.send : last.send.concat(send),
        mark,
      };
    } else {
      this.#queue.push(batch);
    }
    if (!this.#busy) void this.#drain();
  }

  /** No callback comes after this. */
  stop(): void {
    this.#stopped = true;
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      try {
        if (!isEmpty(batch.write)) await this.#write(batch.write);
      } catch (error) {
        if (!this.#stopped) this.#onFailure(error);
        return;
      }
      if (this.#stopped) return;
      this.#onDurable({
        mark: batch.mark,
        send: batch.send,
        reset: batch.write.reset !== undefined,
      });
    }
    this.#busy = false;
  }

  /** Of a write that was refused for want of space nothing was begun: it can be asked again. */
  async #write(write: Write): Promise<void> {
    for (;;) {
      try {
        await this.#storage.write(write);
        this.#stalled = false;
        return;
      } catch (error) {
        if (this.#stopped || !(error instanceof StorageError && error.retryable)) throw error;
        this.#stalled = true;
      }
      await new Promise<void>((resolve) => this.#later(resolve));
    }
  }
}

function isEmpty(write: Write): boolean {
  return write.hardState === undefined && write.entries.length === 0 && write.reset === undefined;
}

/**
 * Entries that follow each other may be written together; replaced ones and snapshots start a write
 * of their own.
 */
function extendsWrite(before: Write, persist: Persist): boolean {
  if (persist.reset !== undefined) return false;
  const [first] = persist.entries;
  if (first === undefined) return true;
  const last = before.entries.at(-1);
  return last === undefined ? before.reset === undefined : first.index === last.index + 1;
}
