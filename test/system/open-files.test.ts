import { spawnSync } from "node:child_process";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { connect } from "@meridian/client";
import { expect, test } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { Scratch } from "./support/scratch.ts";

const openFiles = 400;
/** More than those. */
const crowd = 600;
/** More than fits into a memtable, so that the storage opens files meanwhile. */
const [writes, writeBytes] = [300, 50_000];

const limiter = "prlimit";
const canLimit = spawnSync(limiter, ["--version"]).status === 0;

test("a server with few files closes connections, and goes on storing", async (context) => {
  context.skip(!canLimit, "needs prlimit, of util-linux");
  await using scratch = new Scratch("open-files");
  const launcher = [limiter, `--nofile=${openFiles}:${openFiles}`];
  await using cluster = await Cluster.start(scratch, 3, {}, { launcher });
  const client = await cluster.client();
  await client.create("/regions/local/a", "");
  const { address } = cluster.nodes[0]!;
  const crowded = Array.from({ length: crowd }, () => connected(address));
  await until("connections are closed", 30_000, () =>
    crowded.filter(({ closed, destroyed }) => closed || destroyed).length > crowd - openFiles
      ? true
      : undefined,
  );
  for (let write = 0; write < writes; write += 1) {
    await client.set("/regions/local/a", String(write).padEnd(writeBytes));
  }
  for (const session of crowded) session.destroy();
  await using late = await connect({ endpoints: [address], region: "local" });
  const { data } = await late.get("/regions/local/a", { consistency: "strict" });
  expect(Buffer.from(data).toString().trim()).toBe(String(writes - 1));
});

function connected(address: string): ClientHttp2Session {
  const session = connectHttp2(`http://${address}`);
  session.on("error", () => undefined);
  return session;
}
