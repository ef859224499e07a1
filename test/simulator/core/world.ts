import {
  type Flakiness,
  flakyPeers,
  type Group,
  type GroupOptions,
  type GroupPlan,
  Links,
  Scene,
  standIn,
  type VotersPlan,
} from "@meridian/replica/harness";
import { type CrashOutcome, StorageError } from "@meridian/storage";
import type { PeerFrame, PeerTransport } from "@meridian/transport";
import type { Trace } from "../scenario.ts";
import { Damages } from "./damages.ts";
import { Ledger } from "./ledger.ts";
import type { Setup } from "./setup.ts";

/** How a node is; "gone" is for good. */
export type Standing = "up" | "down" | "paused" | "gone";

/** The group that a world is about. */
export interface Stage {
  readonly plan: GroupPlan;
  readonly options: Pick<GroupOptions, "timing"> & Partial<Pick<GroupOptions, "make">>;
  /** Below this path lies everything that clients touch. */
  readonly root: string;
  /** Between two nodes; 1 ms by default. */
  delayMs?(from: string, to: string): number;
}

/** Something that is to be done later by whoever drives the run. */
interface Due {
  readonly atMs: number;
  readonly task: () => Promise<void> | void;
}

/** Real time is no matter here: a run of so many callbacks goes round in circles. */
const stepsMax = 3_000_000;

/** A group under trouble: its nodes, the links between them, and what is to be undone when. */
export class World {
  readonly setup: Setup;
  readonly stage: Stage;
  readonly scene: Scene;
  readonly ledger: Ledger;
  readonly links: Links;
  readonly flakiness: Flakiness = { lost: 0, doubled: 0, late: 0, lateMsMax: 100 };
  /** How often what happened. */
  readonly counts = new Map<string, number>();
  readonly damages: Damages = new Damages(this);
  /** Changes of members that are asked for and not answered. */
  changing = 0;
  /** Addresses of clients. */
  readonly clients: string[] = [];
  readonly #random: () => number;
  readonly #standings = new Map<string, Standing>();
  /** Nodes that crash with their next write. */
  readonly #armed = new Set<string>();
  /** Nodes that may give up: their disk was broken. */
  readonly #excused = new Set<string>();
  readonly #newcomers: string[] = [];
  #dues: Due[] = [];
  #group: Group | undefined;

  constructor(seed: number, setup: Setup, stage: Stage, random: () => number, trace: Trace) {
    this.setup = setup;
    this.stage = stage;
    this.#random = random;
    this.scene = new Scene(seed, [stage.plan]);
    this.links = new Links(this.scene, (name) => this.addressOf(name));
    this.ledger = new Ledger(trace, () => this.nowMs);
  }

  get nowMs(): number {
    return this.scene.clock.nowMs();
  }

  get group(): Group {
    if (this.#group === undefined) throw new Error("the group has not started");
    return this.#group;
  }

  /** All nodes, members or not. */
  get names(): readonly string[] {
    return [...this.group.names, ...this.#newcomers];
  }

  /** Where a node or client is. */
  addressOf(name: string): string {
    return this.#newcomers.includes(name) ? `${name}:7400` : name;
  }

  /** A node keeps the log and no state. */
  isWitness(name: string): boolean {
    return this.votersPlans.some(
      (plan) => plan.witness === true && name.startsWith(`${plan.name}-`),
    );
  }

  /** Time that what is sent from one node to another takes when nothing is wrong. */
  delayMs(from: string, to: string): number {
    return this.stage.delayMs?.(from, to) ?? 1;
  }

  /** Starts the group. */
  async start(): Promise<void> {
    const { setup, stage, scene, ledger } = this;
    const { snapshotEntries, keptEntries } = setup;
    this.#group = await scene.group(stage.plan, {
      limits: { snapshotEntries, keptEntries },
      ...stage.options,
      hooks: {
        storage: (name, storage) => ledger.watchStorage(name, storage),
        peers: (name, peers) =>
          flakyPeers(this.#counted(name, peers), {
            flakiness: this.flakiness,
            clock: scene.clock,
            random: this.#random,
            noted: (mishap) => this.count(`message ${mishap}`),
          }),
        clockRate: () => 1 + (this.#random() * 2 - 1) * setup.drift,
        writing: (name) => this.#onWriting(name),
        booted: (name, life) => {
          this.#standings.set(name, "up");
          ledger.watchLife(name, life, this.isWitness(name));
        },
        fatal: (name, error) => this.#onFatal(name, error),
      },
    });
    for (const name of this.names) this.#settleIn(name);
  }

