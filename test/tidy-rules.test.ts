/**
 * Each rule of `tidy.test.ts` against planted breaches: a rule that catches nothing would pass in
 * silence.
 */
import { expect, test } from "vitest";
import { dependencyBreaches } from "./tidy/dependencies.ts";
import { docstringBreaches } from "./tidy/docstrings.ts";
import { floorBreaches } from "./tidy/floors.ts";
import { readmeBreaches, topLevelBreaches } from "./tidy/layout.ts";
import { declarationBreaches, pathBreaches } from "./tidy/names.ts";
import { injectionBreaches, purityBreaches } from "./tidy/purity.ts";
import { sizeBreaches } from "./tidy/sizes.ts";
import { type Source, parse } from "./tidy/syntax.ts";
import { noteBreaches, skipBreaches } from "./tidy/wording.ts";

const source = (path: string, text: string): Source => parse({ path, text });
const later = `TO${"DO"}`;

test.each([
  ["import { x } from '@meridian/storage';", "consensus may not import @meridian/storage"],
  ["import type { x } from '@meridian/tree';", "consensus may not import @meridian/tree"],
  ["export * from '@meridian/wire';", "consensus may not import @meridian/wire"],
  ["const x = import('node:fs');", "consensus is pure and may not import node:fs"],
  ["type X = import('long').Long;", "consensus is pure and may not import long"],
  [
    "import '../test/x.ts';",
    "packages/consensus/test/x.ts lies outside of packages/consensus/src/",
  ],
  [
    "import '../../tree/src/x.ts';",
    "packages/tree/src/x.ts lies outside of packages/consensus/src/",
  ],
])("a pure package is stopped at %s", (text, what) => {
  const found = floorBreaches(source("packages/consensus/src/a.ts", `\n${text}`));
  expect(found).toEqual([`packages/consensus/src/a.ts:2: ${what}`]);
});

test("a client imports no server package, a tier no other tier", () => {
  const text = "import '@meridian/wire';\nimport '@meridian/replica';\nimport 'node:fs';";
  expect(floorBreaches(source("packages/client/src/a.ts", text))).toEqual([
    "packages/client/src/a.ts:2: client may not import @meridian/replica",
  ]);
  expect(floorBreaches(source("packages/edge/src/a.ts", "import '@meridian/region';"))).toEqual([
    "packages/edge/src/a.ts:1: edge may not import @meridian/region",
  ]);
});

test("a test imports what it likes, but by name", () => {
  const text = "import '@meridian/cli';\nimport '../src/b.ts';\nimport '../../wire/src/b.ts';";
  expect(floorBreaches(source("packages/merge/test/a.test.ts", text))).toEqual([
    "packages/merge/test/a.test.ts:3: import @meridian/wire by its name, not by its path",
  ]);
});

test.each([
  ["const x = Date.now();", "Date"],
  ["const x = new Date();", "Date"],
  ["const x = Math.random();", "Math.random"],
  ["setTimeout(() => {}, 1);", "setTimeout"],
  ["const x = performance.now();", "performance"],
  ["const x = process.env;", "process"],
  ["const x = { Promise };", "Promise"],
  ["let x: Promise<void>;", "Promise"],
  ["async function f() {}", "async function"],
  ["class A { async f() {} }", "async function"],
  ["const x = await f();", "await"],
  ["const x = a.localeCompare(b);", ".localeCompare"],
])("time, chance and waiting are seen in %s", (text, what) => {
  const found = purityBreaches(source("packages/tree/src/a.ts", text));
  expect(found).toContain(`packages/tree/src/a.ts:1: ${what} in pure tree`);
  expect(purityBreaches(source("packages/edge/src/a.ts", text))).toEqual([]);
});

test("a driver makes its own time and chance in one file only", () => {
  const text = "const x = Date.now();\nawait f(setTimeout);\nprocess.exit();";
  expect(injectionBreaches(source("packages/replica/src/replica.ts", text))).toEqual([
    "packages/replica/src/replica.ts:1: Date is not taken as an argument",
    "packages/replica/src/replica.ts:2: setTimeout is not taken as an argument",
  ]);
  expect(injectionBreaches(source("packages/replica/src/clock.ts", text))).toEqual([]);
  expect(injectionBreaches(source("packages/cli/src/index.ts", text))).toEqual([]);
});

test("a word that is only a key is not the global of that name", () => {
  const text = "type A = { Date: number }; const x = { process: 1 }.process; // setTimeout\n";
  expect(purityBreaches(source("packages/tree/src/a.ts", text))).toEqual([]);
});

test("sizes are exact at their limits", () => {
  const body = (lines: number): string => `const f = () => {${"\n".repeat(lines - 1)}};\n`;
  const sizes = (text: string): string[] => sizeBreaches(source("a.ts", text));
  expect(sizes(body(70))).toEqual([]);
  expect(sizes(body(71))).toEqual(["a.ts:1: function of 71 lines, at most 70"]);
  expect(sizes("f();\n".repeat(500))).toEqual([]);
  expect(sizes("f();\n".repeat(501))).toEqual(["a.ts:501: file of 501 lines, at most 500"]);
  expect(sizes(`//${"é".repeat(98)}`)).toEqual([]);
  expect(sizes(`\n//${"é".repeat(99)}`)).toEqual(["a.ts:2: line of 101 columns, at most 100"]);
});

