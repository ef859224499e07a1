/** The pages of the reference: every program is compiled and run, every line of a shell typed. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { ErrorCode } from "@meridian/wire";
import { afterAll, beforeAll, expect, test } from "vitest";

import { until } from "./support/condition.ts";
import { ExamplePrograms, pageEndpoint, type ProgramEnd } from "./support/example-programs.ts";
import { platformOfFile } from "./support/file-platform.ts";
import { program, root } from "./support/program.ts";
import { expectedPrints, holdsPrint, referencePages } from "./support/reference-pages.ts";
import { Scratch } from "./support/scratch.ts";
import { Shell } from "./support/shell.ts";

const folder = join(root, "packages/reference");
const pages = referencePages(folder);
const platform = platformOfFile({ profile: "compact" });
const ends = new Map<string, ProgramEnd>();

let scratch: Scratch;
let compiled: Promise<string>;
let endpoint: string;

beforeAll(() => {
  scratch = new Scratch("reference");
  endpoint = platform().endpoints["regional"]?.["us-west"]?.[0] ?? "";
  const programs = new ExamplePrograms(join(scratch.path, "programs"), pages, endpoint);
  compiled = programs.compile();
  void compiled.then(() => programs.run((end) => ends.set(end.page, end)));
  const bin = join(scratch.path, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "meridian"), `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`);
  chmodSync(join(bin, "meridian"), 0o755);
});

afterAll(() => scratch[Symbol.asyncDispose]());

test("the programs of all pages compile as they stand there", async () => {
  expect(pages.length).toBeGreaterThan(1);
  expect(await compiled).toBe("");
});

test("every block of a page is one that is run", () => {
  for (const { languages } of pages) {
    for (const language of languages) expect(["ts", "sh"]).toContain(language);
  }
});

test("the page of errors knows every code that there is", () => {
  const { text = "" } = pages.find(({ path }) => path === "concepts/errors.md") ?? {};
  const missing = Object.keys(ErrorCode).filter((code) => !text.includes(`\`${code}\``));
  expect(missing).toEqual(["UNSPECIFIED"]);
});

test("every page is listed", () => {
  const { text: list = "" } = pages.find(({ path }) => path === "README.md") ?? {};
  for (const { path } of pages.slice(1)) expect(list).toContain(`](${path})`);
});

test("every link of a page leads somewhere", () => {
  for (const { path, text } of pages) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      const file = resolve(folder, dirname(path), target);
      expect(existsSync(file), `${path}: ${target}`).toBe(true);
    }
  }
});

test.concurrent.for(pages.filter(({ programs }) => programs.length > 0))(
  "the programs of $path do what they say",
  async ({ path, programs }) => {
    const end = await until(`the end of ${path}`, 90_000, () => ends.get(path));
    expect(end.error).toBeUndefined();
    const rest = [...end.output];
    for (const prints of programs.flatMap(expectedPrints)) {
      const place = rest.findIndex((line) => holdsPrint(line, prints));
      expect(place, `"${prints}" in\n${rest.join("\n")}`).toBeGreaterThanOrEqual(0);
      rest.splice(0, place + 1);
    }
  },
);

test.concurrent.for(pages.filter(({ lines }) => lines.length > 0))(
  "the lines of $path print what they say",
  async ({ lines }) => {
    using shell = new Shell(scratch.path, {
      MERIDIAN_TOPOLOGY: join(platform().data, "topology.yaml"),
      PATH: `${join(scratch.path, "bin")}:${process.env["PATH"] ?? ""}`,
    });
    for (const { line, prints } of lines) {
      const { output, code } = await shell.run(line.replaceAll(pageEndpoint, endpoint));
      expect(holdsPrint(output, prints), `${line}\n${output}\nexpected: ${prints}`).toBe(true);
      expect(code, `${line}\n${output}`).toBe(0);
    }
  },
);
