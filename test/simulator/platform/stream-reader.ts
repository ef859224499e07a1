import { MeridianError, type Changes, type ChangesEvent } from "@meridian/client";
import type { TransactionEvent } from "@meridian/client";
import type { Chronicle } from "./chronicle.ts";
import type { ClientProcess } from "./client-process.ts";
import type { Entry } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { must } from "./failure.ts";
import { oneOf } from "./shape.ts";

/** Share of events after which somebody goes on from the token, perhaps in another region. */
const handOvers = 0.02;

/** Follows the change stream of a region, as users do, and holds it against all histories. */
export class StreamReader {
  readonly #processes: readonly ClientProcess[];
  readonly #cluster: string;
  readonly #chronicle: Chronicle;
  readonly #counter: Counter;
  #changes: Changes | undefined;
  /** Where to go on: token and place in the history of the region that is followed. */
  #from = "start";
  #index = 0;
  #isOver = false;
  /** Index of the last entry of each origin; unset: the next one says where the stream is. */
  readonly #reached = new Map<string, number>();

  constructor(
    processes: readonly ClientProcess[],
    cluster: string,
    chronicle: Chronicle,
    counter: Counter,
  ) {
    this.#processes = processes;
    this.#cluster = cluster;
    this.#chronicle = chronicle;
    this.#counter = counter;
  }

  /** Everything that the region itself has committed has come. */
  get isLevel(): boolean {
    const last = this.#chronicle.of(this.#cluster).entries.at(-1)?.index ?? 0;
    return this.#index >= last;
  }

  /** Reads until `stop`; the first process begins. */
  async run(): Promise<void> {
    let [process] = this.#processes;
    while (!this.#isOver && process !== undefined) {
      const { client, chance } = process;
      const from = this.#from === "" ? "start" : this.#from;
      const changes = client.changes({ from, cluster: this.#cluster, windowBytes: 1 << 16 });
      this.#changes = changes;
      await this.#read(changes, chance);
      changes.close();
      process = oneOf(chance, this.#processes);
      if (!this.#isOver) this.#counter.count("streamsHandedOver");
    }
  }

  /** Ends it. */
  stop(): void {
    this.#isOver = true;
    this.#changes?.close();
  }

  async #read(changes: Changes, chance: () => number): Promise<void> {
    try {
      for await (const event of changes) {
        this.#onEvent(event);
        this.#from = event.token;
        if (this.#isOver || chance() < handOvers) return;
      }
    } catch (error) {
      if (!(error instanceof MeridianError)) throw error;
      must(false, () => `the stream of ${this.#cluster} ended with ${error.message}`);
    }
  }

  #onEvent(event: ChangesEvent): void {
    if (event.kind === "snapshot") {
      this.#reached.clear();
      this.#index = 0;
      this.#counter.count("streamSeeds");
    }
    if (event.kind === "transaction") this.#take(event);
    const index = event.resumeFrom[0]?.index ?? 0;
    must(index === 0 || index >= this.#index, () => `the stream of ${this.#cluster} went back`);
    this.#index = index;
  }

  #take({ origin, position, changes }: TransactionEvent): void {
    const { index } = position;
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
