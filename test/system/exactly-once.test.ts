/**
 * Every answer to a write is dropped once, by a proxy that cuts the connection just before it would
 * pass, and leaders are killed meanwhile. `MERIDIAN_INCREMENTS=10000` is the whole of it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";

import { connect, type Meridian } from "@meridian/client";

import { AnswerDropper } from "./support/answer-dropper.ts";
import { Cluster } from "./support/cluster.ts";
import { printFigure, timed } from "./support/figures.ts";
import { LeaderKiller } from "./support/leader-killer.ts";
import { Proxies } from "./support/proxy.ts";
import { Scratch } from "./support/scratch.ts";

const increments = Number(process.env["MERIDIAN_INCREMENTS"] ?? 30);
const killEveryMs = 5_000;
/** Clients that count up one number together. More of them would mostly be too late. */
const clientsMax = increments >= 1_000 ? 3 : 2;
const shares = Array.from({ length: clientsMax }, (_, place) => {
  return Math.floor((increments + place) / clientsMax);
});
/** Writes that one session has on their way. */
const outstandingMax = 40;
/** Longer than an election and several lost connections take. */
const deadlineMs = 120_000;
const region = "local";
const testMs = 3_600_000;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("exactly-once");
  cluster = await Cluster.start(scratch, 3);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test(
  "increments by compare-and-set count once each, whatever is lost",
  { timeout: testMs },
  async () => {
    const path = "/regions/local/counted";
    const direct = await cluster.client();
    await direct.create(path, "0");
    await using killer = new LeaderKiller(cluster, killEveryMs);
    const { value: forgetful, elapsedMs } = await timed(() => {
      return Promise.all(shares.map((share) => countUp(path, share)));
    });
    await killer.stop();
    const { text, stat } = await direct.get(path, { consistency: "strict" });
    const dropped = forgetful.reduce((sum, one) => sum + one.dropped, 0);
    printFigure(
      `${increments} increments in ${Math.round(elapsedMs / 1000)} s`,
      `${dropped} answers dropped, ${killer.kills} leaders killed`,
    );
    expect({ text, version: stat.version }).toEqual({
      text: String(increments),
      version: increments,
    });
    expect(dropped).toBeGreaterThanOrEqual(increments);
    expect(killer.kills).toBeGreaterThan(0);
  },
);

test(
  "numbered writes are done once each and in order, whatever is lost",
  { timeout: testMs },
  async () => {
    const path = "/regions/local/numbered";
    const direct = await cluster.client();
    await direct.create(path, "");
    const dropper = new AnswerDropper();
    await using proxies = await proxiesOf(dropper);
    await using client = await clientThrough(proxies);
    await using killer = new LeaderKiller(cluster, killEveryMs);
    const { value: versions, elapsedMs } = await timed(() => writeAll(client, path, increments));
    await killer.stop();
    const { stat, text } = await direct.get(path, { consistency: "strict" });
    printFigure(
      `${increments} numbered writes in ${Math.round(elapsedMs / 1000)} s`,
      `${dropper.cuts} times cut, ${killer.kills} leaders killed`,
    );
    expect(versions).toEqual(Array.from({ length: increments }, (_, index) => index + 1));
    expect({ version: stat.version, text }).toEqual({ version: increments, text: `${increments}` });
    expect(dropper.dropped).toBe(increments);
  },
);

function proxiesOf(dropper: AnswerDropper): Promise<Proxies> {
  return Proxies.before(
    cluster.nodes.map(({ address }) => address),
    dropper.look,
  );
}

function clientThrough({ openChannel }: Proxies): Promise<Meridian> {
  const endpoints = cluster.nodes.map(({ address }) => address);
  // What is tried is repetition: sessions outlive whatever a busy machine does to elections.
  return connect({ endpoints, region, openChannel, deadlineMs, sessionTimeoutMs: deadlineMs });
}

/** Counts a number up so many times, as somebody whose answers get lost. */
async function countUp(path: string, times: number): Promise<AnswerDropper> {
  const dropper = new AnswerDropper();
  await using proxies = await proxiesOf(dropper);
  await using client = await clientThrough(proxies);
  for (let done = 0; done < times;) {
    const { text, stat } = await client.get(path, { consistency: "strict" });
    if (await exchange(client, path, String(Number(text) + 1), stat.version)) done += 1;
  }
  return dropper;
}

/** Whether this write was done; false: somebody else was faster. */
async function exchange(
  client: Meridian,
  path: string,
  data: string,
  version: number,
): Promise<boolean> {
  try {
    await client.set(path, data, { version });
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "BAD_VERSION") return false;
    throw error;
  }
}

/** Versions that the writes of one session are told to have made, in the order of their issue. */
function writeAll(client: Meridian, path: string, count: number): Promise<readonly number[]> {
  const session = client.session("local");
  const versions = Array.from({ length: count }, () => 0);
  return new Promise((resolve, reject) => {
    let sent = 0;
    let settled = 0;
    const send = (): void => {
      const number = sent;
      sent += 1;
      session.set(path, Buffer.from(String(number + 1)), (error, response) => {
        if (error !== undefined) reject(error);
        versions[number] = response?.node?.stat?.version ?? 0;
        settled += 1;
        if (settled === count) resolve(versions);
        else if (sent < count) send();
      });
    };
    while (sent < Math.min(outstandingMax, count)) send();
  });
}
