import { ChangeFollower, silentLog } from "@meridian/replica";
import { NodeClock } from "@meridian/replica/harness";
import { type ITransaction } from "@meridian/wire";
import type { Chronicle } from "./chronicle.ts";
import type { Entry } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";
import type { Tiers } from "./tiers.ts";

/** Follows the change stream of a region, as users do, and holds it against all histories. */
export class StreamReader {
  readonly #cluster: string;
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  readonly #follower: ChangeFollower;
  /** Place in the history of the region that is followed. */
  #position = { incarnation: 0, index: 0 };
  /** Index of the last entry of each origin; unset: the next one says where the stream is. */
  readonly #reached = new Map<string, number>();

  constructor(
    tiers: Tiers,
    address: string,
    cluster: string,
    chronicle: Chronicle,
    counter: Counter,
  ) {
    const { scene } = tiers;
    this.#cluster = cluster;
    this.#chronicle = chronicle;
    this.#counter = counter;
    const follow = scene.follow(address);
    this.#follower = new ChangeFollower({
      consumer: address,
      region: tiers.regionOf(address),
      ownOnly: false,
      producers: tiers.group(cluster).names.map(follow),
      from: () => ({ cluster, ...this.#position }),
      onSeed: (seed, costBytes) => {
        this.#reached.clear();
        this.#counter.count("streamSeeds");
        if (seed.last) this.#position = { incarnation: seed.incarnation, index: seed.index };
        this.#follower.credit(costBytes);
      },
      onTransactions: (transactions, costBytes, to) => {
        for (const transaction of transactions) this.#take(transaction);
        this.#position = { ...this.#position, index: to };
        this.#follower.credit(costBytes);
      },
      onBookmark: ({ position }) => {
        if (position === undefined || this.#position.index === 0) return;
        const { incarnation, index } = position;
        must(index >= this.#position.index, () => `the stream of ${cluster} went back`);
        this.#position = { incarnation, index };
      },
      clock: new NodeClock(scene.clock, 0),
      random: scene.random,
      log: silentLog,
    });
  }

  /** Everything that the region itself has committed has come. */
  get isLevel(): boolean {
    const last = this.#chronicle.of(this.#cluster).entries.at(-1)?.index ?? 0;
    return this.#position.index >= last;
  }

  stop(): void {
    this.#follower.stop();
  }

  #take(transaction: ITransaction): void {
    const { origin, index, changes } = transaction;
    const history = this.#chronicle.of(origin);
    const prefix = origin === "global" ? "/global/" : `/regions/${origin}/`;
    const concerned = changes.filter(({ path }) => path.startsWith(prefix));
    if (concerned.length === 0) return;
    const entry = history.entry(index);
    const isWhole = concerned.every(({ stat }) => stat?.mzxid === index);
    if (!isWhole || entry === undefined) {
      // A part of a snapshot that the region took over: it goes on from there.
      this.#reached.delete(origin);
      must(origin !== this.#cluster, () => `${this.#cluster} has no entry ${index}`);
      return;
    }
    this.#follows(entry, origin);
    const got = concerned.map(({ path }) => path).join();
    const wanted = entry.changes.map(({ path }) => path).join();
    must(got === wanted, () => `${this.#cluster} sent ${got} as ${origin} ${index}: ${wanted}`);
    this.#reached.set(origin, index);
    this.#counter.count("streamed");
  }

  #follows({ index }: Entry, origin: string): void {
    const before = this.#reached.get(origin);
    if (before === undefined) return;
    const next = this.#chronicle.of(origin).between(before, index)[0];
    must(next?.index === index, () => {
      const told = `the stream of ${this.#cluster} brought entry ${index} of ${origin}`;
      return `${told} after ${before}, where ${next?.index} comes next`;
    });
  }
}
