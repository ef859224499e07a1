import type { Meridian, Watch, WatchOptions } from "@meridian/client";

import type { Row, Stage } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { LocalPlatform } from "./local-platform.ts";
import { describe, type Distribution, distributionOf, round } from "./samples.ts";
import { sizesOf } from "./sizes.ts";
import { pause, until } from "./waiting.ts";

const writerRegion = "us-west";
const path = `/regions/${writerRegion}/bench-propagation`;
/**
 * A lag is asked for, not a throughput: each write is done by all members of five regions, which
 * share this host, so that many of them a second would only show how much it can do.
 */
const perSecond = 10;
/** Sent at the same rate before those that count: servers compile what they run often. */
const warmUpWrites = 200;
/** Beyond what the delay between the regions explains, a tenth more of it included. */
const goalBeyondMs = 10;
const delayFactor = 1.1;
/** Long after every delay of the network. */
const arrivalMsMax = 10_000;

/** Writes in one region, seen by watches at replicas and edges of all others: one clock for all. */
export const propagationRows: readonly Row[] = [
  {
    name: "propagation-lag",
    title:
      `region → region → edge, ${perSecond} writes/s: ` +
      "p99 of the lag beyond 1.1 × one-way delay, worst region",
    unit: "ms",
    better: "lower",
    goal: "≤ 10 ms",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const lags = await propagate(stage);
      const value = Math.max(...lags.map(({ beyondMs }) => beyondMs));
      return { value, details: { lags } };
    },
    judge: byBound("lower", goalBeyondMs),
  },
];

/** How late writes were at one place. */
interface Lag {
  readonly region: string;
  readonly tier: "replica" | "edge";
  readonly oneWayMs: number;
  readonly lagMs: Distribution;
  /** Of the 99th percentile: what is more than a tenth above the delay. */
  readonly beyondMs: number;
}

async function propagate(stage: Stage): Promise<readonly Lag[]> {
  const { propagatedWrites } = sizesOf(process.env);
  await using platform = await LocalPlatform.start(stage);
  await platform.untilWhole();
  const writer = await platform.connect(writerRegion);
  await writer.create(path, "-1");
  const witnesses: Witness[] = [];
  for (const region of platform.regions) {
    const oneWayMs = await platform.oneWayMs(writerRegion, region);
    const client = await platform.connect(region);
    for (const tier of ["replica", "edge"] as const) {
      witnesses.push(new Witness(client, { region, tier, oneWayMs }));
    }
  }
  try {
    const sentAtMs = await write(stage, writer, witnesses, propagatedWrites);
    const lags = witnesses.map((witness) => witness.lag(sentAtMs));
    for (const { region, tier, oneWayMs, lagMs, beyondMs } of lags) {
      const what = `${region} ${tier}, ${oneWayMs} ms away`;
      stage.say(`lag at ${what}: ${describe(lagMs, "ms")}, ${round(beyondMs)} ms beyond`);
    }
    return lags;
  } finally {
    for (const witness of witnesses) witness.close();
  }
}

/** When each write was sent, by its number. The first ones only show that all watches are there. */
async function write(
  { signal }: Stage,
  writer: Meridian,
  witnesses: readonly Witness[],
  count: number,
): Promise<ReadonlyMap<number, number>> {
  let number = 0;
  await until({ what: "all watches run", deadlineMs: arrivalMsMax, signal, periodMs: 200 }, () => {
    void writer.set(path, String(number)).catch(() => {});
    number += 1;
    return witnesses.every(({ seen }) => seen > 0) ? true : undefined;
  });
  const sentAtMs = new Map<number, number>();
  const startedAtMs = performance.now();
  const writes: Promise<unknown>[] = [];
  for (let place = 0; place < warmUpWrites + count; place += 1) {
    await pause(startedAtMs + (place * 1_000) / perSecond - performance.now(), signal);
    if (place >= warmUpWrites) sentAtMs.set(number, performance.now());
    writes.push(writer.set(path, String(number)));
    number += 1;
  }
  await Promise.all(writes);
  const last = number - 1;
  await until({ what: "the last write everywhere", deadlineMs: arrivalMsMax, signal }, () =>
    witnesses.every((witness) => witness.last >= last) ? true : undefined,
  );
  return sentAtMs;
}

/** One watch of the node that is written to, at one place. */
class Witness {
  readonly #place: Pick<Lag, "region" | "tier" | "oneWayMs">;
  readonly #watch: Watch;
  readonly #arrivedAtMs = new Map<number, number>();
  #last = -1;

  constructor(client: Meridian, place: Pick<Lag, "region" | "tier" | "oneWayMs">) {
    this.#place = place;
    const consistency: WatchOptions["consistency"] =
      place.tier === "edge" ? "eventual" : "regional";
    this.#watch = client.watch(path, { consistency });
    void this.#follow();
  }

  /** Writes that arrived. */
  get seen(): number {
    return this.#arrivedAtMs.size;
  }

  /** Number of the newest one. */
  get last(): number {
    return this.#last;
  }

  /** How late those were that are asked for; each of them has arrived. */
  lag(sentAtMs: ReadonlyMap<number, number>): Lag {
    const lags: number[] = [];
    for (const [number, sentMs] of sentAtMs) {
      const arrivedMs = this.#arrivedAtMs.get(number);
      if (arrivedMs === undefined) throw new Error(`write ${number} never came to ${path}`);
      lags.push(arrivedMs - sentMs);
    }
    const lagMs = distributionOf(lags);
    const beyondMs = lagMs.p99 - this.#place.oneWayMs * delayFactor;
    return { ...this.#place, lagMs, beyondMs };
  }

  close(): void {
    this.#watch.close();
  }

  async #follow(): Promise<void> {
    for await (const event of this.#watch) {
      const number = Number(event.text);
      this.#last = number;
      this.#arrivedAtMs.set(number, performance.now());
    }
  }
}
