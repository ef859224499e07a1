import type { TransportClock } from "../clock.ts";

/** One direction between two places. */
export interface LinkState {
  /** Time that everything takes. */
  readonly delayMs: number;
  /** Nothing passes; what is on its way waits. */
  readonly cut: boolean;
}

/** One direction between two places, with the pipes that run through it. */
export class Link {
  readonly pipes: Set<Pipe> = new Set();
  /** What was ever handed to it, also what was lost later. */
  messages = 0;
  bytes = 0;
  #state: LinkState = { delayMs: 0, cut: false };
  #cuts = 0;

  /** How often it was cut. */
  get cuts(): number {
    return this.#cuts;
  }

  get state(): LinkState {
    return this.#state;
  }

  set(change: Partial<LinkState>): void {
    if (change.cut === true && !this.#state.cut) this.#cuts += 1;
    this.#state = { ...this.#state, ...change };
    if (!this.#state.cut) for (const pipe of this.pipes) pipe.flow();
  }
}

/** Bytes that a network takes before its sender has to wait; beyond it they count as buffered. */
const WINDOW_BYTES = 256 << 10;

interface Item {
  readonly bytes: number;
  readonly deliver: () => void;
}

/**
 * Carries items one way, in order, with the delay of its link; holds them while the link is cut.
 */
export class Pipe {
  readonly #link: Link;
  readonly #clock: TransportClock;
  readonly #drained: () => void;
  #items: Item[] = [];
  /** Items at the front whose time has come. */
  #due = 0;
  #lastAtMs = 0;
  #bytes = 0;
  #closed = false;

  /** `drained` runs when the network has taken everything after it had not. */
  constructor(link: Link, clock: TransportClock, drained: () => void) {
    this.#link = link;
    this.#clock = clock;
    this.#drained = drained;
    link.pipes.add(this);
  }

  /** Bytes that the network did not take yet. */
  get bufferedBytes(): number {
    return Math.max(0, this.#bytes - WINDOW_BYTES);
  }

  /** `deliver` runs later, never from within; not at all when the pipe is closed before. */
  push(bytes: number, deliver: () => void): void {
    if (this.#closed) return;
    this.#items.push({ bytes, deliver });
    this.#bytes += bytes;
    // Beginnings and ends of streams are no messages.
    if (bytes > 0) this.#link.messages += 1;
    this.#link.bytes += bytes;
    const nowMs = this.#clock.nowMs();
    // A link that became faster must not let later items overtake earlier ones.
    this.#lastAtMs = Math.max(this.#lastAtMs, nowMs + this.#link.state.delayMs);
    this.#clock.after(this.#lastAtMs - nowMs, () => {
      this.#due += 1;
      this.flow();
    });
  }

  /** Delivers what is due unless the link is cut. */
  flow(): void {
    while (this.#due > 0 && !this.#link.state.cut && !this.#closed) {
      this.#due -= 1;
      const item = this.#items.shift();
      if (item === undefined) return;
      const wasFull = this.bufferedBytes > 0;
      this.#bytes -= item.bytes;
      item.deliver();
      if (wasFull && this.bufferedBytes === 0) this.#drained();
    }
  }

  /** Drops what is on its way; what is pushed later still goes. */
  drop(): void {
    this.#bytes = 0;
    this.#items = this.#items.map(() => ({ bytes: 0, deliver: () => undefined }));
  }

  close(): void {
    this.#closed = true;
    this.#items = [];
    this.#bytes = 0;
    this.#link.pipes.delete(this);
  }
}
