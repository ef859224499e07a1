import { Inflight } from "./inflight.ts";
import type { Limits } from "./options.ts";

/**
 * How the leader sends to one follower: one append at a time until the logs are known to agree
 * (probe), a pipeline (replicate), or nothing until a snapshot has arrived (snapshot). Etcd's
 * `tracker.Progress` is the model.
 */
export type ProgressState = "probe" | "replicate" | "snapshot";

/** What the leader knows of one follower. `next > match` always. */
export class Progress {
  readonly inflight: Inflight;
  state: ProgressState = "probe";
  /** Highest index that is known to be the same and durable there. */
  match = 0;
  /** First entry of the next append. */
  next: number;
  /** Nothing goes out until something comes in. */
  paused = false;
  /** State "snapshot": last index of the snapshot on its way. */
  pendingSnapshot = 0;
  /** Tick at which something of this term came in; starts with a grace at the leader's first. */
  activeTick: number;
  /** Something of this term came in at all. */
  answered = false;
  /** Highest commit index that was told, as far as the follower can use it. */
  sentCommit = 0;
  /** Newest read round that the follower confirmed. */
  readRound = 0;
  /** When the newest heartbeat was sent that the follower answered, where leases count. */
  promisedMs = 0;
  /** The follower lost its log in this term: who said so, and what it must have again. */
  recovery: { readonly nonce: number; readonly target: number } | undefined;

  constructor(next: number, activeTick: number, limits: Limits) {
    this.next = next;
    this.activeTick = activeTick;
    this.inflight = new Inflight(limits.inflightMax, limits.inflightBytesMax);
  }

  /** Notes that the follower lives. */
  heard(tick: number): void {
    this.activeTick = tick;
    this.answered = true;
  }

  /** Lost its log, and does not have everything again as far as is known here. */
  get recovering(): boolean {
    return this.recovery !== undefined && this.match < this.recovery.target;
  }

  /** The follower lost its log: asks anew how far it is. `target`: what it must have again. */
  restart(target: number, nonce: number): void {
    this.recovery = { nonce, target };
    this.match = 0;
    this.#enter("probe", target + 1);
    this.sentCommit = 0;
  }

  /** Whether an append may go out now. */
  get ready(): boolean {
    return this.state !== "snapshot" && !this.paused;
  }

  /** Starts asking where the logs agree; after a snapshot from its end. */
  becomeProbe(): void {
    const after = this.state === "snapshot" ? this.pendingSnapshot : 0;
    this.#enter("probe", Math.max(this.match, after) + 1);
  }

  becomeReplicate(): void {
    this.#enter("replicate", this.match + 1);
  }

  becomeSnapshot(index: number): void {
    this.#enter("snapshot", this.next);
    this.pendingSnapshot = index;
  }

  /** An accepting answer came. True if it told something new. */
  advance(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    if (this.next <= index) this.next = index + 1;
    this.paused = false;
    return true;
  }

  /**
   * A refusing answer came: `rejected` is what was refused, `hint` where the logs may agree. False
   * if it is an old one. Never goes back behind what is known to match, whatever the hint says,
   * unless the follower lost its log: then what it acknowledged before may have come in since.
   */
  retreat(rejected: number, hint: number): boolean {
    if (this.state === "replicate") {
      if (rejected <= this.match && this.recovery === undefined) return false;
      this.#believe(hint);
      this.becomeProbe();
      return true;
    }
    if (this.state === "snapshot" || this.next - 1 !== rejected) return false;
    this.#believe(hint);
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.paused = false;
    return true;
  }

  /** An append went out: `count` entries of `bytes` after `next - 1`. */
  sent(count: number, bytes: number, commit: number): void {
    if (this.state === "replicate") {
      if (count > 0) {
        this.next += count;
        this.inflight.add(this.next - 1, bytes);
      }
      this.paused = this.inflight.full;
    } else {
      this.paused = true;
    }
    this.sentCommit = Math.max(this.sentCommit, commit);
  }

  #believe(hint: number): void {
    if (this.recovery !== undefined) this.match = Math.min(this.match, hint);
  }

  #enter(state: ProgressState, next: number): void {
    this.state = state;
    this.next = next;
    this.paused = false;
    this.pendingSnapshot = 0;
    this.inflight.clear();
    this.sentCommit = Math.min(this.sentCommit, next - 1);
  }
}
