import {
  ChangeFollower,
  type Clock,
  type Log,
  type OpenFollow,
  type Replica,
} from "@meridian/replica";
import type { Position } from "@meridian/tree";
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

/** A proposal on its way through the region's log. */
interface Proposed {
  /** Its index in the region's log. */
  readonly logIndex: number;
  /** Where the cursor is once it has counted; 0: where it was. */
  readonly to: number;
  /** Of the stream that brought it; 0 once that has ended. */
  costBytes: number;
}

/** A cursor without changes is only worth a log entry after so many indexes: it saves reading. */
const bareCursorIndexes = 10_000;

/**
 * Pulls the changes of one other cluster into this region's log. Runs at the region's leader only,
 * for one term. The cursor is part of the replicated state, and a proposal counts only where the
 * cursor is when it is applied, so that each change is applied exactly once, whoever leads.
 *
 * What this leader has proposed is certain to be applied while it leads, so a new stream goes on
 * behind it. Were it to go on at the cursor, it would bring again what is still on its way.
 */
export class Puller {
  readonly #options: PullerOptions;
  readonly #follower: ChangeFollower;
  /** Up to where this leader has proposed; where nothing is on its way, the cursor. */
  #proposed: { readonly index: number; readonly incarnation: number };
  readonly #unapplied: Proposed[] = [];
  /** A snapshot is being taken over; the cursor moves at its end. */
  #seeding = false;
  /** A proposal did not count. What is on its way behind it will not either. */
  #broken = false;

  /** The replica must lead and be settled. */
  constructor(options: PullerOptions) {
    this.#options = options;
    const { origin, region, producers, clock, random, log } = options;
    this.#proposed = this.#cursor();
    this.#follower = new ChangeFollower({
      consumer: `${region} from ${origin}`,
      region,
      ownOnly: true,
      producers,
      from: () => this.#begin(),
      onSeed: (seed, costBytes) => this.#onSeed(seed, costBytes),
      onTransactions: (transactions, costBytes, to) => this.#take(to, transactions, costBytes),
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

  /** The replica applied something: gives credit back, and looks whether it counted. */
  onTurnEnd(): void {
    const { appliedIndex } = this.#options.replica.tree;
    const { index, incarnation } = this.#cursor();
    let costBytes = 0;
    let counted = incarnation === this.#proposed.incarnation || this.#unapplied.length > 0;
    while ((this.#unapplied[0]?.logIndex ?? Infinity) <= appliedIndex) {
      const proposed = this.#unapplied.shift();
      costBytes += proposed?.costBytes ?? 0;
      counted &&= (proposed?.to ?? 0) <= index;
    }
    this.#follower.credit(costBytes);
    if (this.#unapplied.length === 0 && !this.#seeding) counted &&= index === this.#proposed.index;
    if (counted && !this.#broken) return;
    this.#broken = true;
    this.#follower.restart("the cursor is elsewhere");
  }

  stop(): void {
    this.#follower.stop();
  }

  #cursor(): { readonly index: number; readonly incarnation: number } {
    const { origin, replica } = this.#options;
    return replica.tree.cursors().get(origin) ?? { index: 0, incarnation: 0 };
  }

  #begin(): Position {
    for (const proposed of this.#unapplied) proposed.costBytes = 0;
    const isCertain = this.#unapplied.length > 0 && !this.#seeding && !this.#broken;
    if (!isCertain) this.#proposed = this.#cursor();
    this.#seeding = false;
    this.#broken = false;
    const { index, incarnation } = this.#proposed;
    return { cluster: this.#options.origin, incarnation, index };
  }

  #onSeed(seed: ISeedRemote, costBytes: number): void {
    this.#seeding = true;
    const to = seed.last ? seed.index : 0;
    if (!this.#propose({ seedRemote: seed }, to, costBytes) || !seed.last) return;
    this.#seeding = false;
    this.#proposed = { index: seed.index, incarnation: seed.incarnation };
  }

  #onBookmark(index: number, asOfMs: number): void {
    const { origin, replica } = this.#options;
    if (this.#seeding || this.#broken) return;
    if (index - this.#proposed.index > bareCursorIndexes) this.#take(index, [], 0);
    // What was proposed before this bookmark is all there was: once that is applied, the mirror is
    // as new as the bookmark.
    replica.contact.freshness.note(origin, this.#proposed.index, asOfMs);
    replica.contact.coverage.note({ cluster: origin, ...this.#proposed }, index);
  }

  #take(to: number, transactions: readonly ITransaction[], costBytes: number): void {
    const { origin } = this.#options;
    const { incarnation, index: from } = this.#proposed;
    const applyRemote = { origin, incarnation, from, to, transactions };
    if (this.#propose({ applyRemote }, to, costBytes)) this.#proposed = { index: to, incarnation };
  }

  #propose(
    operation: Parameters<typeof Command.encode>[0],
    to: number,
    costBytes: number,
  ): boolean {
    const { replica, clock } = this.#options;
    const timeMs = Math.floor(clock.wallMs());
    const logIndex = replica.proposeBytes(Command.encode({ timeMs, ...operation }));
    if (logIndex === undefined) {
      // Not leading any more, or too much uncommitted: go on here after a pause.
      this.#follower.restart("the region's log takes nothing now");
      return false;
    }
    this.#unapplied.push({ logIndex, to, costBytes });
    return true;
  }

  /** How old the producer's own view was: it may be a follower. */
  #producerAgeMs(ages: readonly { readonly origin: string; readonly ageMs: number }[]): number {
    return ages.find((age) => age.origin === this.#options.origin)?.ageMs ?? Infinity;
  }
}
