import { decodeToken, MeridianError, type Watch, type WatchEvent } from "@meridian/client";
import { CommittedHistory } from "../../watch-model/committed-history.ts";
import type { Step, WatchLog } from "../../watch-model/watch-log.ts";
import { WatchModel } from "../../watch-model/watch-model.ts";
import type { Chronicle } from "./chronicle.ts";
import type { ClientProcess } from "./client-process.ts";
import type { ClusterHistory } from "./cluster-history.ts";
import type { Counter } from "./counter.ts";
import { BrokenPromise, must } from "./failure.ts";
import { ownerOf } from "./registers.ts";

/** Ends that a watch may come to by itself: who wants to go on reads again, then watches. */
const honest = new Set(["COMPACTED", "OVERLOADED", "SESSION_EXPIRED", "DEADLINE"]);
const retryMs = 500;

/** One change as a watch tells of it. */
interface Told {
  readonly index: number;
  readonly kind: string;
  readonly path: string;
  readonly text: string;
}

/** Watches one subtree for as long as it is let, and holds each event against its owner's log. */
export class Watcher {
  readonly #process: ClientProcess;
  readonly #path: string;
  readonly #consistency: "regional" | "eventual" | "strict";
  readonly #history: ClusterHistory;
  readonly #counter: Counter;
  #watch: Watch | undefined;
  /** Everything of the owner up to here has been told or was before the beginning. */
  #reached = 0;
  /** Changes of the next index that have been told already. */
  #within = 0;
  /** In the midst of a snapshot that a mirror took over: only the last word on each path comes. */
  #isSeeding = false;
  /** Index of the last write that was told of each path; 0: it was deleted. */
  readonly #told = new Map<string, number>();
  /** What the caller saw of it, for the model; parts of snapshots have no place in it. */
  readonly #steps: Step[] = [];
  #isOver = false;

  constructor(
    process: ClientProcess,
    path: string,
    consistency: "regional" | "eventual" | "strict",
    chronicle: Chronicle,
    counter: Counter,
  ) {
    this.#process = process;
    this.#path = path;
    this.#consistency = consistency;
    this.#history = chronicle.of(ownerOf(path));
    this.#counter = counter;
  }

  /** Watches until `end`, again and again if need be. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#follow();
      } catch (error) {
        if (!(error instanceof MeridianError)) throw error;
        must(honest.has(error.code), () => `${this.#name} ended with ${error.message}`);
        this.#counter.count(`watchEnds:${error.code}`);
        await this.#process.runtime.pause(retryMs);
      }
    }
  }

  /** Ends the watch. */
  end(): void {
    this.#isOver = true;
    this.#watch?.close();
  }

