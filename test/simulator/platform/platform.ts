import type { Replica } from "@meridian/replica";
import { randomOf } from "@meridian/replica/harness";
import type { PeerFrame } from "@meridian/transport";
import type { Counts, Scenario, Trace } from "../scenario.ts";
import { Chronicle } from "./chronicle.ts";
import { Counter } from "./counter.ts";
import { type Deed, drawDeeds, endFaults, type Target } from "./faults.ts";
import { checkConvergence, isLevel, lackOf } from "./convergence.ts";
import { must } from "./failure.ts";
import { drawShape } from "./shape.ts";
import { Tiers } from "./tiers.ts";
import { Work } from "./work.ts";

/** Virtual time for which faults happen, and within which all must be well afterwards. */
const safetyMs = 14_000;
const livenessMs = 40_000;
const stepMs = 250;

/** Global tier, five regions, edges and clients, under everything that can happen to them. */
export const platform: Scenario = {
  name: "platform",
  description: "global tier, five regions, edges and clients; regions are lost and cut off",
  run: async (seed, trace) => await new Run(seed, trace).run(),
  required: {
    primaryLosses: 0.3,
    regionCuts: 0.2,
    oneWayCuts: 0.1,
    failovers: 0.2,
    memberStops: 0.05,
    rebuilds: 0.02,
    forwardedWrites: 0.5,
    mirrored: 0.95,
    mirrorResumes: 0.4,
    mirrorSeeds: 0.95,
    snapshotInstalls: 0.05,
    edgeLosses: 0.1,
    watchEvents: 0.9,
    "watchEvents:strict": 0.3,
    "watchEvents:regional": 0.3,
    "watchEvents:eventual": 0.3,
    locks: 0.7,
    streamed: 0.9,
    streamsHandedOver: 0.5,
    tokensShared: 0.5,
    oldReads: 0.3,
    soundWrites: 0.3,
    relayedEntries: 0.8,
  },
};

class Run {
  readonly #trace: Trace;
  readonly #counter = new Counter();
  readonly #tiers: Tiers;
  readonly #work: Work;
  /** Cluster that each edge follows. */
  readonly #edges = new Map<string, string>();
  /** Leader of each term of each cluster: there is one at most. */
  readonly #leaders = new Map<string, string>();
  #globalGroup = "";

  constructor(seed: number, trace: Trace) {
    this.#trace = trace;
    const shape = drawShape(randomOf(seed ^ 0x5eed));
    trace.setup(JSON.stringify({ ...shape, delaysMs: [...shape.delaysMs] }));
    const chronicle = new Chronicle(this.#counter, () => this.#nowMs);
    this.#tiers = new Tiers(
      seed,
      shape,
      (options, part) => {
        chronicle.watch(options, part);
        this.#watchLeaders(options.place.node, options.place.cluster, part.member.replica);
      },
      (node, frame) => this.#countRelayed(node, frame),
    );
    this.#work = new Work(this.#tiers, chronicle, this.#counter);
  }

  async run(): Promise<Counts> {
    const tiers = this.#tiers;
    await tiers.start();
    await this.#work.start({
      ended: (client, what, outcome, tookMs) => {
        this.#tell(`${client} ${what}: ${outcome} after ${tookMs.toFixed(0)} ms`);
      },
    });
    const { scene } = tiers;
    const target: Target = {
      tiers,
      processes: this.#work.processes,
      counter: this.#counter,
      chance: scene.random,
      damaged: new Set(),
    };
    const deeds = drawDeeds(target, this.#nowMs, safetyMs);
    const untilMs = this.#nowMs + safetyMs;
    for (const deed of deeds) await this.#do(deed, untilMs);
    await this.#runUntil(untilMs);
    this.#tell("faults end");
    await endFaults(target);
    await this.#converge();
    this.#work.close();
    await this.#until(
      () => this.#work.isIdle,
      () => "clients close",
    );
    return this.#counter.all;
  }

  get #nowMs(): number {
    return this.#tiers.scene.clock.nowMs();
  }

  async #do(deed: Deed, untilMs: number): Promise<void> {
    if (deed.atMs >= untilMs) return;
    await this.#runUntil(deed.atMs);
    this.#tell(deed.text);
    await deed.run();
  }

  async #runUntil(atMs: number): Promise<void> {
    const { scene } = this.#tiers;
    while (this.#nowMs < atMs) {
      await scene.run(Math.min(stepMs, atMs - this.#nowMs));
      await this.#look();
    }
  }

  /** With all faults gone everything must work, and come to agree, within bounds. */
  async #converge(): Promise<void> {
    const { scene } = this.#tiers;
    const work = this.#work;
    await scene.run(500);
    work.finish();
    await this.#until(
      () => work.busy === 0,
      () => "operations end",
    );
    await this.#until(
      () => this.#tiers.isUp,
      () => "the platform is up again",
    );
    await scene.clock.settled(work.probe());
    await this.#until(
      () => isLevel(this.#tiers, work),
      () => lackOf(this.#tiers, work),
    );
    checkConvergence(this.#tiers, work);
    work.chronicle.settle();
    work.registers.check();
    work.eventual.check();
    work.sessions.check();
    for (const watcher of work.watchers) watcher.check();
  }

  /** What has been found meanwhile, and what had to end by itself. */
  async #look(): Promise<void> {
    if (this.#work.failure !== undefined) throw this.#work.failure;
    const ended = await this.#tiers.tend();
    if (ended > 0) this.#counter.count("memberEnds", ended);
    for (const node of this.#tiers.edgeNames) {
      const cluster = this.#tiers.edge(node)?.place.cluster ?? this.#tiers.regionOf(node);
      const before = this.#edges.get(node) ?? this.#tiers.regionOf(node);
      if (cluster !== before) this.#counter.count("edgeFailovers");
      this.#edges.set(node, cluster);
    }
  }

  async #until(holds: () => boolean, what: () => string): Promise<void> {
    const endMs = this.#nowMs + livenessMs;
    while (!holds()) {
      await this.#look();
      if (this.#nowMs >= endMs) throw new Error(`not within ${livenessMs} ms: ${what()}`);
      await this.#tiers.scene.run(stepMs);
    }
  }

  /** What a member sends on for another is counted: without it a run says nothing of relays. */
  #countRelayed(node: string, { messages }: PeerFrame): void {
    for (const message of messages) {
      if (message.type !== "append" || message.from === node) continue;
      this.#counter.count("relayedEntries", message.entries.length);
    }
  }

  #watchLeaders(node: string, cluster: string, replica: Replica): void {
    replica.listen({
      onSoftState: ({ role, term }) => {
        if (role !== "leader") return;
        const key = `${cluster} ${term}`;
        const known = this.#leaders.get(key);
        must(known === undefined || known === node, () => {
          return `${known} and ${node} both lead ${cluster} in term ${term}`;
        });
        if (known !== undefined) return;
        this.#leaders.set(key, node);
        this.#tell(`${node} leads ${cluster} in term ${term}`);
        this.#counter.count("leaderChanges");
        const group = node.split("-")[0] ?? "";
        if (cluster !== "global" || group === "witness") return;
        if (this.#globalGroup !== "" && this.#globalGroup !== group) {
          this.#counter.count("failovers");
        }
        this.#globalGroup = group;
      },
    });
  }

  #tell(text: string): void {
    this.#trace.event(`${this.#nowMs.toFixed(3)} ${text}`);
  }
}
