/**
 * Members are added, promoted, demoted and removed by chance, with crashes and cuts in between and
 * amid changes, while a client writes. Afterwards all is well again: nothing acknowledged is
 * missing, no change is left half done, those who left rest.
 */
import { type Encodable, type IChangeMembersRequest, MeridianError } from "@meridian/wire";
import { expect, test, vi } from "vitest";
import {
  addressOf,
  channelTo,
  membershipAt,
  newcomer,
  nothingLost,
  type Stage,
  started,
  writing,
} from "./membership-stage.ts";

vi.setConfig({ testTimeout: 120_000 });

const steps = 12;
/** Chance may let nothing succeed for so long. */
const stepsMax = 50;
const membersMax = 7;

/** An operator without much sense, and a landlord without mercy. */
class Chaos {
  readonly stage: Stage;
  /** Everybody who was ever there. */
  readonly names: string[];
  /** What happened, for whoever looks at a failure. */
  readonly tale: string[] = [];
  /** Changes that were answered. */
  made = 0;
  #added = 0;

  constructor(stage: Stage) {
    this.stage = stage;
    this.names = [...stage.group.names];
  }

  async step(): Promise<void> {
    const { scene } = this.stage;
    const dice = scene.random();
    if (dice < 0.2) this.#crash(this.#pick(this.names.filter((name) => this.#isUp(name))));
    else if (dice < 0.35) this.#isolate(this.#pick(this.names));
    else await this.#change();
    for (const name of this.names) {
      if (!this.#isUp(name) && scene.random() < 0.5) await this.stage.group.boot(name);
    }
    await scene.run(scene.random() * 1_500);
  }

  /** Everybody is up and can be reached again. */
  async end(): Promise<void> {
    const { scene, group } = this.stage;
    scene.heal();
    for (const name of this.names) if (!this.#isUp(name)) await group.boot(name);
    await scene.run(5_000);
    await scene.until("somebody leads", () => group.leader !== undefined);
  }

  async #change(): Promise<void> {
    const { scene, group } = this.stage;
    const request = this.#draw();
    const leader = group.leader?.place.node;
    if (request === undefined || leader === undefined) return;
    for (const { node = "" } of request.add ?? []) await group.boot(node);
    const asked = channelTo(scene, leader)
      .changeMembers(request, { deadlineMs: 3_000 })
      .then(
        () => "done",
        (error: unknown) => (error instanceof MeridianError ? error.code : String(error)),
      );
    if (scene.random() < 0.3) {
      scene.clock.after(scene.random() * 15, () => this.#crash(leader));
    }
    const outcome = await scene.clock.settled(asked);
    if (outcome === "done") this.made += 1;
    this.tale.push(`${JSON.stringify(request)}: ${outcome}`);
  }

  /** A change that leaves at least two voters. */
  #draw(): Encodable<IChangeMembersRequest> | undefined {
    const { random } = this.stage.scene;
    const configuration = this.stage.group.leader?.replica.configuration;
    if (configuration === undefined) return undefined;
    const voters = configuration.groups.flatMap((group) => group.voters);
    const { learners } = configuration;
    const victim = this.#pick(voters);
    const kind = random();
    if (kind < 0.35 && voters.length + learners.length < membersMax) {
      this.#added += 1;
      const node = `x${this.#added}`;
      this.names.push(node);
      return { add: [newcomer(this.stage, node)] };
    }
    if (kind < 0.7 && learners.length > 0) {
      const promote = learners.map((node) => ({ node }));
      return { promote, remove: voters.length > 2 && random() < 0.5 ? victim : [] };
    }
    if (voters.length < 3) return undefined;
    return random() < 0.3 ? { demote: victim } : { remove: victim };
  }

  #crash(names: readonly string[] | string): void {
    const { group, scene } = this.stage;
    if (this.names.some((name) => !this.#isUp(name))) return;
    for (const name of [names].flat()) {
      this.tale.push(`crash of ${name}`);
      group.crash(name, scene.random());
    }
  }

  #isolate(names: readonly string[]): void {
    const { scene } = this.stage;
    this.tale.push(`cut around ${names.join(", ")}`);
    scene.isolate(...names.map(addressOf));
    scene.clock.after(scene.random() * 2_000, () => scene.heal());
  }

  #isUp(name: string): boolean {
    return this.stage.group.runs(name);
  }

  /** One of them, if there is any. */
  #pick(all: readonly string[]): readonly string[] {
    const at = Math.floor(this.stage.scene.random() * all.length);
    return all.slice(at, at + 1);
  }
}

for (const seed of [2, 3, 5, 6]) {
  test(`members come and go by chance, and all is well afterwards (${seed})`, async () => {
    const stage = await started(seed);
    const { scene, group } = stage;
    const chaos = new Chaos(stage);
    const stopWriting = writing(stage);
    for (let step = 0; step < steps || (chaos.made < 2 && step < stepsMax); step += 1) {
      await chaos.step();
    }
    await chaos.end();
    stopWriting();
    const told = await membershipAt(stage, group.leader?.place.node ?? "");
    const tale = chaos.tale.join("\n");
    expect({ changing: told.changing, tale }).toEqual({ changing: false, tale });
    expect(chaos.made).toBeGreaterThan(0);
    await nothingLost(
      stage,
      told.members.map(({ node }) => node),
    );
    const gone = chaos.names.filter((name) => group.leader?.replica.hasLeft(name) === true);
    await scene.until(`${gone.join(", ")} rest\n${tale}`, () =>
      gone.every((name) => group.member(name).status().state === "removed"),
    );
    expect({ fatal: [...group.fatal.keys()], tale }).toEqual({ fatal: [], tale });
  });
}
