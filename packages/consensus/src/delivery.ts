import type { Entry } from "./entry.ts";
import { invariant } from "./invariant.ts";
import { entryOverheadBytes } from "./options.ts";
import type { ReplicatedLog } from "./replicated-log.ts";

/**
 * Hands committed entries out to be applied, no more at a time than the state machine can digest.
 */
export class Delivery {
  readonly #log: ReplicatedLog;
  readonly #bytesMax: number;
  #handedIndex: number;
  #appliedIndex: number;
  /** Batches that are not applied as a whole. */
  #batches: { readonly index: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(log: ReplicatedLog, appliedIndex: number, bytesMax: number) {
    this.#log = log;
    this.#bytesMax = bytesMax;
    this.#handedIndex = appliedIndex;
    this.#appliedIndex = appliedIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Whether `take` would give something. */
  get waiting(): boolean {
    return (
      this.#handedIndex < this.#log.commitIndex &&
      !this.#log.resetting &&
      (this.#batches.length === 0 || this.#bytes < this.#bytesMax)
    );
  }

  take(): readonly Entry[] {
    if (!this.waiting) return [];
    const room = this.#bytesMax - this.#bytes;
    const to = this.#log.commitIndex + 1;
    const entries = this.#log.entries(this.#handedIndex + 1, to, room);
    let bytes = 0;
    for (const entry of entries) bytes += entry.data.byteLength + entryOverheadBytes;
    this.#handedIndex += entries.length;
    this.#bytes += bytes;
    this.#batches.push({ index: this.#handedIndex, bytes });
    return entries;
  }

  applied(index: number): void {
    invariant(index <= this.#handedIndex, "only what was handed out can have been applied");
    if (index <= this.#appliedIndex) return;
    this.#appliedIndex = index;
    let count = 0;
    for (; count < this.#batches.length && this.#batches[count]!.index <= index; count++) {
      this.#bytes -= this.#batches[count]!.bytes;
    }
    if (count > 0) this.#batches.splice(0, count);
  }

  /** A snapshot brings the state machine here. */
  reset(index: number): void {
    this.#handedIndex = index;
    this.#batches = [];
    this.#bytes = 0;
  }
}
