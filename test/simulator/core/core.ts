import { isJoint, membersOf } from "@meridian/consensus";
import { randomOf } from "@meridian/replica/harness";
import type { Counts, Scenario, Trace } from "../scenario.ts";
import { Client, type Knowledge } from "./client.ts";
import { strike } from "./faults.ts";
import { changeMembers } from "./operator.ts";
import { describe, setupOf } from "./setup.ts";
import { Watcher } from "./watcher.ts";
import { World } from "./world.ts";

/** How long a majority without trouble may take until everything is answered and level. */
const convergenceMsMax = 60_000;
const stepMs = 20;

/** One group of members under every kind of trouble. */
export const core: Scenario = {
  name: "core",
  description: "one group: crashes, cuts, bad disks and clocks, and then a majority that recovers",
  run: (seed, trace) => new CoreRun(seed, trace).run(),
  required: {
    "leader change": 0.95,
    "snapshot install": 0.5,
    "membership change": 0.3,
    "torn tail": 0.2,
    "recovered member": 0.05,
    "wiped member refused": 0.05,
  },
};

class CoreRun {
  readonly #world: World;
  readonly #random: () => number;
  readonly #knowledge: Knowledge = { index: 0 };
  readonly #clients: Client[] = [];
  readonly #watchers: Watcher[] = [];
  /** Whom clients may turn to. */
  #members: readonly string[] = [];

  constructor(seed: number, trace: Trace) {
    const setup = setupOf(seed);
    for (const line of describe(setup)) trace.setup(line);
    this.#random = randomOf(seed ^ 0x0ddba11);
    this.#world = new World(setup, seed, this.#random, trace);
  }

  async run(): Promise<Counts> {
    const world = this.#world;
    await world.start();
    this.#members = world.names;
    for (let number = 1; number <= world.setup.clients; number += 1) {
      this.#clients.push(new Client(world, number, this.#knowledge));
    }
    this.#watchers.push(new Watcher(world, "w1"));
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
    const untilMs = world.nowMs + safetyMs;
    while (world.nowMs < untilMs) {
      await world.drive(world.below(faultGapMs * 2));
      const kind = world.pick(faults);
      if (kind !== undefined) strike(world, kind);
      if (operated && world.chance(0.4)) await changeMembers(world);
    }
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
    if (others.length === 0) return;
    world.ledger.note("all come back");
    await world.undoAll();
    world.links.mendAll();
    await this.#converge(world.names);
  }

  /** Waits until all is answered and those of some nodes that are members have the same. */
  async #converge(names: readonly string[]): Promise<void> {
    const world = this.#world;
    const untilMs = world.nowMs + convergenceMsMax;
    this.#members = names.filter((name) => world.standing(name) !== "gone");
    for (let found = this.#obstacle(); found !== ""; found = this.#obstacle()) {
      if (world.nowMs > untilMs) throw new Error(`${found} a minute after all faults ended`);
      await world.drive(100);
    }
    world.ledger.checkLevel(world.group, this.#present);
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
    const names = this.#present;
    if (names.some((name) => group.member(name).leader !== leader.place.node)) {
      return `${leader.place.node} is not followed by all`;
    }
    const status = leader.replica.status();
    if (isJoint(status.configuration)) return "the configuration is still joint";
    const open = this.#clients.reduce((sum, client) => sum + client.open, 0);
    if (open > 0) return `${open} writes are not answered`;
    const behind = names.filter((name) => group.member(name).tree.appliedIndex < status.lastIndex);
    if (behind.length > 0) return `${behind.join(" ")} lack what the leader has`;
    if (this.#watchers.every((watcher) => watcher.isAt(ledger.appliedIndex))) return "";
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
      one.step(this.#members);
      this.#live(one, thinkMs);
    });
  }

  #counts(): Counts {
    const { counts, ledger } = this.#world;
    return {
      ...Object.fromEntries(counts),
      "leader change": ledger.leaderChanges - 1,
      "membership change": ledger.configurationsCommitted,
      "snapshot install": ledger.snapshotInstalls,
    };
  }
}
