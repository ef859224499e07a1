import type { Meridian } from "@meridian/client";

import type { Row, Stage } from "../row.ts";
import { byBound } from "../rows/goal.ts";
import { LocalPlatform } from "./local-platform.ts";
import { round } from "./samples.ts";
import { pause } from "./waiting.ts";

const home = "us-west";
const directory = `/regions/${home}/bench-bytes`;
const keys = 100;
const valueBytes = 256;
const writesPerSecond = 200;
const writeSeconds = 5;
/** For what is under way to arrive: several times the longest delay. */
const settleMs = 1_500;
/** Bytes that nothing compresses. */
const fill = (bytes: Uint8Array): Uint8Array => {
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = Math.random() * 256;
  return bytes;
};
/** A value takes its bytes, and more for names, Stat and frames; twice that would be two copies. */
const crossingsMax = 1.75;

/**
 * What a write in one region puts on the lines to the others, with two to five regions alive: each
 * line has to carry it once, so that all of them together grow with the number of regions.
 */
export const regionGrowthRows: readonly Row[] = [
  {
    name: "wan-crossings",
    title: "WAN bytes of a write on the busiest region link ÷ its value, 2 to 5 regions",
    unit: "×",
    better: "lower",
    goal: "one crossing a link: ≤ 1.75",
    systems: ["meridian"],
    roundsMax: 1,
    async measure(stage) {
      const sizes = await shrink(stage);
      const value = Math.max(...sizes.map(({ busiestBytes }) => busiestBytes)) / valueBytes;
      return { value, details: { sizes } };
    },
    judge: byBound("lower", crossingsMax),
  },
];

/** What a write puts on the wide-area network. */
interface WanUse {
  readonly regions: number;
  /** On all lines together, for each write. */
  readonly totalBytes: number;
  /** On the line from the writer's region that carries most, and by region. */
  readonly busiestBytes: number;
  readonly linkBytes: Readonly<Record<string, number>>;
}

/** One region after the other is lost: from five to two. */
async function shrink(stage: Stage): Promise<readonly WanUse[]> {
  await using platform = await LocalPlatform.start(stage);
  const writer = await platform.connect(home);
  await writer.create(directory, "");
  for (let key = 0; key < keys; key += 1) await writer.create(`${directory}/${key}`, "");
  const others = platform.regions.filter((region) => region !== home);
  const sizes: WanUse[] = [];
  for (;;) {
    const use = await measure(stage, platform, writer, others);
    sizes.push(use);
    const { regions, totalBytes, busiestBytes } = use;
    stage.say(
      `${regions} regions: ${round(totalBytes)} WAN bytes a write, ` +
        `${round(busiestBytes)} on the busiest link`,
    );
    const lost = others.length > 1 ? others.pop() : undefined;
    if (lost === undefined) return sizes;
    await platform.kill(lost);
    // Pullers and peers notice, and give up what they had begun.
    await pause(3_000, stage.signal);
  }
}

/** What is carried in a time of writing beyond what is carried in as much time without. */
async function measure(
  { signal }: Stage,
  platform: LocalPlatform,
  writer: Meridian,
  others: readonly string[],
): Promise<WanUse> {
  const count = writesPerSecond * writeSeconds;
  const idle = await carried(platform, () => pause(writeSeconds * 1_000 + settleMs, signal));
  const busy = await carried(platform, async () => {
    const startedAtMs = performance.now();
    const writes: Promise<unknown>[] = [];
    for (let place = 0; place < count; place += 1) {
      await pause(startedAtMs + (place * 1_000) / writesPerSecond - performance.now(), signal);
      const value = fill(new Uint8Array(valueBytes));
      writes.push(writer.set(`${directory}/${place % keys}`, value));
    }
    await Promise.all(writes);
    await pause(settleMs, signal);
  });
  const net = new Map([...busy].map(([line, bytes]) => [line, bytes - (idle.get(line) ?? 0)]));
  const linkBytes = Object.fromEntries(
    others.map((region) => [region, (net.get(`${home} ${region}`) ?? 0) / count]),
  );
  return {
    regions: others.length + 1,
    totalBytes: [...net.values()].reduce((sum, bytes) => sum + bytes, 0) / count,
    busiestBytes: Math.max(...Object.values(linkBytes)),
    linkBytes,
  };
}

/** Bytes that each line carried meanwhile. */
async function carried(
  platform: LocalPlatform,
  work: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const before = await bytesOf(platform);
  await work();
  const after = await bytesOf(platform);
  return new Map([...after].map(([line, bytes]) => [line, bytes - (before.get(line) ?? 0)]));
}

async function bytesOf(platform: LocalPlatform): Promise<ReadonlyMap<string, number>> {
  const { links } = await platform.inspect();
  return new Map(links.map(({ from, to, bytes }) => [`${from} ${to}`, bytes]));
}
