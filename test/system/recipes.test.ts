/**
 * Counters and queues of real clients on real servers: the answer to every write is dropped once,
 * and leaders are killed meanwhile. `MERIDIAN_ITEMS=1000` is a long run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import { connect, type Meridian } from "@meridian/client";

import { AnswerDropper } from "./support/answer-dropper.ts";
import { Cluster } from "./support/cluster.ts";
import { printFigure, timed } from "./support/figures.ts";
import { LeaderKiller } from "./support/leader-killer.ts";
import { Proxies } from "./support/proxy.ts";
import { Scratch } from "./support/scratch.ts";

const items = Number(process.env["MERIDIAN_ITEMS"] ?? 9);
const killEveryMs = 5_000;
const clientsMax = 3;
/** Longer than an election and several lost connections take. */
const deadlineMs = 60_000;
const region = "local";
const testMs = 3_600_000;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("recipes");
  cluster = await Cluster.start(scratch, 3);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** Does the work of several clients, each behind proxies that drop its answers. */
async function together(
  work: (client: Meridian, number: number) => Promise<void>,
): Promise<{ readonly dropped: number; readonly kills: number; readonly elapsedMs: number }> {
  await using killer = new LeaderKiller(cluster, killEveryMs);
  const numbers = Array.from({ length: clientsMax }, (_, number) => number);
  const { value: droppers, elapsedMs } = await timed(() => {
    return Promise.all(
      numbers.map(async (number) => {
        const dropper = new AnswerDropper();
        const endpoints = cluster.nodes.map(({ address }) => address);
        await using proxies = await Proxies.before(endpoints, dropper.look);
        const { openChannel } = proxies;
        const times = { deadlineMs, sessionTimeoutMs: deadlineMs };
        await using client = await connect({ endpoints, region, openChannel, ...times });
        await work(client, number);
        return dropper;
      }),
    );
  });
  await killer.stop();
  const dropped = droppers.reduce((sum, one) => sum + one.dropped, 0);
  return { dropped, kills: killer.kills, elapsedMs };
}

test("a counter counts each step once, whatever is lost", { timeout: testMs }, async () => {
  const path = "/regions/local/counter";
  const told: number[] = [];
  const share = items / clientsMax;
  const { dropped, kills, elapsedMs } = await together(async (client) => {
    for (let n = 0; n < share; n += 1) told.push(await client.counter(path).increment());
  });
  printFigure(
    `${told.length} steps of a counter in ${Math.round(elapsedMs / 1000)} s`,
    `${dropped} answers dropped, ${kills} leaders killed`,
  );
  const counted = await (await cluster.client()).counter(path).get({ consistency: "strict" });
  expect(counted).toBe(told.length);
  expect(told.toSorted((a, b) => a - b)).toEqual(told.map((_, index) => index + 1));
  expect(dropped).toBeGreaterThanOrEqual(told.length);
  expect(kills).toBeGreaterThan(0);
});

test(
  "each item of a queue is acknowledged once, in whatever is lost",
  { timeout: testMs },
  async () => {
    const path = "/regions/local/queue";
    const expected = Array.from({ length: items }, (_, n) => String(n));
    const acknowledged: string[] = [];
    const done = new AbortController();
    const { dropped, kills, elapsedMs } = await together(async (client, number) => {
      const queue = client.queue(path);
      if (number === 0) await Promise.all(expected.map((text) => queue.offer(text)));
      else {
        for await (const item of queue.consume({ signal: done.signal })) {
          await item.ack();
          acknowledged.push(item.text);
          if (acknowledged.length === items) done.abort();
        }
      }
    });
    printFigure(
      `${items} items of a queue in ${Math.round(elapsedMs / 1000)} s`,
      `${dropped} answers dropped, ${kills} leaders killed`,
    );
    expect(acknowledged.toSorted()).toEqual(expected.toSorted());
    const left = await (await cluster.client()).queue(path).size({ consistency: "strict" });
    expect(left).toBe(0);
    expect(dropped).toBeGreaterThan(items);
    expect(kills).toBeGreaterThan(0);
  },
);
