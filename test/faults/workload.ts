import { setTimeout as sleep } from "node:timers/promises";

import type { Meridian } from "@meridian/client";

import { Random } from "../linearizability/support/random.ts";
import { Counter } from "./counter.ts";
import { GrowingSet } from "./growing-set.ts";
import { LockBook } from "./lock-book.ts";
import type { Pulse } from "./pulse.ts";
import type { Recorder } from "./recorder.ts";
import { RegisterClient, prepareRegister } from "./register-client.ts";
import { writtenRegions } from "./schedule.ts";

/** A client and where it is. */
export interface Caller {
  readonly region: string;
  readonly client: Meridian;
}

/** What a workload needs. */
export interface WorkloadOptions {
  readonly callers: readonly Caller[];
  /** Clients with short sessions, for locks only: what ends with a session ends often. */
  readonly lockers: readonly Caller[];
  readonly recorder: Recorder;
  /** The history of the locks: another model, another file. */
  readonly locks: Recorder;
  /** Acknowledged strict writes. */
  readonly strict: Pulse;
  readonly seed: number;
}

/** What is kept in one place: a zone, and the folder in it. */
interface Site {
  readonly name: string;
  readonly folder: string;
}

/** Registers of each site: few, so that many share each. */
const registersPerSite = 3;

/** Between the beginnings of two operations of one process, on average. */
const paceMs = 250;

/** Longest time for which somebody holds a lock. */
const holdMsMax = 300;

/** Operations on the strict zone and on regional ones, by many processes at once. */
export class Workload {
  readonly counters: readonly Counter[];
  readonly sets: readonly GrowingSet[];
  readonly keys: readonly string[];
  readonly #options: WorkloadOptions;
  readonly #books: readonly LockBook[];
  readonly #random: Random;
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.counters = sites.map((site) => new Counter(`${site.folder}/counter`));
    this.sets = sites.map((site) => new GrowingSet(`${site.folder}/set`));
    this.#books = sites.map(
      ({ folder }) => new LockBook(`${folder}/lock`, options.locks, holdMsMax),
    );
    this.keys = sites.flatMap((site) => keysOf(site));
  }

  /** Makes what is worked on, and begins. */
  async start(): Promise<void> {
    const [first] = this.#options.callers;
    if (first === undefined) throw new Error("a workload needs a caller");
    await Promise.all([
      ...this.keys.map((key) => prepareRegister(first.client, key)),
      ...this.counters.map((counter) => counter.prepare(first.client)),
      ...this.sets.map((set) => set.prepare(first.client)),
    ]);
    const { callers, lockers } = this.#options;
    this.#running = Promise.all([
      ...callers.flatMap((caller) => this.#workers(caller)),
      ...lockers.flatMap((locker) => this.#lockers(locker)),
    ]);
    // It is waited for at the end; a failure before that must not end the process unseen.
    this.#running.catch(() => {});
  }

  /**
   * Lets what is under way end, and begins nothing more.
   * @throws whatever ended a worker that was no error of the platform.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  #workers({ region, client }: Caller): Promise<void>[] {
    const { recorder } = this.#options;
    // The regions that own no data here work on that of others, from far away.
    const own = sites.filter(({ name }) => name === region);
    const far = sites.filter(({ name }) => name !== "global");
    const near = [strictSite, strictSite, own[0] ?? this.#random.pick(far)];
    return [
      ...near.map((site) => {
        const registers = new RegisterClient(client, recorder.process());
        return this.#repeat(site, () =>
          registers.any(this.#random.pick(keysOf(site)), this.#random),
        );
      }),
      ...this.counters.map((counter) =>
        this.#repeat(siteOf(counter.path), () => counter.increment(client, recorder)),
      ),
      ...this.sets.map((set) => this.#repeat(siteOf(set.path), () => set.add(client, recorder))),
    ];
  }

  #lockers({ client }: Caller): Promise<void>[] {
    return this.#books.map((book) =>
      this.#repeat(siteOf(book.path), async () => {
        await book.visit(client, this.#random);
        return false;
      }),
    );
  }

  async #repeat({ name }: Site, work: () => Promise<boolean>): Promise<void> {
    while (!this.#isStopped) {
      const startedMs = performance.now();
      const isWritten = await work();
      if (isWritten && name === strictSite.name) this.#options.strict.beat(performance.now());
      const restMs = paceMs * (0.5 + this.#random.next()) - (performance.now() - startedMs);
      await sleep(Math.max(0, restMs));
    }
  }
}

const strictSite: Site = { name: "global", folder: "/global/faults" };

const sites: readonly Site[] = [
  strictSite,
  ...writtenRegions.map((region) => ({ name: region, folder: `/regions/${region}/faults` })),
];

function siteOf(path: string): Site {
  return sites.find(({ folder }) => path.startsWith(`${folder}/`)) ?? strictSite;
}

function keysOf({ folder }: Site): readonly string[] {
  return Array.from({ length: registersPerSite }, (_, index) => `${folder}/register-${index}`);
}
