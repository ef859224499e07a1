import type { Clock } from "@meridian/replica";
import type { VirtualClock } from "./virtual-clock.ts";

/** The clock of one life of one node: its own origin, and silent once the node is dead. */
export class NodeClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #originMs: number;
  readonly #rate: number;
  #wallShiftMs = 0;
  #dead = false;
  /** What came due while the node was stopped; undefined while it runs. */
  #held: (() => void)[] | undefined;

  /**
   * `originMs` is what the monotonic clock shows at virtual time 0; `rate` is how many milliseconds
   * it counts in a true one.
   */
  constructor(clock: VirtualClock, originMs: number, rate: number = 1) {
    this.#clock = clock;
    this.#originMs = originMs;
    this.#rate = rate;
  }

  /** The node is gone: nothing that it has planned happens. */
  kill(): void {
    this.#dead = true;
    this.#held = undefined;
  }

  /** The process is stopped, as by SIGSTOP: time passes, and nothing is done. */
  pause(): void {
    this.#held ??= [];
  }

  /** The process goes on: everything that came due meanwhile happens now, in its order. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const callback of held) this.#clock.after(0, () => this.enter(callback));
  }

  /** Stopped, and not gone. */
  get paused(): boolean {
    return this.#held !== undefined;
  }

  /** The wall clock is set forwards or backwards. */
  shiftWall(byMs: number): void {
    this.#wallShiftMs += byMs;
  }

  /** Something from outside, such as a disk, calls back: now, later or, when dead, never. */
  enter(callback: () => void): void {
    if (this.#dead) return;
    if (this.#held === undefined) callback();
    else this.#held.push(callback);
  }

  nowMs(): number {
    return this.#originMs + this.#clock.nowMs() * this.#rate;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#clock.nowMs() + this.#wallShiftMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs / this.#rate, () => this.enter(callback));
  }

  defer(callback: () => void): void {
    this.#clock.after(0, () => this.enter(callback));
  }
}
