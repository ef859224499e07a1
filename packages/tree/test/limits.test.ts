import { expect, test } from "vitest";
import { type NodeOperation, validatePath } from "../src/index.ts";
import { bytes, text } from "./support/bytes.ts";
import { Cluster, codeOf, create, set } from "./support/cluster.ts";
import { naughtyNames } from "./support/naughty.ts";

const mebibyte = 1024 * 1024;

/** A create of so much data. */
function sized(path: string, size: number): NodeOperation {
  return { ...create(path), data: new Uint8Array(size) };
}

/** An absolute path of exactly so many bytes, in components of at most 200. */
function pathOfLength(length: number): string {
  const whole = Math.floor((length - 1) / 200);
  return `${`/${"x".repeat(199)}`.repeat(whole)}/${"x".repeat(length - whole * 200 - 1)}`;
}

test.each([
  [1_024, true],
  [1_025, false],
  [102_400, false],
])("of a path of %i bytes it is %s that it is taken", (length, isTaken) => {
  const path = pathOfLength(length);
  expect(path).toHaveLength(length);
  expect(validatePath(path) === undefined).toBe(isTaken);
});

test.each([
  [32, true],
  [33, false],
  [3_200, false],
])("of a path of %i components it is %s that it is taken", (count, isTaken) => {
  expect(validatePath("/a".repeat(count)) === undefined).toBe(isTaken);
});

test.each([
  [255, true],
  [256, false],
  [25_500, false],
])("of a component of %i bytes it is %s that it is taken", (length, isTaken) => {
  expect(validatePath(`/${"x".repeat(length)}`) === undefined).toBe(isTaken);
});

test.each([
  [mebibyte, ""],
  [mebibyte + 1, "TOO_LARGE"],
  [100 * mebibyte, "TOO_LARGE"],
])("data of %i bytes is answered %j, whoever refuses it", (size, code) => {
  const tree = new Cluster("global");
  tree.create("/global/a");
  const operations = [
    sized("/global/b", size),
    { kind: "set", path: "/global/a", data: new Uint8Array(size), version: -1 } as const,
  ];
  for (const operation of operations) {
    if (operation.kind === "check") continue;
    expect(tree.tree.refuseSize(operation)?.code ?? "").toBe(code);
    expect(codeOf(tree.apply(operation))).toBe(code);
  }
});

test.each([
  [128, ""],
  [129, "TOO_LARGE"],
  [12_800, "TOO_LARGE"],
])("a multi of %i parts is answered %j, whoever refuses it", (count, code) => {
  const tree = new Cluster("global");
  const operations = Array.from({ length: count }, (_, at) => create(`/global/${at}`));
  expect(tree.tree.refuseSize({ kind: "multi", operations })?.code ?? "").toBe(code);
  expect(codeOf(tree.multi(operations))).toBe(code);
  expect(tree.tree.children("/global")?.names).toHaveLength(code === "" ? count : 0);
});

test.each([
  [mebibyte, ""],
  [mebibyte + 1, "TOO_LARGE"],
  [100 * mebibyte, "TOO_LARGE"],
])("a multi of %i bytes is answered %j, paths counted in UTF-8", (size, code) => {
  const tree = new Cluster("global");
  const paths = ["/global/é", "/global/𝒳"];
  const names = paths.reduce((sum, path) => sum + bytes(path).byteLength, 0);
  const each = Math.floor((size - names) / 2);
  const rest = size - names - each;
  const operations = [sized("/global/é", each), sized("/global/𝒳", rest)];
  expect(tree.tree.refuseSize({ kind: "multi", operations })?.code ?? "").toBe(code);
  expect(codeOf(tree.multi(operations))).toBe(code);
});

test("a page of children gives as many as were asked for, and says that there are more", () => {
  const tree = new Cluster("global");
  for (let at = 0; at < 30; at += 1) tree.create(`/global/${at}`);
  for (const [limit, count] of [
    [29, 29],
    [30, 30],
    [3_000, 30],
  ] as const) {
    const page = tree.tree.children("/global", { limit });
    expect(page?.names).toHaveLength(count);
    expect(page?.more).toBe(count < 30);
  }
});

test("a naughty name is refused, or is one node's exact name and nobody else's", () => {
  const names = naughtyNames();
  expect(names.length).toBeGreaterThan(500);
  const tree = new Cluster("global");
  const taken = new Map<string, string>();
  for (const [at, name] of names.entries()) {
    const path = `/global/${at}/${name}`;
    const isValid = validatePath(path) === undefined;
    const code = codeOf(tree.create(path, name, { parents: true }));
    expect(code, `name ${JSON.stringify(name)}`).toBe(isValid ? "" : "BAD_PATH");
    if (isValid) taken.set(path, name);
    expect(tree.tree.get(path) !== undefined).toBe(isValid);
  }
  expect(taken.size).toBeGreaterThan(300);
  const plain = [...taken.values()].filter((name) => !name.includes("/")).toSorted(byUnits);
  tree.create("/global/all");
  for (const name of plain) expect(codeOf(tree.create(`/global/all/${name}`))).toBe("");
  expect(tree.tree.children("/global/all")?.names).toEqual(plain);
  tree.restart();
  for (const [path, name] of taken) {
    expect(text(tree.tree.get(path)?.data), `name ${JSON.stringify(name)}`).toBe(wellFormed(name));
    expect(codeOf(tree.set(path, "x"))).toBe("");
  }
  const mixed = [...taken.keys()].map((path) => set(path, "y"));
  for (let from = 0; from < mixed.length; from += 128) {
    expect(codeOf(tree.multi(mixed.slice(from, from + 128)))).toBe("");
  }
});

function byUnits(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** As it comes out of UTF-8; what is valid is so already. */
function wellFormed(name: string): string {
  return Buffer.from(name).toString();
}
