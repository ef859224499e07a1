/** Members lose data, all of it or some: the others serve on, and nothing wrong is ever served. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { connect, type Meridian } from "@meridian/client";
import { openChannel } from "@meridian/transport";
import { expect, test } from "vitest";

import { AcknowledgedWrites } from "./support/acknowledged-writes.ts";
import { Cluster, type Server } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { copyOver, damage, randomOf } from "./support/damage.ts";
import { printFigure } from "./support/figures.ts";
import { Scratch } from "./support/scratch.ts";

/** How often files are damaged: `MERIDIAN_DAMAGES=200` for the long run. */
const damages = Number(process.env["MERIDIAN_DAMAGES"] ?? "10");
/** `MERIDIAN_DAMAGE_SEED` repeats a run. */
const seed = Number(process.env["MERIDIAN_DAMAGE_SEED"] ?? "1");

/** Snapshots are taken often, so that there are some to damage; no reserve of 48 MiB of nothing. */
const settings = { limits: { snapshotEntries: 300, keptEntries: 50, reserveBytes: 0 } };
const directory = "/regions/local/registers";
const registers = 8;
const startMsMax = 60_000;

test("a voter whose directory is gone is refused by name, and the others serve on", async () => {
  await using scratch = new Scratch("wiped");
  await using cluster = await Cluster.start(scratch, 3, settings);
  const [, , victim] = cluster.nodes;
  if (victim === undefined) throw new Error("there are three");
  const client = await cluster.client();
  const options = { directory: "/regions/local/wiped", clients: [client], paceMs: 5 };
  await using writes = await AcknowledgedWrites.start(options);
  await until("some are acknowledged", 30_000, () => (writes.count > 50 ? true : undefined));
  await victim.stop("SIGKILL");
  rmSync(victim.data, { recursive: true });
  victim.start();
  expect(await victim.ended(startMsMax)).toBe(1);
  expect(victim.output).toMatch(/\[WIPED\]/u);
  expect(victim.output).toMatch(/local-3 is new, but local-\d has met another member/u);
  expect(victim.output).toMatch(/meridian member remove local-3/u);
  const before = writes.count;
  await until("writes go on", 30_000, () => (writes.count > before + 50 ? true : undefined));
  await writes.stop();
  expect(await writes.broken(client)).toEqual({ missing: [], applied: [] });
});

test(
  `${damages} damages to the files of a member: nothing wrong is served, nothing is lost`,
  async () => {
    console.info(`MERIDIAN_DAMAGE_SEED=${seed} MERIDIAN_DAMAGES=${damages}`);
    await using scratch = new Scratch("damage");
    await using cluster = await Cluster.start(scratch, 3, settings);
    const trial = new Trial(cluster, join(scratch.path, "kept"), randomOf(seed));
    await trial.begin();
    for (let round = 0; round < damages; round += 1) await trial.run(round);
    expect(await trial.end()).toEqual([]);
    printFigure("outcomes", JSON.stringify(trial.counts));
    expect(trial.counts.harmless + trial.counts.repaired + trial.counts.refused).toBe(damages);
    expect(trial.counts.repaired).toBeGreaterThan(0);
  },
  120_000 + damages * 30_000,
);

