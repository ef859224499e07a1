import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { entryPoints, findPlatform } from "../src/connection/whereabouts.ts";
import { parseTopology } from "../src/config/topology.ts";
import { main } from "../src/main.ts";

const file = "/no/such/topology.yaml";
let written: { out: string; err: string };

beforeEach(() => {
  written = { out: "", err: "" };
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.err += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs `meridian` on a platform that does not exist: enough to see how arguments are taken. */
async function run(...args: readonly string[]): Promise<number> {
  process.exitCode = undefined;
  await main(args);
  return Number(process.exitCode ?? 0);
}

test("every command explains itself with examples", async () => {
  const commands = ["dev", "server", "get", "set", "create", "delete", "exists", "ls", "stat"];
  const more = [
    "changes",
    "completion",
    "sessions",
    "watch",
    "multi",
    "sync",
    "lock",
    "elect",
    "status",
    "topology",
    "zones",
    "chaos",
  ];
  for (const command of [...commands, ...more]) {
    written.out = "";
    expect(await run(command, "--help")).toBe(0);
    expect(written.out).toContain(`Usage: meridian ${command}`);
    expect(written.out).toContain("Examples:\n");
  }
});

test("quotas, benchmarks, and the end of a session, explain themselves with examples", async () => {
  for (const words of [
    ["quota", "ls"],
    ["quota", "set"],
    ["quota", "rm"],
    ["bench", "run"],
    ["bench", "compare"],
    ["sessions", "end"],
  ]) {
    written.out = "";
    expect(await run(...words, "--help")).toBe(0);
    expect(written.out).toContain(`$ meridian ${words.join(" ")}`);
  }
  expect(await run("quota", "set", "/a", "--topology", file)).toBe(2);
  expect(await run("quota", "set", "/a", "--bytes", "64 MB", "--topology", file)).toBe(2);
  expect(await run("sessions", "end", "0", "--topology", file)).toBe(2);
});

test("every change of members explains itself with examples", async () => {
  const member = ["list", "add", "promote", "demote", "remove"].map((name) => ["member", name]);
  for (const words of [...member, ["global", "hold"], ["global", "release"]]) {
    written.out = "";
    expect(await run(...words, "--help")).toBe(0);
    expect(written.out).toContain(`Usage: meridian ${words.join(" ")}`);
    expect(written.out).toContain(`$ meridian ${words.join(" ")}`);
  }
});

test("a command that does not exist is a usage error that names the nearest", async () => {
  expect(await run("statsu")).toBe(2);
  expect(written.err).toMatch(/Did you mean status\?/);
});

test("a value outside its bounds is a usage error, on stdout when the output is JSON", async () => {
  expect(await run("get", "/a", "--max-staleness", "soon", "-o", "json")).toBe(2);
  expect(JSON.parse(written.out)).toMatchObject({
    error: { code: "BAD_ARGUMENTS", retryable: false },
  });
  expect(written.err).toBe("");
  expect(await run("get", "/a", "--consistency", "serious")).toBe(2);
  expect(await run("set", "/a", "x", "--version", "1.5")).toBe(2);
});

test("options that exclude each other are refused before anything is sent", async () => {
  expect(await run("set", "/a", "x", "--create", "--version", "1", "--topology", file)).toBe(2);
  expect(written.err).toMatch(/exclude each other/);
  expect(await run("create", "/a", "--ephemeral", "--ttl", "5", "--topology", file)).toBe(2);
  expect(await run("watch", "/a", "--consistency", "quorum", "--topology", file)).toBe(2);
  expect(await run("watch", "/a", "--once", "--count", "2", "--topology", file)).toBe(2);
  expect(await run("watch", "/a", "--kind", "data", "--recursive", "--topology", file)).toBe(2);
  expect(await run("multi", "check /a 1", "--file", file, "--topology", file)).toBe(2);
  expect(await run("multi", "--file", "/no/such/file", "--topology", file)).toBe(2);
  expect(await run("lock", "/a", "--wait", "1", "--timeout", "1", "--", "true")).toBe(2);
  expect(await run("global", "transfer", "--topology", file)).toBe(2);
  expect(await run("member", "add", "x", "--topology", file)).toBe(2);
  expect(await run("member", "promote", "--topology", file)).toBe(2);
  expect(await run("member", "remove", "x", "--timeout", "0", "--topology", file)).toBe(2);
});

test("`--version` asks for the program's version only before a command", async () => {
  expect(await run("--version")).toBe(0);
  expect(written.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await run("delete", "/a", "--version", "3", "--topology", file)).toBe(2);
  expect(written.err).toContain(`${file}:1:1: cannot be read`);
});

test("faults are refused where there is no local platform", async () => {
  expect(await run("chaos", "kill", "us-east", "--endpoints", "127.0.0.1:1")).toBe(2);
  expect(written.err).toMatch(/local platform only/);
});

const topology = parseTopology(
  "t.yaml",
  `
nodes:
  - { name: g, region: us-east, role: global-voter, group: primary, address: "127.0.0.1:1" }
  - { name: w, region: us-west, role: witness, group: witness, address: "127.0.0.1:2" }
  - { name: e, region: us-west, role: edge, address: "127.0.0.1:3" }
  - { name: r, region: us-west, role: regional-voter, address: "127.0.0.1:4" }
  - name: a
    region: apac
    role: regional-voter
    address: "127.0.0.1:5"
    addressFrom: { us-west: "127.0.0.1:6" }
`,
);

test("a client begins in its own region, and reaches others by the path of its region", () => {
  expect(entryPoints(topology, "us-west")).toEqual([
    "127.0.0.1:4",
    "127.0.0.1:3",
    "127.0.0.1:6",
    "127.0.0.1:1",
  ]);
});

test("options beat the environment, endpoints beat a topology", () => {
  const environment = { MERIDIAN_TOPOLOGY: file, MERIDIAN_REGION: "apac" };
  const { endpoints, region } = findPlatform({ endpoints: "a:1, b:2" }, environment);
  expect([endpoints, region]).toEqual([["a:1", "b:2"], "apac"]);
  expect(() => findPlatform({}, environment)).toThrow(file);
  const both = { ...environment, MERIDIAN_ENDPOINTS: "c:3" };
  expect(findPlatform({}, both).endpoints).toEqual(["c:3"]);
  expect(() => findPlatform({ topology: "/other" }, both)).toThrow("/other");
  expect(() => findPlatform({ endpoints: "nonsense" }, {})).toThrow(/host:port/);
});
