import type { Forward, ForwardAnswer } from "@meridian/transport";
import { firstEpochOf } from "./forward-epoch.ts";
import type { PendingWrite, WriteQueue } from "./write-queue.ts";

/** Forwards that may be on their way at one time, and their size. */
const windowMax = 64;
const forwardBytesMax = 512 * 1024;
/** How long to wait after a refusal: too much is uncommitted, or leadership is moving. */
const refusedPauseMs = 20;
/**
 * Leaders answer as soon as they hear. Silence for so long: a forward or its answer was lost. Twice
 * as long every further time, so that a leader that cannot keep up is not given more to do.
 */
const answerMinMs = 2_000;
const answerMaxMs = 32_000;

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
  #patienceMs = answerMinMs;

  constructor(queue: WriteQueue) {
    this.#queue = queue;
  }

  /** The next forward, if there is something to send and room in the window. */
  next(nowMs: number): Forward | undefined {
    const oldest = this.#window[0];
    if (oldest !== undefined && nowMs - oldest.atMs > this.#patienceMs) {
      this.#patienceMs = Math.min(2 * this.#patienceMs, answerMaxMs);
      this.resume();
    }
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
    this.#patienceMs = answerMinMs;
    if (answer.epoch > this.#epoch) {
      this.#epoch = answer.epoch;
      return this.resume();
    }
    if (answer.accepted) {
      const kept = this.#window.findIndex((sent) => sent.number > answer.number);
      this.#window = kept < 0 ? [] : this.#window.slice(kept);
      return;
    }
    this.#pausedUntilMs = nowMs + refusedPauseMs;
    // The answers to those before it were lost: they may have been taken.
    this.#takeBack((sent) => sent.number < answer.number);
  }

  /**
   * Messages to or from the leader may have been lost: what has no answer goes out again. What was
   * taken stays in the leader's log as long as it leads.
   */
  resume(): void {
    this.#pausedUntilMs = -Infinity;
    this.#takeBack(() => true);
  }

  /** Another term, and so another log: everything that is not applied goes out again. */
  restart(term: number): void {
    this.#epoch = Math.max(this.#epoch, firstEpochOf(term));
    this.#pausedUntilMs = -Infinity;
    this.#patienceMs = answerMinMs;
    this.#beginEpoch();
    this.#queue.resendAll();
  }

  /**
   * Begins an epoch with what has no answer, but for what may have been taken and must not twice.
   */
  #takeBack(mayBeTaken: (sent: Sent) => boolean): void {
    const unanswered = this.#window;
    this.#beginEpoch();
    for (const sent of unanswered) {
      if (mayBeTaken(sent)) this.#queue.giveUpUnrepeatable(sent.writes);
    }
    this.#queue.rewind(unanswered.flatMap(({ writes }) => writes));
  }

  #beginEpoch(): void {
    this.#epoch += 1;
    this.#number = 0;
    this.#window = [];
  }
}
