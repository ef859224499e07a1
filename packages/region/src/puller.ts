import {
  ChangeFollower,
  type Clock,
  type Log,
  type OpenFollow,
  type Replica,
} from "@meridian/replica";
import { Command, type ISeedRemote, type ITransaction } from "@meridian/wire";

/** What a puller needs. */
export interface PullerOptions {
  /** Cluster that is pulled from. */
  readonly origin: string;
  /** Region that pulls. */
  readonly region: string;
  readonly producers: readonly OpenFollow[];
  readonly replica: Replica;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** A cursor without changes is only worth a log entry after this many indexes: it saves reading them again. */
const bareCursorIndexes = 10_000;
/** Commands that were proposed and not seen applied for this long were lost. */
const stuckMs = 5_000;

/**
 * Pulls the changes of one other cluster into this region's log. Runs at the region's leader only; the cursor is part of the replicated state,
 * so that each change is applied exactly once, whoever leads.
 */
export class Puller {
  readonly #options: PullerOptions;
  readonly #follower: ChangeFollower;
  /** Last index of the origin that was proposed here. */
  #proposed: number;
  #incarnation: number;
  readonly #unapplied: { readonly index: number; readonly costBytes: number }[] = [];
  #progressAtMs: number;
  /** A snapshot is being taken over; the cursor moves at its end. */
  #seeding = false;

  constructor(options: PullerOptions) {
    this.#options = options;
    const { origin, region, producers, clock, random, log } = options;
    const cursor = this.#cursor();
    this.#proposed = cursor.index;
    this.#incarnation = cursor.incarnation;
    this.#progressAtMs = clock.nowMs();
    this.#follower = new ChangeFollower({
      consumer: `${region} from ${origin}`,
      region,
      ownOnly: true,
      producers,
      from: () => this.#begin(),
      onSeed: (seed, costBytes) => this.#onSeed(seed, costBytes),
      onTransactions: (transactions, costBytes) => this.#onTransactions(transactions, costBytes),
      onBookmark: (bookmark, askedAtMs) => {
        const index = bookmark.position?.index ?? 0;
        this.#onBookmark(index, askedAtMs - this.#producerAgeMs(bookmark.ages));
      },
      clock,
      random,
      log,
    });
  }

  get connected(): boolean {
    return this.#follower.connected;
  }

  /** The replica applied something: gives credit back. Starts again when proposals were lost. */
  onTurnEnd(): void {
    const applied = this.#cursor().index;
    const nowMs = this.#options.clock.nowMs();
    let costBytes = 0;
    while ((this.#unapplied[0]?.index ?? Infinity) <= applied) {
      costBytes += this.#unapplied.shift()?.costBytes ?? 0;
    }
    if (costBytes > 0) {
      this.#progressAtMs = nowMs;
      this.#follower.credit(costBytes);
    }
    if (this.#unapplied.length === 0) this.#progressAtMs = nowMs;
    else if (nowMs - this.#progressAtMs > stuckMs) this.#follower.restart();
  }

  stop(): void {
    this.#follower.stop();
  }

  #cursor(): { readonly index: number; readonly incarnation: number } {
    const { origin, replica } = this.#options;
    return replica.tree.cursors().get(origin) ?? { index: 0, incarnation: 0 };
  }

  #begin(): { cluster: string; incarnation: number; index: number } {
    const { index, incarnation } = this.#cursor();
    this.#proposed = index;
    this.#incarnation = incarnation;
    this.#unapplied.length = 0;
    this.#seeding = false;
    this.#progressAtMs = this.#options.clock.nowMs();
    return { cluster: this.#options.origin, incarnation, index };
  }

  #onSeed(seed: ISeedRemote, costBytes: number): void {
    this.#seeding = !seed.last;
    if (!this.#propose({ seedRemote: seed })) return;
    this.#proposed = seed.index;
    this.#incarnation = seed.incarnation;
    this.#unapplied.push({ index: seed.last ? seed.index : 0, costBytes });
  }

  #onTransactions(transactions: readonly ITransaction[], costBytes: number): void {
    const to = transactions.at(-1)?.index ?? this.#proposed;
    this.#take(to, transactions, costBytes);
  }

  #onBookmark(index: number, asOfMs: number): void {
    if (this.#seeding) return;
    if (index - this.#proposed > bareCursorIndexes) this.#take(index, [], 0);
    // What was proposed before this bookmark is all there was: once it is applied, the mirror is as new as the bookmark.
    this.#options.replica.contact.freshness.note(this.#options.origin, this.#proposed, asOfMs);
  }

  #take(to: number, transactions: readonly ITransaction[], costBytes: number): void {
    const { origin } = this.#options;
    const [incarnation, from] = [this.#incarnation, this.#proposed];
    if (!this.#propose({ applyRemote: { origin, incarnation, from, to, transactions } })) return;
    this.#proposed = to;
    this.#unapplied.push({ index: to, costBytes });
  }

  #propose(operation: Parameters<typeof Command.encode>[0]): boolean {
    const { replica, clock } = this.#options;
    const timeMs = Math.floor(clock.wallMs());
    if (replica.proposeBytes(Command.encode({ timeMs, ...operation }))) return true;
    // Not leading any more, or too much uncommitted: begin again at the cursor after a pause.
    this.#follower.restart();
    return false;
  }

  /** How old the producer's own view was: it may be a follower. */
  #producerAgeMs(ages: readonly { readonly origin: string; readonly ageMs: number }[]): number {
    return ages.find((age) => age.origin === this.#options.origin)?.ageMs ?? Infinity;
  }
}