  /** Counts entries that a member hands on for another. */
  #counted(name: string, peers: PeerTransport): PeerTransport {
    const send = (to: string, frame: PeerFrame): void => {
      for (const message of frame.messages) {
        if (message.type !== "append" || message.from === name) continue;
        this.count("entry relayed", message.entries.length);
      }
      peers.send(to, frame);
    };
    return standIn(peers, { send });
  }

  /** A node is as far from the others as the stage says. */
  #settleIn(name: string): void {
    for (const other of this.names) {
      this.links.delay(name, other, this.delayMs(name, other));
      this.links.delay(other, name, this.delayMs(other, name));
    }
  }

  count(kind: string, by: number = 1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + by);
  }

  chance(of: number): boolean {
    return this.#random() < of;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  standing(name: string): Standing {
    return this.#standings.get(name) ?? "down";
  }

  namesOf(standing: Standing): readonly string[] {
    return this.names.filter((name) => this.standing(name) === standing);
  }

  /** The groups of a hierarchical quorum; otherwise the one that there is. */
  get votersPlans(): readonly VotersPlan[] {
    const { groups, voters, cluster } = this.stage.plan;
    return groups ?? [{ name: "voters", region: cluster, voters }];
  }

  /** Starts a node that is in no configuration yet, next to the voters of a group. */
  async welcome({ name: group, region, witness }: VotersPlan): Promise<string> {
    const { cluster } = this.stage.plan;
    const name = `${group}-s${this.#newcomers.length + 1}`;
    const role = cluster === "global" ? "global-voter" : "regional-voter";
    this.#newcomers.push(name);
    this.group.welcome({
      node: name,
      address: this.addressOf(name),
      addressFrom: {},
      region,
      cluster,
      group,
      role: witness === true ? "witness" : role,
    });
    this.#settleIn(name);
    await this.boot(name);
    return name;
  }

  /** A node that runs: the leader half of the time, as most depends on it. */
  victim(): string | undefined {
    const up = this.namesOf("up");
    const leader = this.group.leader?.place.node;
    if (leader !== undefined && up.includes(leader) && this.chance(0.5)) return leader;
    return this.pick(up);
  }

  /** Does something later. */
  later(delayMs: number, task: Due["task"]): void {
    this.#dues.push({ atMs: this.nowMs + delayMs, task });
  }

  /** Lets time pass and does what is due meanwhile. @throws {Error} a contradiction. */
  async drive(forMs: number): Promise<void> {
    const untilMs = this.nowMs + forMs;
    while (this.nowMs < untilMs) {
      const next = Math.min(untilMs, this.nowMs + 100, ...this.#dues.map(({ atMs }) => atMs));
      await this.scene.run(Math.max(0, next - this.nowMs));
      this.ledger.check();
      if (this.scene.clock.steps > stepsMax) throw new Error("too much happens in this seed");
      await this.#doDue(this.nowMs);
    }
  }

  /** Does everything at once that is due at any time, until nothing is. */
  async undoAll(): Promise<void> {
    this.#armed.clear();
    while (this.#dues.length > 0) await this.#doDue(Infinity);
  }

  /** Ends a node; it comes back after a while. */
  crash(name: string, keepUnsynced: number, downMs: number): void {
    if (!this.runs(name)) return;
    const { batchesLost, torn, filesLost, filesTorn } = this.#end(name, keepUnsynced);
    if (torn || filesTorn.length > 0) this.count("torn tail");
    if (batchesLost + filesLost.length > 0) this.count("unsynced write lost");
    this.ledger.note(`${name} crashes: ${batchesLost} batches, ${filesLost.length} files lost`);
    this.later(downMs, () => this.boot(name));
  }

  /** A process is there, stopped or not. */
  runs(name: string): boolean {
    const standing = this.standing(name);
    return standing === "up" || standing === "paused";
  }

  /** A node never comes back. */
  bury(name: string): void {
    this.ledger.note(`${name} is gone for good`);
    if (this.runs(name)) this.#end(name, 1);
    this.#standings.set(name, "gone");
  }

  /** The next write of a node is its last: it crashes before that is durable. */
  arm(name: string): void {
    this.#armed.add(name);
  }

  /** Until it starts again, a node may give up: something that it needs was broken. */
  expectFatal(name: string): void {
    this.#excused.add(name);
  }

  /** Starts a node that is down. */
  async boot(name: string): Promise<void> {
    if (this.standing(name) !== "down") return;
    if (!this.group.isTroubled(name)) this.#excused.delete(name);
    this.group.fatal.delete(name);
    try {
      await this.group.boot(name);
      this.damages.booted(name);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.ledger.note(`${name} cannot start: ${error.message}`);
      if (this.damages.cannotStart(name, error)) return this.bury(name);
      if (!this.#excused.has(name)) throw error;
      this.count("start failed");
      this.later(300, () => this.boot(name));
    }
  }

  /** Stops a node as SIGSTOP does: nobody hears of it, and it does nothing. */
  pause(name: string, forMs: number): void {
    if (this.standing(name) !== "up") return;
    this.ledger.note(`${name} is paused`);
    this.#standings.set(name, "paused");
    this.group.life(name).clock.pause();
    this.links.part(`pause of ${name}`, [name], [...this.names, ...this.clients]);
    this.later(forMs, () => this.resume(name));
  }

  resume(name: string): void {
    if (this.standing(name) !== "paused") return;
    this.ledger.note(`${name} goes on`);
    this.#standings.set(name, "up");
    this.group.life(name).clock.resume();
    // Its clients may be nearer than its peers: it must not take its word for the group's.
    const reason = `pause of ${name}`;
    this.links.mend(reason, (from, to) => !this.names.includes(from) || !this.names.includes(to));
    this.later(this.chance(0.5) ? 0 : this.below(400), () => {
      if (this.standing(name) !== "paused") this.links.mend(reason);
    });
  }

  #end(name: string, keepUnsynced: number): CrashOutcome {
    this.damages.remember(name);
    if (this.standing(name) === "paused") this.links.mend(`pause of ${name}`);
    this.#standings.set(name, "down");
    this.#armed.delete(name);
    return this.group.crash(name, keepUnsynced);
  }

  #onWriting(name: string): void {
    if (!this.#armed.delete(name)) return;
    const { keepUnsynced } = this.setup;
    this.scene.clock.after(0, () => this.crash(name, keepUnsynced, 100 + this.below(1_500)));
  }

  /** Its process ends; what it wrote stays, as the machine goes on. */
  #onFatal(name: string, error: Error): void {
    this.ledger.note(`${name} gives up: ${error.message}`);
    const told = this.damages.gaveUp(name, error);
    if (told === "unknown" && !this.#excused.has(name)) {
      this.ledger.violate(`${name} gave up: ${error.stack}`);
    }
    this.count("process ended");
    this.scene.clock.after(0, () => {
      if (told === "for good") return this.bury(name);
      if (!this.runs(name)) return;
      this.#end(name, 1);
      this.later(500 + this.below(1_000), () => this.boot(name));
    });
  }

  async #doDue(upToMs: number): Promise<void> {
    const due = this.#dues.filter(({ atMs }) => atMs <= upToMs).sort((a, b) => a.atMs - b.atMs);
    this.#dues = this.#dues.filter(({ atMs }) => atMs > upToMs);
    for (const { task } of due) await task();
  }
}
