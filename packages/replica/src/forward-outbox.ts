import type { Forward, ForwardAnswer } from "@meridian/transport";
import { firstEpochOf } from "./forward-epoch.ts";
import type { PendingWrite, WriteQueue } from "./write-queue.ts";

/** Forwards that may be on their way at one time, and their size. */
const windowMax = 64;
const forwardBytesMax = 512 * 1024;
/** How long to wait after a refusal: too much is uncommitted, or leadership is moving. */
const refusedPauseMs = 20;
/** Leaders answer as soon as they hear. Silence for so long: a forward or its answer was lost. */
const answerMaxMs = 2_000;

interface Sent {
  readonly number: number;
  readonly writes: readonly PendingWrite[];
  readonly atMs: number;
}

/**
 * Member's side of forwarding: hands the queue's writes to the leader and starts again where it
 * has to.
 */
export class ForwardOutbox {
  readonly #queue: WriteQueue;
  #epoch = 0;
  #number = 0;
  #window: Sent[] = [];
  #pausedUntilMs = -Infinity;

  constructor(queue: WriteQueue) {
    this.#queue = queue;
  }

  /** The next forward, if there is something to send and room in the window. */
  next(nowMs: number): Forward | undefined {
    const oldest = this.#window[0];
    if (oldest !== undefined && nowMs - oldest.atMs > answerMaxMs) this.#startOver();
    if (nowMs < this.#pausedUntilMs || this.#window.length >= windowMax) return undefined;
    const writes = this.#queue.takeUnsent(forwardBytesMax);
    if (writes.length === 0) return undefined;
    this.#number += 1;
    this.#window.push({ number: this.#number, writes, atMs: nowMs });
    return {
      epoch: this.#epoch,
      number: this.#number,
      commands: writes.map((write) => write.bytes),
    };
  }

  /** What the leader says to a forward. */
  answer(answer: ForwardAnswer, nowMs: number): void {
    if (answer.epoch < this.#epoch) return;
    if (answer.epoch > this.#epoch) {
      this.#epoch = answer.epoch;
      return this.#startOver();
    }
    if (answer.accepted) {
      const kept = this.#window.findIndex((sent) => sent.number > answer.number);
      this.#window = kept < 0 ? [] : this.#window.slice(kept);
      return;
    }
    this.#pausedUntilMs = nowMs + refusedPauseMs;
    // The answers to those before it were lost: they may have been taken.
    for (const sent of this.#window) {
      if (sent.number < answer.number) this.#queue.giveUpUnrepeatable(sent.writes);
    }
    const unanswered = this.#window.flatMap(({ writes }) => writes);
    this.#beginEpoch();
    this.#queue.rewind(unanswered);
  }

  /** Another leader, or another term of it, or messages may have been lost: all goes out again. */
  restart(term: number): void {
    this.#epoch = Math.max(this.#epoch, firstEpochOf(term));
    this.#startOver();
  }

  #startOver(): void {
    this.#pausedUntilMs = -Infinity;
    this.#beginEpoch();
    this.#queue.resendAll();
  }

  #beginEpoch(): void {
    this.#epoch += 1;
    this.#number = 0;
    this.#window = [];
  }
}
