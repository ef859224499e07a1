import { setTimeout as sleep } from "node:timers/promises";

import {
  connect,
  decodeToken,
  encodeToken,
  type Meridian,
  MeridianError,
  type Position,
  type Watch,
  type WatchEvent,
  type WatchKindName,
} from "@meridian/client";

import type { Step, WatchLog } from "../../watch-model/watch-log.ts";
import type { Cluster } from "./cluster.ts";
import { Proxies } from "./proxy.ts";

const region = "local";
const retryMs = 50;

/** What to watch. */
export interface Watched {
  readonly path: string;
  readonly kind: WatchKindName;
  readonly withData: boolean;
}

/**
 * Somebody who follows a path over connections that are cut: reads, watches from what the read has
 * shown, and begins again so when the watch says that it cannot go on. Writes down what it sees.
 */
export class RecordedWatch implements AsyncDisposable {
  readonly name: string;
  readonly proxies: Proxies;
  /** Codes that watches ended with. */
  readonly ends: string[] = [];
  readonly #client: Meridian;
  readonly #watched: Watched;
  readonly #steps: Step[] = [];
  #watch: Watch | undefined;
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  private constructor(client: Meridian, proxies: Proxies, watched: Watched) {
    this.name = `the ${watched.kind} watch of ${watched.path}`;
    this.#client = client;
    this.proxies = proxies;
    this.#watched = watched;
  }

  /** Resolves when its first watch runs. */
  static async start(cluster: Cluster, watched: Watched): Promise<RecordedWatch> {
    const endpoints = cluster.nodes.map(({ address }) => address);
    const proxies = await Proxies.before(endpoints);
    const { openChannel } = proxies;
    const client = await connect({ endpoints, region, openChannel });
    const one = new RecordedWatch(client, proxies, watched);
    await new Promise<void>((resolve, reject) => {
      one.#running = one.#run(resolve);
      one.#running.catch(reject);
    });
    return one;
  }

  /** What it saw. */
  get log(): WatchLog {
    const { path, kind: watch, withData } = this.#watched;
    return { name: this.name, path, watch, withData, isWhole: false, steps: this.#steps };
  }

  /** Index up to which it has been told everything; 0 while it begins. */
  get reached(): number {
    return this.#watch === undefined ? 0 : indexOf(this.#watch.token);
  }

  /** Ends it. @throws what it failed with. */
  async stop(): Promise<void> {
    if (!this.#isOver && this.#watch !== undefined) {
      this.#steps.push({ kind: "progress", reached: this.reached });
    }
    this.#isOver = true;
    this.#watch?.close();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#watch?.close();
    await this.#running.catch(() => {});
    await this.#client.close();
    await this.proxies[Symbol.asyncDispose]();
  }

  async #run(onReady: () => void): Promise<void> {
    while (!this.#isOver) {
      this.#watch = undefined;
      try {
        const position = await this.#read();
        await this.#follow(position, onReady);
      } catch (error) {
        if (!(error instanceof MeridianError)) throw error;
        if (this.#watch !== undefined || error.code === "COMPACTED") this.ends.push(error.code);
        await sleep(retryMs);
      }
    }
  }

  /** Where the cluster stands, as a read shows it. */
  async #read(): Promise<Position> {
    const { path } = this.#watched;
    const { receipt } = await this.#client.exists(path, { consistency: "regional" });
    return receipt.position;
  }

  /** Watches from where a read stands. */
  async #follow(position: Position, onReady: () => void): Promise<void> {
    const { path, kind, withData } = this.#watched;
    const watch = this.#client.watch(path, { kind, withData, from: encodeToken([position]) });
    this.#steps.push({ kind: "began", index: position.index });
    await watch.ready;
    this.#watch = watch;
    onReady();
    for await (const event of watch) this.#note(event);
  }

  #note(event: WatchEvent): void {
    const { kind, path, position, text, token } = event;
    const hasData = this.#watched.withData && (kind === "created" || kind === "changed");
    const told = { kind, path, index: position?.index ?? 0, data: hasData ? text : undefined };
    this.#steps.push({ kind: "events", events: [told], reached: indexOf(token) });
  }
}

function indexOf(token: string): number {
  return decodeToken(token).find(({ cluster }) => cluster === region)?.index ?? 0;
}
