import type { Clock } from "./clock.ts";

/** A stream with something to send. */
export interface Flowing {
  /** Sends what it can. */
  flush(): void;
  /** Waits for its reader: is looked at now and then, to see that it still reads. */
  onBlocked(nowMs: number): void;
}

/**
 * Time and streams of one slice: what is left goes on after other work. Handing a frame over is a
 * third of what it costs: the rest is the network's, later in the same turn and in the next one.
 */
const sliceMs = 3;
const sliceStreamsMax = 1_000;
/** What may wait for readers that do not read, over all streams of a node. */
const budgetBytes = 32 * 1024 * 1024;
/** Bounds of what is handed to one stream's network at once, and of what may wait behind it. */
const windowBytesMax = 128 * 1024;
const windowBytesMin = 16 * 1024;
const backlogBytesMax = 1024 * 1024;

/**
 * Sends what the streams of a node have to say, in slices: an event for ten thousand watchers does
 * not keep everything else waiting. Streams whose readers do not take it wait apart, and share one
 * budget.
 */
export class Outflow {
  readonly #clock: Clock;
  /** Have something to send, in the order in which they are served. */
  readonly #dirty = new Set<Flowing>();
  /** Wait until their readers have taken what was sent. */
  readonly #blocked = new Set<Flowing>();
  #scheduled = false;
  /** One slice was not enough: the rest goes on in the next turn of the loop, and only then. */
  #isBehind = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bytes that may be on their way in one stream's network. */
  get windowBytes(): number {
    return Math.min(windowBytesMax, Math.max(windowBytesMin, this.#share / 2));
  }

  /** Bytes of reports that may wait for one reader. */
  get backlogBytes(): number {
    return Math.min(backlogBytesMax, this.#share / 2);
  }

  /** Streams that wait for their readers. */
  get blockedCount(): number {
    return this.#blocked.size;
  }

  /** Serves a stream with those of this turn. */
  soon(stream: Flowing): void {
    this.#dirty.add(stream);
    this.#schedule();
  }

  /** Serves streams for the time of one slice, once in a turn of the loop; the others follow. */
  flush(): void {
    if (this.#dirty.size > 0 && !this.#isBehind) this.#slice();
  }

  #slice(): void {
    const untilMs = this.#clock.nowMs() + sliceMs;
    let left = sliceStreamsMax;
    for (const stream of this.#dirty) {
      this.#dirty.delete(stream);
      stream.flush();
      left -= 1;
      if (left === 0 || this.#clock.nowMs() >= untilMs) break;
    }
    this.#isBehind = this.#dirty.size > 0;
    if (this.#isBehind) this.#schedule();
  }

  /** A stream's reader has not taken what was sent, or has now. */
  block(stream: Flowing, isBlocked: boolean): void {
    if (isBlocked) this.#blocked.add(stream);
    else this.#blocked.delete(stream);
  }

  /** Looks at the streams whose readers are slow. */
  watch(nowMs: number): void {
    for (const stream of this.#blocked) stream.onBlocked(nowMs);
  }

  /** The stream has ended. */
  forget(stream: Flowing): void {
    this.#dirty.delete(stream);
    this.#blocked.delete(stream);
  }

  get #share(): number {
    return budgetBytes / Math.max(1, this.#blocked.size);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#isBehind = false;
      this.flush();
    });
  }
}