test("names without a meaning are refused", () => {
  expect(pathBreaches("packages/tree/src/path-utils.ts")).toHaveLength(1);
  expect(pathBreaches("packages/tree/src/common/path.ts")).toHaveLength(1);
  expect(pathBreaches("packages/tree/src/readIndex.ts")).toHaveLength(1);
  expect(pathBreaches("packages/tree/src/read-index.test.ts")).toEqual([]);
  expect(pathBreaches("packages/tree/README.md")).toEqual([]);
  const text =
    "class LogImpl {}\ninterface ILog {}\ntype Ids = 1;\nclass Log { _size = 0; #ok = 1; }";
  expect(declarationBreaches(source("a.ts", text))).toEqual([
    "a.ts:1: LogImpl has a suffix without meaning",
    "a.ts:2: ILog has an I in front",
    "a.ts:4: _size: write #size",
  ]);
});

test("an export without a docstring is found, also below another comment", () => {
  const text = `/** A. */
export const a = 1;
export const b = 1;
// no docstring
export type C = 1;
/** D. */
export function d(x: 1): void;
export function d(x: 2): void;
export function d(x: 1 | 2): void {}
export { e } from "./e.ts";
/** Of something else. */
const f = 1;
export class G {}`;
  expect(docstringBreaches(source("a.ts", text))).toEqual([
    "a.ts:3: export b has no docstring",
    "a.ts:5: export C has no docstring",
    "a.ts:13: export G has no docstring",
  ]);
});

test("dependencies are compared with imports both ways", () => {
  const found = dependencyBreaches({
    name: "edge",
    packageJson: {
      path: "package.json",
      text: '{ "dependencies": {\n "@meridian/wire": "1",\n "long": "1" } }',
    },
    tsconfig: { path: "tsconfig.json", text: '{ "references": [\n{ "path": "../tree" }] }' },
    sources: [
      source("src/a.ts", "import 'node:fs';\nimport '@meridian/wire';\nimport 'level/x.js';"),
      source("src/b.ts", "import './c.ts';\nimport.meta.resolve('pino');"),
    ],
  });
  expect(found).toEqual([
    "src/a.ts:2: @meridian/wire is no reference in tsconfig.json",
    "src/a.ts:3: level is no dependency in package.json",
    "src/b.ts:2: pino is no dependency in package.json",
    "package.json:3: long is declared and not imported",
    "tsconfig.json:2: @meridian/tree is declared and not imported",
  ]);
});

test("what a bundled package needs and its bundler does not declare or bundle is found", () => {
  const packageJson = (dependencies: object, rest: object = {}): { path: string; text: string } => {
    return { path: "package.json", text: JSON.stringify({ dependencies, ...rest }, undefined, 1) };
  };
  const dependencies = { "@meridian/wire": "1", "@meridian/merge": "1", long: "1" };
  const found = dependencyBreaches({
    name: "client",
    packageJson: packageJson(dependencies, { bundleDependencies: ["@meridian/wire"] }),
    tsconfig: { path: "tsconfig.json", text: '{ "references": [{ "path": "../wire" }] }' },
    sources: [source("src/a.ts", "import '@meridian/wire';")],
    sisters: { wire: packageJson({ long: "1", pino: "1", "@meridian/merge": "1" }) },
  });
  expect(found).toEqual([
    "package.json:3: @meridian/wire needs pino",
    "package.json:3: @meridian/wire is bundled, and @meridian/merge, which it needs, is not",
  ]);
});

test("a test that is switched off without a reason is found", () => {
  const text = `test.skip("a", () => {});
describe.only("b", () => {});
test("c", ({ skip }) => {});
test("d", (context) => context.skip());
test("e", (context) => context.skip(isMissing, "needs etcd"));`;
  expect(skipBreaches(source("a.test.ts", text))).toEqual([
    "a.test.ts:1: .skip: skip from inside the test, with a reason",
    "a.test.ts:2: .only: skip from inside the test, with a reason",
    "a.test.ts:4: .skip( without a reason",
  ]);
});

test("a note to oneself is found in any text", () => {
  expect(noteBreaches({ path: "a.md", text: `x\n<!-- ${later}: y -->` })).toEqual([
    `a.md:2: ${later} left behind`,
  ]);
  expect(noteBreaches({ path: "a.sh", text: "mktemp /tmp/x.XXXXXX # todos" })).toEqual([]);
});

test("folders without a README and strangers on the top level are found", () => {
  const paths = ["packages/README.md", "packages/tree/src/a.ts", "packages/tree/README.md"];
  expect(readmeBreaches(paths)).toEqual([]);
  expect(readmeBreaches([...paths, "test/tidy/a.ts", "protos/v1/x/a.proto"])).toEqual([
    "test/README.md:1: is missing",
    "test/tidy/README.md:1: is missing",
    "protos/README.md:1: is missing",
  ]);
  expect(topLevelBreaches(["scripts", ".ci", "LICENSE"])).toEqual(
    expect.arrayContaining([
      "scripts:1: does not belong on the top level",
      "README.md:1: is missing from the top level",
    ]),
  );
});
