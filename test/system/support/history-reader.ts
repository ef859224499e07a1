import { ChangeFollower, decodeTransaction, silentLog, systemClock } from "@meridian/replica";
import { openChannel } from "@meridian/transport";

import { CommittedHistory } from "../../watch-model/committed-history.ts";
import { until } from "./condition.ts";

/** A place in the history of a cluster. */
interface Position {
  readonly cluster: string;
  readonly incarnation: number;
  readonly index: number;
}

/**
 * Writes down what a cluster commits, from its change stream, over connections that nobody cuts.
 * Everything else is held against this.
 */
export class HistoryReader implements Disposable {
  readonly history: CommittedHistory;
  readonly #follower: ChangeFollower;
  readonly #channels: readonly ReturnType<typeof openChannel>[];
  #position: Position;
  #failure: string | undefined;

  /** Reads on behind a position, from whichever of the nodes is there. */
  constructor(addresses: readonly string[], from: Position) {
    this.#position = from;
    this.history = new CommittedHistory(from.index);
    this.#channels = addresses.map((address) => openChannel(address));
    this.#follower = new ChangeFollower({
      consumer: "history",
      region: from.cluster,
      ownOnly: true,
      producers: this.#channels.map((channel) => (handler) => channel.follow(handler)),
      from: () => this.#position,
      onSeed: () => (this.#failure = "the change stream began anew: the history has a gap"),
      onTransactions: (transactions, costBytes, to) => {
        for (const { index, changes } of transactions.map(decodeTransaction)) {
          const texts = changes.map(({ kind, path, data }) => {
            return { kind, path, data: Buffer.from(data).toString() };
          });
          this.history.add({ index, changes: texts });
        }
        this.#reach(to);
        this.#follower.credit(costBytes);
      },
      onBookmark: ({ position }) => this.#reach(position?.index ?? 0),
      clock: systemClock,
      random: Math.random,
      log: silentLog,
    });
  }

  /** Waits until everything up to an index is written down. */
  async reaches(index: number): Promise<void> {
    await until(`the history reaches ${index}`, 30_000, () => {
      if (this.#failure !== undefined) throw new Error(this.#failure);
      return this.history.committed >= index ? true : undefined;
    });
  }

  [Symbol.dispose](): void {
    this.#follower.stop();
    for (const channel of this.#channels) channel.close();
  }

  #reach(index: number): void {
    this.#position = { ...this.#position, index: Math.max(this.#position.index, index) };
    this.history.reach(index);
  }
}
