import { type Configuration, Quorum } from "@meridian/consensus";
import { AdmissionError } from "@meridian/replica";
import type { StorageError } from "@meridian/storage";
import type { World } from "./world.ts";

/** How a node's data was spoiled. */
type Damage = "damaged" | "wiped";

/**
 * Nodes whose data was damaged or wiped. Never so many that a quorum of any configuration is
 * without its data: against that nothing helps, and nothing is promised.
 */
export class Damages {
  readonly #world: World;
  readonly #spoiled = new Map<string, Damage>();
  /** Rebuilt nodes that do not have everything again. */
  readonly #recovering = new Set<string>();
  /** Newest configuration of nodes that are down. */
  readonly #remembered = new Map<string, Configuration>();
  /** Configurations that were asked for: each may be in force before anybody hears of it. */
  readonly #asked = new Set<Configuration>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether nothing was ever done to a node's data, or it is whole again. */
  isSound(name: string): boolean {
    return !this.#spoiled.has(name);
  }

  /** All nodes whose data is not whole. */
  get spoiled(): readonly string[] {
    return [...this.#spoiled.keys()];
  }

  /** Every configuration that a node may go by, soon or when it comes back. */
  get configurations(): readonly Configuration[] {
    const { names, group } = this.#world;
    const found = new Set([...this.#remembered.values(), ...this.#asked]);
    for (const name of names) {
      if (!group.runs(name)) continue;
      const { replica } = group.member(name);
      found.add(replica.status().configuration);
      found.add(replica.configuration);
    }
    return [...found];
  }

  /**
   * Whether each of these configurations has a quorum of nodes that pass a test, and somebody who
   * may lead where a group holds leadership.
   */
  quorumsHave(passes: (name: string) => boolean): boolean {
    return this.configurations.every((configuration) => {
      const { groups, heldBy } = configuration;
      const holder = groups.find(({ name }) => name === heldBy);
      const led = holder === undefined || holder.voters.some(passes);
      return led && new Quorum(configuration).reached(passes);
    });
  }

  /** A configuration is asked for, until the returned function is called. */
  expect(configuration: Configuration): () => void {
    this.#asked.add(configuration);
    return () => this.#asked.delete(configuration);
  }

  /** A node ends: what it goes by is what it will go by when it comes back. */
  remember(name: string): void {
    const { group } = this.#world;
    if (group.runs(name)) {
      this.#remembered.set(name, group.member(name).replica.status().configuration);
    }
  }

  /** Crashes a node and does something to its disk, unless that could be too much. */
  damage(name: string): void {
    const world = this.#world;
    const disk = world.group.disk(name);
    if (disk === undefined || !this.#mayLose(name)) return;
    const random = (): number => world.below(2 ** 30) / 2 ** 30;
    const dice = world.below(10);
    const downMs = 200 + world.below(1_000);
    // With the power also what tells of the last writes may go: that they are gone shows nowhere.
    world.crash(name, dice === 9 ? 1 : world.setup.keepUnsynced, downMs);
    let what = "";
    if (dice < 6) what = disk.flipBit(random);
    else if (dice < 8) what = disk.truncate(random);
    else if (dice < 9) what = disk.revert(random) ?? disk.flipBit(random);
    else what = `the last ${disk.loseBatches(1 + world.below(8))} writes are gone`;
    world.ledger.note(`the disk of ${name} is damaged: ${what}`);
    this.#spoil(name, "damaged");
    world.count("damaged disk");
  }

  /** Removes all data of a node that is down. False: it could be too much. */
  wipe(name: string): boolean {
    const disk = this.#world.group.disk(name);
    if (disk === undefined || this.#isSole(name) || !this.#mayLose(name)) return false;
    disk.wipe();
    this.#world.ledger.note(`the disk of ${name} is wiped`);
    this.#spoil(name, "wiped");
    this.#world.ledger.silence(name);
    return true;
  }

  /** A node has started. */
  booted(name: string): void {
    this.#remembered.delete(name);
    if (!this.#world.group.life(name).storage.member.recovering) return;
    if (this.#recovering.has(name)) return;
    this.#recovering.add(name);
    this.#world.count("rebuilt member");
    if (this.#spoiled.get(name) === "damaged") return;
    this.#world.ledger.violate(`${name} was rebuilt although nothing was wrong with its data`);
  }

  /** A node refuses to start. True: it is right, and will always. */
  cannotStart(name: string, error: StorageError): boolean {
    // Members go by their settings: for a group that was founded by one there is nobody to ask.
    const sole = this.#isSole(name);
    if (this.#spoiled.get(name) !== "damaged" || (error.repairable && !sole)) return false;
    // A damaged name makes the data look like another member's.
    if (!["CORRUPT", "MISSING", "WRONG_IDENTITY"].includes(error.code)) return false;
    this.#world.count("unrepairable member");
    return true;
  }

  /** A node ended by itself: for good, to come back repaired, or for a reason not known here. */
  gaveUp(name: string, error: Error): "for good" | "to be repaired" | "unknown" {
    const damage = this.#spoiled.get(name);
    if (damage === "wiped" && error instanceof AdmissionError) {
      this.#world.count("wiped member refused");
      return "for good";
    }
    return damage === "damaged" ? "to be repaired" : "unknown";
  }

  /** Those that have everything again are sound again. */
  review(): void {
    const { group } = this.#world;
    for (const name of this.#recovering) {
      if (!group.runs(name) || group.life(name).storage.member.recovering) continue;
      this.#recovering.delete(name);
      this.#spoiled.delete(name);
      this.#world.count("recovered member");
    }
  }

  /** By its settings it is the only voter, whoever came since. */
  #isSole(name: string): boolean {
    const { group, stage } = this.#world;
    return stage.plan.voters === 1 && group.names[0] === name;
  }

  #spoil(name: string, damage: Damage): void {
    this.#spoiled.set(name, damage);
    this.#recovering.delete(name);
  }

  /** With this one gone, too, every configuration still has a quorum of sound members. */
  #mayLose(name: string): boolean {
    this.review();
    return this.quorumsHave((voter) => voter !== name && this.isSound(voter));
  }
}
