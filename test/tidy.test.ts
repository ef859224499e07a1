/**
 * Rules of the repository, checked as a test; `tidy/README.md` lists them. A failure names file and
 * line.
 */
import { expect, test } from "vitest";
import { dependencyBreaches } from "./tidy/dependencies.ts";
import { docstringBreaches } from "./tidy/docstrings.ts";
import { floorBreaches, floors, packageOf } from "./tidy/floors.ts";
import { readmeBreaches, topLevelBreaches } from "./tidy/layout.ts";
import { declarationBreaches, pathBreaches } from "./tidy/names.ts";
import { injectionBreaches, purityBreaches } from "./tidy/purity.ts";
import { type Breach, entries, files, read } from "./tidy/repository.ts";
import { sizeBreaches } from "./tidy/sizes.ts";
import { type Source, parse } from "./tidy/syntax.ts";
import { noteBreaches, skipBreaches } from "./tidy/wording.ts";

const everything = files(".");
const paths = everything.filter((path) => /^(packages|protos|deploy|test)\//.test(path));
const isGenerated = (path: string): boolean => path.startsWith("packages/wire/src/generated/");
const sources = paths
  .filter((path) => /\.(ts|js|mjs)$/.test(path))
  .map((path) => parse(read(path)));
const written = sources.filter(({ path }) => !isGenerated(path));
const isShipped = ({ path }: Source): boolean => /^packages\/[^/]+\/(src|bin)\//.test(path);
const isExported = ({ path }: Source): boolean => /^packages\/[^/]+\/src\//.test(path);

test("the top level holds what it should and nothing else", () => {
  holds(topLevelBreaches(entries(".")));
});

test("every folder that matters explains itself in a README", () => {
  holds(readmeBreaches(paths));
});

test("every package has a floor, and is built with the others", () => {
  const found = [
    ...new Set(
      paths.filter((path) => path.endsWith("/package.json")).map((path) => packageOf(path) ?? ""),
    ),
  ];
  const { references } = JSON.parse(read("packages/tsconfig.json").text) as {
    references: { path: string }[];
  };
  expect(found.toSorted()).toEqual(Object.keys(floors).toSorted());
  expect(references.map(({ path }) => path)).toEqual(
    Object.keys(floors).map((name) => `./${name}`),
  );
});

test("imports point to a lower floor, never sideways or up", () => {
  holds(written.flatMap(floorBreaches));
});

test("the pure packages know no time, no chance and no waiting", () => {
  holds(written.flatMap(purityBreaches));
});

test("drivers and tiers are handed time and chance", () => {
  holds(written.flatMap(injectionBreaches));
});

test("each package declares the dependencies that it imports, no more and no fewer", () => {
  const sisters = Object.fromEntries(
    Object.keys(floors).map((name) => [name, read(`packages/${name}/package.json`)]),
  );
  holds(
    Object.keys(floors).flatMap((name) =>
      dependencyBreaches({
        name,
        packageJson: read(`packages/${name}/package.json`),
        tsconfig: read(`packages/${name}/tsconfig.json`),
        sources: sources.filter((source) => packageOf(source.path) === name && isShipped(source)),
        sisters,
      }),
    ),
  );
});

test("files, functions and lines stay short", () => {
  holds(written.flatMap(sizeBreaches));
});

test("names are kebab-case nouns that mean something", () => {
  holds(paths.filter((path) => !isGenerated(path)).flatMap(pathBreaches));
  holds(written.filter(isShipped).flatMap(declarationBreaches));
});

test("every export has a docstring", () => {
  holds(written.filter(isExported).flatMap(docstringBreaches));
});

test("every test runs, or says why it cannot", () => {
  holds(written.filter((source) => !isShipped(source)).flatMap(skipBreaches));
});

test("nothing is left for later in a note", () => {
  const own = everything.filter((path) => !isGenerated(path) && path !== "package-lock.json");
  holds(own.flatMap((path) => noteBreaches(read(path))));
});

/** Fails with one line a breach. */
function holds(breaches: readonly Breach[]): void {
  expect(breaches.length, `\n${breaches.join("\n")}\n`).toBe(0);
}