/** Damages one member's files again and again, while registers are written. */
class Trial {
  readonly counts = { harmless: 0, repaired: 0, refused: 0 };
  readonly #cluster: Cluster;
  readonly #kept: string;
  readonly #random: () => number;
  /** What was acknowledged last, and what was tried, by register. */
  readonly #acknowledged: number[] = Array.from({ length: registers }, () => -1);
  readonly #tried: number[] = Array.from({ length: registers }, () => -1);
  #writing: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(cluster: Cluster, kept: string, random: () => number) {
    this.#cluster = cluster;
    this.#kept = kept;
    this.#random = random;
  }

  async begin(): Promise<void> {
    const client = await this.#cluster.client();
    for (let register = 0; register < registers; register += 1) {
      await client.create(`${directory}/${register}`, "-1", { parents: true });
    }
    this.#writing = this.#write(client);
  }

  /** Registers that have lost what was acknowledged, or hold what nobody wrote. */
  async end(): Promise<readonly number[]> {
    this.#isOver = true;
    await this.#writing;
    const client = await this.#cluster.client();
    const wrong: number[] = [];
    for (const [register, least] of this.#acknowledged.entries()) {
      const value = Number((await client.get(`${directory}/${register}`)).text);
      const isRight = value >= least && value <= (this.#tried[register] ?? -1);
      if (!isRight) wrong.push(register);
    }
    return wrong;
  }

  /** Kills a member, damages a file of it, starts it, and sees what becomes of it. */
  async run(round: number): Promise<void> {
    const { nodes } = this.#cluster;
    const victim = nodes[Math.floor(this.#random() * nodes.length)];
    if (victim === undefined) throw new Error("there are members");
    await victim.stop("SIGKILL");
    copyOver(victim.data, this.#kept);
    const { file, what } = damage(victim.data, this.#random);
    const said = victim.output.length;
    victim.start();
    const outcome = await this.#outcome(victim, said);
    this.counts[outcome] += 1;
    console.info(`${round}: ${file} ${what}: ${outcome}`);
    if (outcome === "refused") {
      // As if it had not happened: the next damage needs a member.
      copyOver(this.#kept, victim.data);
      victim.start();
    }
    await this.#serves(victim, said);
    const before = this.#acknowledged.reduce((sum, value) => sum + value, 0);
    await until("the cluster serves on", 60_000, () => {
      return this.#acknowledged.reduce((sum, value) => sum + value, 0) > before ? true : undefined;
    });
  }

  async #outcome(victim: Server, said: number): Promise<keyof Trial["counts"]> {
    for (let start = 0; start < 4; start += 1) {
      const running = await until("it answers or ends", startMsMax, async () => {
        if (await isOver(victim)) return "ended";
        return (await stateOf(victim))?.leader === undefined ? undefined : "runs";
      });
      const output = victim.output.slice(said);
      if (running === "runs") return /the data is damaged/u.test(output) ? "repaired" : "harmless";
      // Damage that shows only while it runs ends it; the next start repairs it.
      if (/\[(?:CORRUPT|MISSING|WRONG_IDENTITY|WIPED)\]/u.test(output)) {
        if (!/stopping: the storage failed/u.test(output)) return "refused";
      } else throw new Error(`it ended without a reason:\n${output}`);
      victim.start();
    }
    throw new Error(`it ends again and again:\n${victim.output.slice(said)}`);
  }

  /** What the member itself says is never wrong, and after a while it is all there. */
  async #serves(victim: Server, said: number): Promise<void> {
    await using reader = await connect({ endpoints: [victim.address], region: "local" });
    await until("it has everything again", startMsMax, async () => {
      if (await isOver(victim)) throw new Error(`it ended:\n${victim.output.slice(said)}`);
      const floor = [...this.#acknowledged];
      const caughtUp = await this.#reads(reader, floor);
      const state = await stateOf(victim);
      return caughtUp && state?.recovering === false ? true : undefined;
    });
  }

  /** Whether all registers are at least at these values. @throws {Error} for a wrong value. */
  async #reads(reader: Meridian, floor: readonly number[]): Promise<boolean> {
    let isWhole = true;
    for (const [register, least] of floor.entries()) {
      const found = await valueOf(reader, register);
      if (found === undefined) {
        isWhole = false;
        continue;
      }
      if (!Number.isInteger(found) || found < -1 || found > (this.#tried[register] ?? -1)) {
        throw new Error(`register ${register} has ${found}, which nobody wrote`);
      }
      if (found < least) isWhole = false;
    }
    return isWhole;
  }

  async #write(client: Meridian): Promise<void> {
    for (let value = 0; !this.#isOver; value += 1) {
      for (let register = 0; register < registers && !this.#isOver; register += 1) {
        this.#tried[register] = value;
        try {
          await client.set(`${directory}/${register}`, String(value));
          this.#acknowledged[register] = value;
        } catch {
          // A refused or lost write is one that was tried.
        }
      }
    }
  }
}

/** As this member knows it; undefined when it does not know the register. */
async function valueOf(reader: Meridian, register: number): Promise<number | undefined> {
  try {
    const { text } = await reader.get(`${directory}/${register}`, { consistency: "eventual" });
    return Number(text);
  } catch {
    return undefined;
  }
}

/** Undefined when it does not answer. */
async function stateOf(
  server: Server,
): Promise<{ readonly leader: string | undefined; readonly recovering: boolean } | undefined> {
  const channel = openChannel(server.address);
  try {
    const { leader, recovering } = await channel.status({ deadlineMs: 2_000 });
    return { leader: leader === "" ? undefined : leader, recovering };
  } catch {
    return undefined;
  } finally {
    channel.close();
  }
}

async function isOver(server: Server): Promise<boolean> {
  try {
    await server.ended(1);
    return true;
  } catch {
    return false;
  }
}
