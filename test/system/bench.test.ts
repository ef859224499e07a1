/** `meridian bench`: load on a cluster; a comparison with nobody. No figure is judged. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import type { LoadRunResult, Report } from "@meridian/bench";

import { Cluster } from "./support/cluster.ts";
import { until } from "./support/condition.ts";
import { hasProcessTable, processesNaming } from "./support/process-table.ts";
import { meridian, meridianOk } from "./support/program.ts";
import { RunningCommand } from "./support/running-command.ts";
import { claimPorts, Scratch } from "./support/scratch.ts";

const short = ["--seconds", "1", "--warm-up", "0"];

test("load runs as it is mixed, says what came of it, and leaves nothing behind", async () => {
  await using scratch = new Scratch("bench-run");
  await using cluster = await Cluster.start(scratch, 3);
  const mix = ["--mix", "read=50,strict-read=10,write=30,create=10", "--connections", "2"];
  const run = ["bench", "run", ...mix, ...short, "--keys", "50", "-o", "json"];
  const closed = await cluster.run([...run, "--outstanding", "20", "--seconds", "2"]);
  expect(closed).toMatchObject({ code: 0, stdout: expect.stringContaining("kinds") });
  expect(closed.stderr).toMatch(/^meridian: 1 s: \d+ op\/s, p50 .* so far, 0 errors$/m);
  const result = JSON.parse(closed.stdout) as LoadRunResult;
  expect(result.errors).toEqual({});
  const kinds = result.kinds.map(({ kind }) => kind);
  expect(kinds).toEqual(["read", "strict-read", "write", "create"]);
  for (const { operations } of result.kinds) expect(operations).toBeGreaterThan(0);
  const open = await cluster.run([...run, "--rate", "100", "--keep"]);
  const paced = JSON.parse(open.stdout) as LoadRunResult;
  expect(paced.operations).toBeGreaterThan(0);
  // The first run took its folder away, the second one was told to keep it.
  const client = await cluster.client();
  const { children } = await client.children("/regions/local/bench");
  expect(children.map(({ name }) => `/regions/local/bench/${name}`)).toEqual([paced.prefix]);
  const wrong = await cluster.run(["bench", "run", "--mix", "reads=1"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("read, strict-read, write, create");
});

test("a comparison with nobody has figures of Meridian alone, and leaves nothing", async () => {
  await using scratch = new Scratch("bench-compare");
  const base = ["--peers", "", "--rounds", "1", "--data", scratch.path];
  const ports = ["--base-port", String(await claimPorts("comparison"))];
  const rows = ["--only", "write-1000x1,latency,crash-region"];
  const args = ["bench", "compare", ...base, ...ports, ...rows, ...short, "-ojson"];
  // One crash is enough to see that the trial kills, finds the next write, and starts again.
  const text = await meridianOk(args, { environment: { MERIDIAN_BENCH_CRASHES: "1" } });
  const report = JSON.parse(text) as Report;
  expect(report.versions).toMatchObject({ meridian: "0.1.0" });
  expect(report.versions["etcd"]).toContain("not asked for");
  const names = report.rows.map(({ name }) => name);
  const loads = ["write-1000x1", "latency-p50", "latency-p99"];
  expect(names).toEqual([...loads, "crash-region"]);
  for (const row of report.rows) {
    expect(row.meridian).toBeGreaterThan(0);
    const isLoad = loads.includes(row.name);
    expect(row).toMatchObject({ zookeeper: null, etcd: null, ...(isLoad && { met: null }) });
    const details = isLoad ? { failures: 0 } : { count: 1, max: row.meridian };
    expect(row.samples.meridian[0]?.details).toMatchObject(details);
  }
  expect(readdirSync(scratch.path)).toEqual([]);
  const [result, page] = [join(scratch.path, "result.json"), join(scratch.path, "page.md")];
  writeFileSync(result, text);
  writeFileSync(page, "<!-- bench compare: begin -->\n<!-- bench compare: end -->\n");
  const again = ["bench", "compare", "--from", result, "--embed", page, "-o", "markdown"];
  const markdown = await meridianOk(again);
  expect(markdown).toContain("| write latency at 1,000 op/s, p50 (ms)");
  expect(readFileSync(page, "utf8")).toContain(markdown);
});

test("a comparison that is interrupted takes everything with it", async (context) => {
  context.skip(!hasProcessTable, "needs /proc to look for processes");
  await using scratch = new Scratch("bench-interrupted");
  const data = join(scratch.path, "data");
  const ports = ["--base-port", String(await claimPorts("comparison"))];
  const args = ["bench", "compare", "--peers", "", "--data", data, ...ports];
  await using command = new RunningCommand(args, {});
  await until("a cluster serves", 30_000, () =>
    command.stderr.includes("a cluster of three serves") ? true : undefined,
  );
  expect(processesNaming(data).length).toBeGreaterThan(0);
  command.signal("SIGINT");
  expect(await command.ended).toBe(1);
  expect(command.stderr).toContain("ended by SIGINT");
  expect(readdirSync(data)).toEqual([]);
  expect(processesNaming(join(data, "meridian"))).toEqual([]);
});

test("rows and peers that do not exist are refused with the names of those that do", async () => {
  const row = await meridian(["bench", "compare", "--only", "writing"]);
  expect(row).toMatchObject({ code: 2, stdout: "" });
  expect(row.stderr).toContain("write-1000x1, write-1000x10");
  const peer = await meridian(["bench", "compare", "--peers", "consul", "-o", "json"]);
  expect(peer.code).toBe(2);
  expect(peer.stdout).toContain("zookeeper, etcd");
});