  /** Everything that the owner has committed has been told. */
  get isLevel(): boolean {
    if (this.#watch === undefined) return false;
    return this.#next() === undefined || (this.#isSeeding && this.#hasLastWords);
  }

  /** Of everything that was to come, at least how it ended was told. */
  get #hasLastWords(): boolean {
    const { newestIndex } = this.#history;
    const changes = this.#history
      .between(this.#reached, newestIndex)
      .flatMap((entry) => entry.changes)
      .filter(({ path }) => path.startsWith(`${this.#path}/`));
    return changes.every(({ path }) => {
      const last = this.#history.latest(path, newestIndex);
      const index = last?.kind === "deleted" ? 0 : last?.index;
      return (this.#told.get(path) ?? 0) === index;
    });
  }

  /**
   * Holds all that the caller saw against the owner's history.
   * @throws {BrokenPromise} for the first promise of the watch model that was not kept.
   */
  check(): void {
    if (this.#watch !== undefined && !this.#isSeeding) {
      this.#steps.push({ kind: "progress", reached: this.#indexOf(this.#watch.token) });
    }
    const history = new CommittedHistory(0);
    for (const { index, changes } of this.#history.entries) {
      const texts = changes.map(({ kind, path, data }) => {
        return { kind, path, data: Buffer.from(data).toString("latin1") };
      });
      history.add({ index, changes: texts });
    }
    history.reach(this.#history.newestIndex);
    const log: WatchLog = {
      name: this.#name,
      path: this.#path,
      watch: "persistent-recursive",
      withData: true,
      isWhole: false,
      steps: this.#steps,
    };
    const [breach] = WatchModel.breachesOf(log, history);
    if (breach !== undefined) throw new BrokenPromise(`${breach.text} (${breach.property})`);
    const { events } = WatchModel.exerciseOf(log, history);
    this.#counter.count(`watchEvents:${this.#consistency}`, events);
  }

  /** What is missing. */
  get lack(): string {
    return `${this.#name} has not been told of ${JSON.stringify(this.#next())}`;
  }

  get #name(): string {
    return `the ${this.#consistency} watch of ${this.#path} by ${this.#process.name}`;
  }

  async #follow(): Promise<void> {
    const { client } = this.#process;
    this.#watch = undefined;
    const watch = client.watch(this.#path, { recursive: true, consistency: this.#consistency });
    this.#isSeeding = false;
    await watch.ready;
    this.#begin(watch);
    for await (const event of watch) this.#onEvent(event);
  }

  #begin(watch: Watch): void {
    this.#watch = watch;
    if (this.#isOver) watch.close();
    const { cluster } = this.#history;
    const start = decodeToken(watch.token).find((position) => position.cluster === cluster);
    this.#reached = start?.index ?? 0;
    this.#within = 0;
    this.#steps.push({ kind: "began", index: this.#reached });
    this.#counter.count("watches");
  }

  /** The next change that has to be told, and where it is. */
  #next(): Told | undefined {
    const last = this.#history.newestIndex;
    for (const { index, changes } of this.#history.between(this.#reached, last)) {
      const concerned = changes.filter(({ path }) => path.startsWith(`${this.#path}/`));
      const change = concerned[this.#within];
      if (change === undefined) {
        this.#reached = index;
        this.#within = 0;
        continue;
      }
      const { kind, path, data } = change;
      const text = kind === "deleted" ? "" : Buffer.from(data).toString("latin1");
      return { index, kind, path, text };
    }
    return undefined;
  }

  #onEvent(event: WatchEvent): void {
    const { position, stat, path, kind } = event;
    if (path === this.#path) return;
    if (position === undefined) throw new BrokenPromise(`${this.#name}: an event of no position`);
    this.#counter.count("watchEvents");
    const { index } = position;
    this.#told.set(path, stat?.mzxid ?? 0);
    const isOfSnapshot = index === 0 || (stat !== undefined && stat.mzxid !== index);
    if (isOfSnapshot || (this.#isSeeding && this.#isElsewhere(index))) {
      this.#isSeeding = index === 0;
      this.#counter.count("watchSeeds");
      // What came before it is told; the rest of this index may follow.
      if (index > 0) {
        [this.#reached, this.#within] = [isOfSnapshot ? index : index - 1, 0];
        this.#steps.push({ kind: "began", index: this.#reached });
      }
      if (isOfSnapshot) return;
    }
    this.#isSeeding = false;
    const text = event.data === undefined ? "" : Buffer.from(event.data).toString("latin1");
    const got = JSON.stringify({ index, kind, path, text });
    const wanted = JSON.stringify(this.#next());
    must(got === wanted, () => `${this.#name} told of ${got} where ${wanted} comes next`);
    this.#within += 1;
    const data = kind === "deleted" ? undefined : text;
    const reached = this.#indexOf(event.token);
    this.#steps.push({ kind: "events", events: [{ kind, path, index, data }], reached });
  }

  #indexOf(token: string): number {
    const { cluster } = this.#history;
    return decodeToken(token).find((position) => position.cluster === cluster)?.index ?? 0;
  }

  #isElsewhere(index: number): boolean {
    return this.#next()?.index !== index;
  }
}
