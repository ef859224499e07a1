import { MeridianError } from "@meridian/client";
import type { Chronicle } from "./chronicle.ts";
import { ClientProcess, type OperationLog } from "./client-process.ts";
import type { Counter } from "./counter.ts";
import { EventualWork } from "./eventual.ts";
import { SessionWork } from "./locking.ts";
import { Registers } from "./registers.ts";
import { between, oneOf, regions } from "./shape.ts";
import { StreamReader } from "./stream-reader.ts";
import type { Tiers } from "./tiers.ts";
import { Watcher } from "./watching.ts";

const strictPaths = ["/global/r0", "/global/r1", "/global/r2"];

/** What one worker of a client does, again and again. */
type Task = (process: ClientProcess) => Promise<void>;

/** The clients of a platform: what they do, and what must be true of all that they are told. */
export class Work {
  readonly processes: ClientProcess[] = [];
  readonly chronicle: Chronicle;
  readonly registers: Registers;
  readonly eventual: EventualWork;
  readonly sessions: SessionWork;
  readonly watchers: Watcher[] = [];
  readonly streams: StreamReader[] = [];
  readonly #tiers: Tiers;
  readonly #counter: Counter;
  readonly #open = new Set<Promise<void>>();
  #busy = 0;
  #isOver = false;
  /** What a worker threw: the first one ends the run. */
  #failure: Error | undefined;

  constructor(tiers: Tiers, chronicle: Chronicle, counter: Counter) {
    this.#tiers = tiers;
    this.#counter = counter;
    this.chronicle = chronicle;
    this.registers = new Registers(chronicle, counter, {
      leaderOf: (cluster) => tiers.group(cluster).leader?.place.node,
      isSound: (region, forMs) => region !== "global" && tiers.isSound(region, forMs),
    });
    this.eventual = new EventualWork(chronicle, counter);
    this.sessions = new SessionWork(chronicle, counter);
  }

