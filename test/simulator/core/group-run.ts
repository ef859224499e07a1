import { isJoint, membersOf } from "@meridian/consensus";
import { randomOf } from "@meridian/replica/harness";
import type { Counts, Trace } from "../scenario.ts";
import { Client, type Knowledge } from "./client.ts";
import type { Strike } from "./faults.ts";
import { changeMembers, release } from "./operator.ts";
import { describe, type Setup } from "./setup.ts";
import { Watcher, watchedPaths } from "./watcher.ts";
import { type Stage, World } from "./world.ts";

/** How long a majority without trouble may take until everything is answered and level. */
const convergenceMsMax = 60_000;
const stepMs = 20;

/** What is drawn of a run. */
export interface Cast {
  readonly setup: Setup;
  readonly stage: Stage;
  readonly strikes: Readonly<Record<string, Strike>>;
}

/** A group under trouble: first whatever the seed draws, then calm for a majority. */
export class GroupRun {
  readonly #world: World;
  readonly #strikes: Readonly<Record<string, Strike>>;
  readonly #random: () => number;
  readonly #knowledge: Knowledge = { index: 0 };
  readonly #clients: Client[] = [];
  readonly #watchers: Watcher[] = [];
  /** Nodes that are spared from now on. */
  #members: readonly string[] = [];
  /** Whom clients may turn to. */
  #targets: readonly string[] = [];

  constructor(seed: number, { setup, stage, strikes }: Cast, trace: Trace) {
    for (const line of describe({ ...stage.plan, ...setup, ...stage.options.timing })) {
      trace.setup(line);
    }
    this.#strikes = strikes;
    this.#random = randomOf(seed ^ 0x0ddba11);
    this.#world = new World(seed, setup, stage, this.#random, trace);
  }

  async run(): Promise<Counts> {
    const world = this.#world;
    await world.start();
    this.#targets = world.names;
    for (let number = 1; number <= world.setup.clients; number += 1) {
      this.#clients.push(new Client(world, number, this.#knowledge));
    }
    for (const watched of watchedPaths) this.#watchers.push(new Watcher(world, watched));
    for (const client of this.#clients) this.#live(client, world.setup.thinkMs);
    for (const watcher of this.#watchers) this.#live(watcher, world.setup.thinkMs);
    await world.drive(1_500);
    await this.#misfortune();
    await this.#recovery();
    return this.#counts();
  }

  /** The safety phase: whatever happens, nothing false is said. */
  async #misfortune(): Promise<void> {
    const world = this.#world;
    const { safetyMs, faultGapMs, faults, operated } = world.setup;
    const startMs = world.nowMs;
    const untilMs = startMs + safetyMs;
    while (world.nowMs < untilMs) {
      await world.drive(world.below(faultGapMs * 2));
      const kind = world.pick(faults);
      if (kind !== undefined) this.#strikes[kind]?.(world);
      if (operated && world.chance(0.4)) await changeMembers(world);
      const calm = world.ledger.leaderChanges === 1 && world.nowMs * 2 > untilMs + startMs;
      if (calm && world.chance(0.5)) this.#depose();
    }
  }

  /** A seed in which one node leads all the time shows little. */
  #depose(): void {
    const world = this.#world;
    const leader = world.group.leader?.place.node;
    if (leader !== undefined) world.crash(leader, world.setup.keepUnsynced, 1_000);
  }

  /** The liveness phase: faults end for a majority, which must get on. */
  async #recovery(): Promise<void> {
    const world = this.#world;
    const healed = this.#majority();
    const others = world.names.filter((name) => !healed.includes(name));
    world.ledger.note(`faults end for ${healed.join(" ")}`);
    await world.undoAll();
    world.links.mendAll();
    for (const name of others) {
      if (world.chance(0.5)) world.crash(name, world.setup.keepUnsynced, Infinity);
      else world.links.part("left behind", [name], [...world.names, ...world.clients]);
    }
    for (const client of this.#clients) client.rest();
    await this.#converge(healed);
    if (others.length > 0) {
      world.ledger.note("all come back");
      await world.undoAll();
      world.links.mendAll();
      await this.#converge(world.names);
    }
    for (const watcher of this.#watchers) watcher.check(world.ledger.committed);
    world.ledger.check();
  }

  /** Waits until all is answered and those of some nodes that are members have the same. */
  async #converge(names: readonly string[]): Promise<void> {
    const world = this.#world;
    const untilMs = world.nowMs + convergenceMsMax;
    this.#members = names.filter((name) => world.standing(name) !== "gone");
    this.#targets = this.#members;
    for (let found = this.#obstacle(); found !== ""; found = this.#obstacle()) {
      if (world.nowMs > untilMs) throw new Error(`${found} a minute after all faults ended`);
      await world.drive(100);
      this.#targets = this.#present;
      const { heldBy } = world.group.leader?.replica.status().configuration ?? {};
      if (heldBy !== undefined && world.changing === 0) release(world);
    }
    const full = this.#present.filter((name) => !world.isWitness(name));
    world.ledger.checkLevel(world.group, full);
    this.#checkHistory();
    world.ledger.check();
  }

