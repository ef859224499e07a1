/** Copies of a subtree that is written to while leaders are killed. */
import { expect, test } from "vitest";

import { connect, type CachedSubtree, type Meridian } from "@meridian/client";

import { Cluster } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { randomOf } from "./support/damage.ts";
import { printFigure } from "./support/figures.ts";
import { LeaderKiller } from "./support/leader-killer.ts";
import { Scratch } from "./support/scratch.ts";

/** `MERIDIAN_COPY_MS=60000` is a long run. */
const runMs = Number(process.env["MERIDIAN_COPY_MS"] ?? 3_000);
const seed = Number(process.env["MERIDIAN_COPY_SEED"] ?? 1);
const killEveryMs = 3_000;
const path = "/regions/local/copied";

test(
  `copies are exact in the end, Stats included (seed ${seed})`,
  async () => {
    await using scratch = new Scratch("copies");
    await using cluster = await Cluster.start(scratch, 3);
    const endpoints = cluster.nodes.map(({ address }) => address);
    const random = randomOf(seed);
    const clients: Meridian[] = [];
    for (let n = 0; n < 3; n += 1) clients.push(await connect({ endpoints, region: "local" }));
    const copies = clients.map((client) => client.cachedSubtree(path));
    const played = new Map<string, string>();
    const playing = play(copies[0], played);
    const endsAtMs = performance.now() + runMs;
    await using killer = new LeaderKiller(cluster, killEveryMs);
    const written = await Promise.all(clients.map((client) => scribble(client, random, endsAtMs)));
    for (const client of clients) copies.push(client.cachedSubtree(path));
    await Promise.all(clients.map((client) => scribble(client, random, endsAtMs + runMs / 4)));
    await killer.stop();
    const expected = await listed(await cluster.client());
    for (const [number, copy] of copies.entries()) {
      await until(`copy ${number} has all that was written`, 30_000, () => {
        return copy.isReady && copy.size === expected.length ? true : undefined;
      });
      await until(`copy ${number} is as its owner`, 30_000, () => {
        const shown = copy.entries().map(({ path: at, text, stat }) => ({ path: at, text, stat }));
        expect(shown).toEqual(expected);
        return true;
      });
    }
    copies[0]?.close();
    await playing;
    expect([...played].sort(byPath)).toEqual(expected.map(({ path: at, text }) => [at, text]));
    const writes = written.reduce((sum, one) => sum + one, 0);
    printFigure("copies of a subtree", `${writes} writes, ${killer.kills} leaders killed`);
    expect(killer.kills).toBeGreaterThan(0);
    for (const client of clients) await client.close();
  },
  60_000 + 4 * runMs,
);

/** Plays the changes of a copy back. */
async function play(copy: CachedSubtree | undefined, into: Map<string, string>): Promise<void> {
  for await (const { path: at, node } of copy ?? []) {
    if (node !== undefined) into.set(at, node.text);
    else into.delete(at);
  }
}

/** Writes below the path at random, with some transactions among it. Gives how often. */
async function scribble(client: Meridian, random: () => number, endsAtMs: number): Promise<number> {
  const pick = (count: number): number => Math.floor(random() * count);
  let writes = 0;
  while (performance.now() < endsAtMs) {
    const directory = `${path}/d${pick(5)}`;
    const at = pick(4) === 0 ? directory : `${directory}/n${pick(20)}`;
    const data = String(random());
    const kind = pick(5);
    try {
      if (kind <= 1) await client.create(at, data, { parents: true });
      else if (kind === 2) await client.set(at, data);
      else if (kind === 3) await client.delete(at);
      else {
        await client.multi([
          { kind: "create", path: `${at}-a`, data },
          { kind: "set", path: directory, data },
          { kind: "delete", path: `${at}-a` },
        ]);
      }
      writes += 1;
    } catch {
      // Refused, or lost with a leader: what counts is what the cluster made of it.
    }
  }
  return writes;
}

/** Everything below the path as its owner has it, by path. */
async function listed(client: Meridian): Promise<{ path: string; text: string; stat: object }[]> {
  const strict = { consistency: "strict" } as const;
  const list: { path: string; text: string; stat: object }[] = [];
  const open = [path];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { text, stat } = await client.get(at, strict);
    list.push({ path: at, text, stat });
    const { names } = await client.children(at, strict);
    for (const name of names) open.push(`${at}/${name}`);
  }
  return list.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function byPath([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
