import type { GroupMember } from "@meridian/replica";
import type { Applied, Transaction } from "@meridian/tree";
import { type ClusterHistory, mirroredOf, textOf } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";

/** Holds one life of a member against the histories of the clusters that it mirrors. */
export class MirrorCheck {
  readonly #node: string;
  readonly #member: GroupMember;
  readonly #historyOf: (origin: string) => ClusterHistory;
  readonly #counter: Counter;
  /** What was not equal, and may have been a snapshot. */
  readonly #doubts: { readonly isSeed: () => boolean; readonly text: string }[] = [];
  /** It has come to lead since something was taken over last. */
  #isNewLeader = false;
  /** Up to where each origin has been taken over; unset: the next change says where that is. */
  readonly #reached = new Map<string, number>();

  constructor(
    node: string,
    member: GroupMember,
    historyOf: (origin: string) => ClusterHistory,
    counter: Counter,
  ) {
    this.#node = node;
    this.#member = member;
    this.#historyOf = historyOf;
    this.#counter = counter;
    this.restart();
  }

  /** It leads from now on: mirrors go on where the leader before it had them. */
  lead(): void {
    this.#isNewLeader = true;
  }

  /** The tree was replaced: what it holds is where its cursors say. */
  restart(): void {
    this.#reached.clear();
    for (const { cluster, index } of this.#member.tree.cursors().values()) {
      this.#reached.set(cluster, index);
    }
  }

  /**
   * Something was applied: of each origin exactly what follows what was there before. `isSeed`: the
   * entry took over a part of a snapshot, which need not change anything. That is only certain once
   * the entry is durable: until then another may be in its place in the log.
   */
  onApplied({ transactions }: Applied, isSeed: () => boolean): void {
    for (const { cluster: origin, index } of this.#member.tree.cursors().values()) {
      const before = this.#reached.get(origin);
      const news = transactions.filter((transaction) => transaction.origin === origin);
      if (before === index) {
        must(
          news.every(({ index: of }) => of === 0),
          () => {
            return `${this.#node} is at ${index} of ${origin}, and took ${news[0]?.index} over`;
          },
        );
        continue;
      }
      this.#reached.set(origin, index);
      must(before === undefined || index > before, () => {
        return `${this.#node} went back in ${origin} from ${before} to ${index}`;
      });
      if (news.some(isOfSnapshot) || before === undefined || before === 0) {
        this.#counter.count("mirrorSeeds");
      } else {
        this.#compare({ origin, before, to: index, news, isSeed });
      }
    }
  }

  /** Everything that was applied is durable: what was in doubt is certain now. */
  settle(): void {
    for (const { isSeed, text } of this.#doubts) {
      must(isSeed(), () => text);
      this.#counter.count("mirrorSeeds");
    }
    this.#doubts.length = 0;
  }

  #compare({ origin, before, to, news, isSeed }: Step): void {
    const wanted = this.#historyOf(origin).between(before, to);
    const got = news
      .map((transaction) => ({ index: transaction.index, changes: mirroredOf(transaction) }))
      .filter(({ changes }) => changes.length > 0)
      .map(({ index, changes }) => `${index}: ${changes.map(textOf).join("\n")}`);
    const want = wanted.map(({ index, text }) => `${index}: ${text}`);
    const isEqual = got.join("\n") === want.join("\n");
    if (!isEqual) {
      const words = [`${this.#node} took over of ${origin} in (${before}, ${to}]`, ...got];
      const text = [...words, "where it should have been", ...want].join("\n");
      this.#doubts.push({ isSeed, text });
      return;
    }
    this.#counter.count("mirrored", wanted.length);
    if (this.#isNewLeader && wanted.length > 0) {
      this.#isNewLeader = false;
      this.#counter.count("mirrorResumes");
    }
  }
}

/** Part of an origin's history that was taken over at once. */
interface Step {
  readonly origin: string;
  readonly before: number;
  readonly to: number;
  readonly news: readonly Transaction[];
  readonly isSeed: () => boolean;
}

/** Parts of a snapshot tell of nodes that were written before. */
function isOfSnapshot(transaction: Transaction): boolean {
  const { index } = transaction;
  return index === 0 || mirroredOf(transaction).some(({ stat }) => stat.mzxid !== index);
}
