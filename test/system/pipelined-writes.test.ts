/** A regional cluster of three `meridian server` processes, and nothing else of the platform. */
import { afterAll, beforeAll, expect, test } from "vitest";

import type { Meridian } from "@meridian/client";

import { Cluster } from "./support/cluster.ts";
import { printFigure, timed } from "./support/figures.ts";
import { Scratch } from "./support/scratch.ts";

const outstandingMax = 1_000;
const writesMax = 30_000;
const nodesMax = 100;
const valueBytes = 256;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("pipelined");
  cluster = await Cluster.start(scratch, 3);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test("a thousand writes of a client may be under way, each is applied once", async () => {
  const client = await cluster.client();
  const paths = Array.from({ length: nodesMax }, (_, index) => `/regions/local/node-${index}`);
  await Promise.all(paths.map((path) => client.create(path, "")));
  const { elapsedMs } = await timed(() => writeAll(client, paths));
  const rate = Math.round((writesMax * 1000) / elapsedMs);
  printFigure(`${outstandingMax} outstanding writes of ${valueBytes} bytes`, `${rate} writes/s`);
  for (const path of paths) {
    const { stat, data } = await client.get(path);
    expect({ path, version: stat.version, bytes: data.byteLength }).toEqual({
      path,
      version: writesMax / nodesMax,
      bytes: valueBytes,
    });
  }
});

test("a promise for each of a thousand writes works as well", async () => {
  const client = await cluster.client();
  const { path } = await client.create("/regions/local/promised", "");
  const data = new Uint8Array(valueBytes);
  const { value, elapsedMs } = await timed(() =>
    Promise.all(Array.from({ length: outstandingMax }, () => client.set(path, data))),
  );
  const rate = Math.round((outstandingMax * 1000) / elapsedMs);
  printFigure(`a burst of ${outstandingMax} promises`, `${rate} writes/s`);
  const versions = value.map(({ stat }) => stat.version);
  expect(versions).toEqual(Array.from({ length: outstandingMax }, (_, index) => index + 1));
});

/** Writes round the paths with as many outstanding as allowed. Rejects with the first refusal. */
function writeAll(client: Meridian, paths: readonly string[]): Promise<void> {
  const session = client.session("local");
  const data = new Uint8Array(valueBytes).fill(120);
  return new Promise((resolve, reject) => {
    let sent = 0;
    let settled = 0;
    const send = (): void => {
      const path = paths[sent % paths.length] ?? "";
      sent += 1;
      session.set(path, data, (error) => {
        if (error !== undefined) reject(error);
        settled += 1;
        if (settled === writesMax) resolve();
        else if (sent < writesMax) send();
      });
    };
    while (sent < outstandingMax) send();
  });
}
