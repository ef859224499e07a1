/** What is not allowed is refused by name, with the exit code that scripts rely on. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { Cluster } from "./support/cluster.ts";
import { meridian, type Ended } from "./support/program.ts";
import { Scratch } from "./support/scratch.ts";

const dataBytesMax = 1024 * 1024;

let scratch: Scratch;
let cluster: Cluster;

beforeAll(async () => {
  scratch = new Scratch("refusals");
  cluster = await Cluster.start(scratch, 1);
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const own = "/regions/local";

test("bad paths are refused as such", async () => {
  const paths = ["a/b", `${own}/`, `${own}//a`, `${own}/./a`, `${own}/../a`, `${own}/a\u0001`];
  const tooLong = `${own}/${"a".repeat(1_024)}`;
  const ended = await Promise.all([...paths, tooLong].map((path) => run("set", path, "v")));
  for (const each of ended) expectRefusal(each, "BAD_PATH", 2);
});

test("data of 1 MiB is taken, one byte more is refused", async () => {
  const path = `${own}/large`;
  const most = new Uint8Array(dataBytesMax).fill(97);
  expect(await cluster.run(["set", path, "-", "--create"], most)).toMatchObject({ code: 0 });
  const over = await cluster.run(["set", path, "-"], new Uint8Array(dataBytesMax + 1));
  expectRefusal(over, "TOO_LARGE", 1);
  const read = await cluster.run(["get", path]);
  expect(read.stdout).toHaveLength(dataBytesMax);
});

test("what conflicts with the state of a node is refused by name", async () => {
  await succeeds("create", `${own}/there`, "v");
  await succeeds("create", `${own}/there/child`, "v");
  const [version, exists, children, parent, missing] = await Promise.all([
    run("set", `${own}/there`, "w", "--version", "7"),
    run("create", `${own}/there`, "w"),
    run("delete", `${own}/there`),
    run("create", `${own}/missing/child`, "v"),
    run("get", `${own}/missing`),
  ]);
  expectRefusal(version, "BAD_VERSION", 5);
  expectRefusal(exists, "NODE_EXISTS", 5);
  expectRefusal(children, "NOT_EMPTY", 5);
  expectRefusal(parent, "NO_NODE", 4);
  expectRefusal(missing, "NO_NODE", 4);
});

test("what a zone does not give is refused by name", async () => {
  const [ephemeral, sequential, strict, stranger] = await Promise.all([
    run("create", "/shared/e", "--ephemeral"),
    run("create", "/shared/s-", "--sequential"),
    run("get", "/shared", "--consistency", "strict"),
    run("get", "/regions/nowhere/a", "--timeout", "2000"),
  ]);
  expectRefusal(ephemeral, "UNSUPPORTED", 1);
  expectRefusal(sequential, "UNSUPPORTED", 1);
  expectRefusal(strict, "UNSUPPORTED", 7);
  expectRefusal(stranger, "REGION_UNAVAILABLE", 3);
});

test("an error is JSON on stdout when JSON was asked for", async () => {
  const { code, stdout } = await run("get", `${own}/missing`, "-o", "json");
  expect({ code, ...JSON.parse(stdout) }).toEqual({
    code: 4,
    error: { code: "NO_NODE", message: expect.any(String), retryable: false },
  });
});

test("a command that does not exist is a matter of usage", async () => {
  expect(await run("frobnicate")).toMatchObject({ code: 2 });
  expect(await run("get")).toMatchObject({ code: 2 });
  expect(await run("get", own, "--consistency", "perfect")).toMatchObject({ code: 2 });
});

test("an unknown key in a configuration is told with file and line", async () => {
  const file = variant("unknown-key", (text) => text.replace('"listen"', '"lisen"'));
  const line = readFileSync(file, "utf8")
    .split("\n")
    .findIndex((each) => each.includes("lisen"));
  const ended = await meridian(["server", "--config", file]);
  expectRefusal(ended, "BAD_ARGUMENTS", 2);
  expect(ended.stderr).toContain(`${file}:${line + 1}:`);
  expect(ended.stderr).toContain("listen");
});

test("a port in use is told with its holder", async () => {
  const [node] = cluster.nodes;
  const file = variant("same-port", (text) => text.replaceAll(node?.data ?? "", `${node?.data}-b`));
  const ended = await meridian(["server", "--config", file]);
  expectRefusal(ended, "PORT_IN_USE", 1);
  expect(ended.stderr).toContain(node?.address);
});

test("a data directory in use is refused", async () => {
  const [node] = cluster.nodes;
  const free = "127.0.0.1:1";
  const file = variant("same-data", (text) => text.replaceAll(node?.address ?? "", free));
  const ended = await meridian(["server", "--config", file]);
  expectRefusal(ended, "IN_USE", 1);
  expect(ended.stderr).toContain(node?.data);
});

test("damaged data is told at every start, and served to nobody", async () => {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("the cluster has no node");
  expect(await node.stop()).toBe(0);
  const intact = `${node.data}.intact`;
  cpSync(node.data, intact, { recursive: true });
  flipBytes(join(node.data, "log"));
  for (const start of ["the first start", "the second start"]) {
    const before = node.output.length;
    node.start();
    expect({ start, code: await node.ended(20_000) }).toEqual({ start, code: 1 });
    expect(node.output.slice(before)).toContain("[CORRUPT]");
    expect(node.output.slice(before)).toContain(node.data);
  }
  rmSync(node.data, { recursive: true });
  renameSync(intact, node.data);
  node.start();
  await cluster.untilWritable();
  expect(await run("get", `${own}/there`)).toMatchObject({ code: 0, stdout: "v" });
});

function run(...args: readonly string[]): Promise<Ended> {
  return cluster.run(args);
}

async function succeeds(...args: readonly string[]): Promise<void> {
  expect(await run(...args)).toMatchObject({ code: 0 });
}

function expectRefusal(ended: Ended, code: string, exitCode: number): void {
  expect(ended.stderr).toContain(`[${code}]`);
  expect(ended.code).toBe(exitCode);
}

/** A changed copy of the node's configuration. */
function variant(name: string, change: (text: string) => string): string {
  const [node] = cluster.nodes;
  const file = join(scratch.path, `${name}.yaml`);
  writeFileSync(file, change(readFileSync(node?.config ?? "", "utf8")));
  return file;
}

/** Flips bytes in the middle of the largest file of a store. */
function flipBytes(directory: string): void {
  const files = readdirSync(directory)
    .filter((name) => /\.(log|ldb)$/.test(name))
    .map((name) => ({ path: join(directory, name), bytes: readFileSync(join(directory, name)) }));
  const [largest] = files.toSorted((a, b) => b.bytes.byteLength - a.bytes.byteLength);
  if (largest === undefined) throw new Error(`no file of a store in ${directory}`);
  const { path, bytes } = largest;
  const middle = Math.floor(bytes.byteLength / 2);
  for (let offset = middle; offset < middle + 16; offset += 1) {
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
  }
  writeFileSync(path, bytes);
}