  /** Connects the clients, makes what they work on, and lets them work. */
  async start(log: OperationLog): Promise<void> {
    const { scene, shape } = this.#tiers;
    for (const [place, region] of shape.clients.entries()) {
      const name = `client-${place + 1}`;
      this.#tiers.join(name, region);
      const process = new ClientProcess(scene, name, region, log);
      const endpoints = [this.#tiers.group(region).names[0] ?? "", "primary-1"];
      await scene.clock.settled(process.connect(endpoints, between(scene.random, 3_000, 8_000)));
      this.processes.push(process);
    }
    await scene.clock.settled(this.#found());
    for (const process of this.processes) this.#employ(process);
    for (const process of this.processes.slice(0, 2)) this.#follow(process);
  }

  /** What a worker found to be broken. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Everything has ended that was begun. */
  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Workers that have not ended, without watchers. */
  get busy(): number {
    return this.#busy;
  }

  /** No more operations are begun; watches and streams go on. */
  finish(): void {
    this.#isOver = true;
  }

  /** Everything ends; give it time. */
  close(): void {
    for (const watcher of this.watchers) watcher.end();
    for (const stream of this.streams) stream.stop();
    for (const process of this.processes) this.#begin(process.client.close());
  }

  /** Does one thing with each client, and waits for all: they must be able to. */
  async probe(): Promise<void> {
    await Promise.all(this.processes.map((process) => this.#probe(process)));
  }

  async #probe({ name, region, client, runtime }: ClientProcess): Promise<void> {
    client.renew();
    for (const path of [`/global/probe-${name}`, `/regions/${region}/probe-${name}`]) {
      // A breaker may be open yet; operations begin to work again by themselves.
      for (;;) {
        try {
          await client.create(path, "1", { deadlineMs: 8_000 });
          break;
        } catch (error) {
          if (!(error instanceof MeridianError)) throw error;
          if (error.code === "NODE_EXISTS") break;
          // A client that was stopped just before hears of its end only now.
          if (error.code === "SESSION_EXPIRED") client.renew();
          await runtime.pause(500);
        }
      }
    }
  }

  async #found(): Promise<void> {
    const [process] = this.processes;
    if (process === undefined) throw new Error("there are no clients");
    const { client } = process;
    const nodes = [...strictPaths, "/global/locks", "/global/locks/a", "/global/present"];
    for (const region of regions) nodes.push(`/regions/${region}/r`, `/regions/${region}/present`);
    await Promise.all(nodes.map((path) => client.create(path, "0")));
  }

  /** Gives a client its workers. */
  #employ(process: ClientProcess): void {
    const { chance } = process;
    const tasks: readonly (readonly [number, number, Task])[] = [
      [1, 500, (by) => this.#strict(by)],
      [0.7, 700, (by) => this.#regional(by)],
      [0.8, 500, (by) => this.#near(by)],
      [0.6, 700, (by) => this.eventual.contend(by)],
      [0.5, 900, (by) => this.#counted(by)],
      [0.5, 600, (by) => this.sessions.lock(by)],
      [0.4, 3_000, (by) => this.sessions.present(by, oneOf(chance, presentZones))],
      [0.5, 2_500, (by) => this.#share(by)],
    ];
    for (const [share, pauseMs, task] of tasks) {
      if (chance() < share) this.#begin(this.#repeat(process, pauseMs, task));
    }
    if (chance() < 0.7) this.#watch(process);
  }

  async #repeat(process: ClientProcess, pauseMs: number, task: Task): Promise<void> {
    const { runtime } = process;
    this.#busy += 1;
    while (!this.#isOver) {
      await runtime.pause(between(process.chance, 1, 2 * pauseMs));
      if (this.#isOver) break;
      process.renew();
      await task(process);
    }
    this.#busy -= 1;
  }

  async #strict(process: ClientProcess): Promise<void> {
    const path = oneOf(process.chance, strictPaths);
    const dice = process.runtime.random();
    if (dice < 0.4) return await this.registers.write(process, path);
    const found = await this.registers.read(process, path);
    if (dice < 0.7 && found !== undefined) await this.registers.write(process, path, found);
  }

  async #regional(process: ClientProcess): Promise<void> {
    const region = process.runtime.random() < 0.7 ? process.region : oneOf(process.chance, regions);
    const path = `/regions/${region}/r`;
    if (process.runtime.random() < 0.6) return await this.registers.write(process, path);
    await this.registers.read(process, path);
  }

  async #near(process: ClientProcess): Promise<void> {
    const { chance } = process;
    const paths = [...strictPaths, ...regions.map((region) => `/regions/${region}/r`)];
    const consistency = oneOf(chance, ["regional", "eventual"] as const);
    const maxStalenessMs = chance() < 0.3 ? between(chance, 200, 3_000) : undefined;
    await this.registers.readNear(process, oneOf(chance, paths), consistency, maxStalenessMs);
  }

  async #counted(process: ClientProcess): Promise<void> {
    if (process.runtime.random() < 0.5) return await this.eventual.count(process);
    const paths = [...process.counted.keys()];
    if (paths.length > 0) await this.eventual.readCount(process, oneOf(process.chance, paths));
  }

  /** One client tells another what it has seen. */
  async #share(process: ClientProcess): Promise<void> {
    const other = oneOf(process.chance, this.processes);
    if (other === process) return;
    process.learnFrom(other);
    this.#counter.count("tokensShared");
    await this.#near(process);
  }

  #watch(process: ClientProcess): void {
    const { chance } = process;
    const path = chance() < 0.5 ? "/global" : `/regions/${oneOf(chance, regions)}`;
    const consistency = oneOf(chance, ["regional", "eventual", "strict"] as const);
    const watcher = new Watcher(process, path, consistency, this.chronicle, this.#counter);
    this.watchers.push(watcher);
    this.#begin(watcher.run());
  }

  #follow(process: ClientProcess): void {
    const cluster = oneOf(this.#tiers.scene.random, regions);
    const others = this.processes.filter((other) => other !== process);
    const readers = [process, ...others];
    const stream = new StreamReader(readers, cluster, this.chronicle, this.#counter);
    this.streams.push(stream);
    this.#begin(stream.run());
  }

  #begin(task: Promise<unknown>): void {
    const open = task.then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      },
    );
    this.#open.add(open);
    void open.then(() => this.#open.delete(open));
  }
}

const presentZones = ["/global/present", ...regions.map((region) => `/regions/${region}/present`)];