  /** Those of the nodes without trouble that are members, and have been admitted. */
  get #present(): readonly string[] {
    const { group } = this.#world;
    const { leader } = group;
    if (leader === undefined) return [];
    const all = membersOf(leader.replica.status().configuration);
    return this.#members.filter(
      (name) => all.includes(name) && group.runs(name) && group.life(name).storage.member.admitted,
    );
  }

  /** What keeps them from being done; "" when nothing does. */
  #obstacle(): string {
    const { group, ledger } = this.#world;
    const { leader } = group;
    if (leader === undefined) return "nobody leads";
    const names = this.#present.filter((name) => !this.#world.isWitness(name));
    if (names.some((name) => group.member(name).leader !== leader.place.node)) {
      return `${leader.place.node} is not followed by all`;
    }
    const status = leader.replica.status();
    if (isJoint(status.configuration)) return "the configuration is still joint";
    const open = this.#clients.reduce((sum, client) => sum + client.open, 0);
    if (open > 0) return `${open} writes are not answered`;
    const behind = names.filter((name) => group.member(name).tree.appliedIndex < status.lastIndex);
    if (behind.length > 0) return `${behind.join(" ")} lack what the leader has`;
    const history = ledger.committed;
    if (this.#watchers.every((watcher) => watcher.isAt(ledger.appliedIndex, history))) return "";
    return "a watch has not been told of everything";
  }

  /** Every write of a session was done at most once, and in the order of their issue. */
  #checkHistory(): void {
    const { ledger } = this.#world;
    const last = new Map<string, number>();
    for (const { kind, data, path } of ledger.history) {
      const [, client, number] = /^(\d+):(\d+)$/.exec(data) ?? [];
      if (kind === "deleted" || client === undefined) continue;
      const before = last.get(client) ?? 0;
      if (Number(number) <= before) {
        ledger.violate(`${data} was done to ${path} after ${client}:${before}`);
      }
      last.set(client, Number(number));
    }
  }

  /** Nodes without which every configuration still has a sound quorum are left out at random. */
  #majority(): readonly string[] {
    const world = this.#world;
    const { damages, names } = world;
    damages.review();
    const healed = new Set(names.filter((name) => world.standing(name) !== "gone"));
    // Whoever is asked for a change may still make it, and then needs others.
    if (world.changing > 0) return names.filter((name) => healed.has(name));
    const sound = (name: string): boolean => healed.has(name) && damages.isSound(name);
    const shuffled = names
      .map((name) => ({ name, key: this.#random() }))
      .sort((a, b) => a.key - b.key);
    for (const { name } of shuffled) {
      if (this.#random() < 0.4 || !healed.delete(name)) continue;
      if (!damages.quorumsHave(sound)) healed.add(name);
    }
    return names.filter((name) => healed.has(name));
  }

  #live(one: Client | Watcher, thinkMs: number): void {
    const delayMs = Math.max(stepMs, Math.floor(this.#random() * thinkMs * 2));
    this.#world.scene.clock.after(delayMs, () => {
      one.step(this.#targets);
      this.#live(one, thinkMs);
    });
  }

  #counts(): Counts {
    const { counts, damages, ledger } = this.#world;
    damages.review();
    return {
      ...Object.fromEntries(counts),
      "leader change": ledger.leaderChanges - 1,
      "membership change": ledger.configurationsCommitted,
      "snapshot install": ledger.snapshotInstalls,
      "witness led": ledger.witnessesLed,
    };
  }
}
