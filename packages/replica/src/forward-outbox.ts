import type { Forward, ForwardAnswer } from "@meridian/transport";
import type { PendingWrite, WriteQueue } from "./write-queue.ts";

/** Forwards that may be on their way at one time, and their size. */
const windowMax = 64;
const forwardBytesMax = 512 * 1024;
/** How long to wait after the leader said that too much is uncommitted. */
const overloadPauseMs = 20;

/** Member's side of forwarding: hands the queue's writes to the leader and starts again where it has to. */
export class ForwardOutbox {
  readonly #queue: WriteQueue;
  #epoch: number;
  #number = 0;
  #window: { readonly number: number; readonly writes: readonly PendingWrite[] }[] = [];
  #pausedUntilMs = 0;

  /** `epoch` should grow from one start of the node to the next; the wall clock will do. */
  constructor(queue: WriteQueue, epoch: number) {
    this.#queue = queue;
    this.#epoch = epoch;
  }

  /** The next forward, if there is something to send and room in the window. */
  next(nowMs: number): Forward | undefined {
    if (nowMs < this.#pausedUntilMs || this.#window.length >= windowMax) return undefined;
    const writes = this.#queue.takeUnsent(forwardBytesMax);
    if (writes.length === 0) return undefined;
    this.#number += 1;
    this.#window.push({ number: this.#number, writes });
    return {
      epoch: this.#epoch,
      number: this.#number,
      commands: writes.map((write) => write.bytes),
    };
  }

  /** What the leader says. Returns true when there may be more to send now. */
  answer(answer: ForwardAnswer, nowMs: number): boolean {
    if (answer.epoch < this.#epoch) return false;
    if (answer.epoch > this.#epoch) {
      this.#epoch = answer.epoch;
      this.restart();
      return true;
    }
    const place = this.#window.findIndex((sent) => sent.number === answer.number);
    if (place < 0) return false;
    if (answer.accepted) {
      this.#window.splice(0, place + 1);
      return true;
    }
    const refused = this.#window[place]?.writes ?? [];
    if (answer.overloaded) this.#pausedUntilMs = nowMs + overloadPauseMs;
    this.#beginEpoch();
    this.#queue.rewind(refused);
    return true;
  }

  /** Another leader, or answers may have been lost: everything that is not applied goes out again. */
  restart(): void {
    this.#beginEpoch();
    this.#queue.resendAll();
  }

  #beginEpoch(): void {
    this.#epoch += 1;
    this.#number = 0;
    this.#window = [];
  }
}
