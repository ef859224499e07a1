import type { Meridian } from "@meridian/client";

import type { Row, Stage } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { LocalPlatform } from "./local-platform.ts";
import { describe, type Distribution, distributionOf } from "./samples.ts";
import { sizesOf } from "./sizes.ts";
import { pause, until } from "./waiting.ts";

const goalMs = 10_000;
const primary = "us-east";
/** Where the writer is: it loses nothing itself. */
const writerRegion = "us-west";
const path = "/global/bench-primary-loss";
/** Time between the beginnings of two writes. */
const paceMs = 20;
const writeMsMax = 30_000;
const underWayMax = 1_000;

/** All of the primary region killed under a client of another region that writes strictly. */
export const primaryLossRows: readonly Row[] = [
  {
    name: "crash-primary",
    title: "primary region lost → next strict write elsewhere, longest",
    unit: "ms",
    better: "lower",
    goal: "≤ 10 s",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const times = await lose(stage);
      return { value: times.max, details: { ...times } };
    },
    judge: byBound("lower", goalMs),
  },
];

async function lose(stage: Stage): Promise<Distribution> {
  const { regionLosses } = sizesOf(process.env);
  await using platform = await LocalPlatform.start(stage);
  const client = await platform.connect(writerRegion);
  await client.create(path, "");
  const times: number[] = [];
  for (let trial = 1; trial <= regionLosses; trial += 1) {
    await platform.leadFrom(primary);
    const ms = await loseOnce(stage, platform, client);
    times.push(ms);
    stage.say(`primary region lost ${trial} of ${regionLosses}: ${Math.round(ms)} ms`);
    await platform.restart(primary);
    await platform.untilWhole();
  }
  const distribution = distributionOf(times);
  stage.say(`primary region lost → next strict write: ${describe(distribution, "ms")}`);
  return distribution;
}

/** Milliseconds from the kill to the first answer to a write that was sent after it. */
async function loseOnce(
  { signal }: Stage,
  platform: LocalPlatform,
  client: Meridian,
): Promise<number> {
  await using writes = new PacedWrites(client);
  await until({ what: "strict writes", deadlineMs: writeMsMax, signal }, () =>
    writes.firstSentAfter(0),
  );
  await pause(Math.random() * 500, signal);
  const killedAtMs = performance.now();
  await platform.kill(primary);
  const answeredAtMs = await until(
    { what: "a strict write after the loss", deadlineMs: writeMsMax, signal, periodMs: 5 },
    () => writes.firstSentAfter(killedAtMs),
  );
  return answeredAtMs - killedAtMs;
}

/** Writes begun at a fixed pace, whatever becomes of those before: one of them may hang. */
class PacedWrites implements AsyncDisposable {
  readonly #client: Meridian;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  /** Of those that were acknowledged. */
  readonly #answered: { readonly sentAtMs: number; readonly answeredAtMs: number }[] = [];

  constructor(client: Meridian) {
    this.#client = client;
    this.#timer = setInterval(() => this.#begin(), paceMs);
  }

  /** When the first answer came to a write that was sent after a moment. */
  firstSentAfter(momentMs: number): number | undefined {
    return this.#answered.find(({ sentAtMs }) => sentAtMs > momentMs)?.answeredAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  #begin(): void {
    if (this.#underWay.size >= underWayMax) return;
    const write = this.#write();
    this.#underWay.add(write);
    void write.then(() => this.#underWay.delete(write));
  }

  /** Refusals are part of a loss: the next write may fare better. */
  async #write(): Promise<void> {
    const sentAtMs = performance.now();
    try {
      await this.#client.set(path, "value", { deadlineMs: writeMsMax });
      this.#answered.push({ sentAtMs, answeredAtMs: performance.now() });
    } catch {
      return;
    }
  }
}
